"""Every recipe of docs/ingestion.md does what it says, also when its input comes twice."""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from dedup.index import Index
from tests.articles import story
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs" / "ingestion.md").read_text("utf-8")
RECIPES = dict(
    re.findall(r"<!-- recipe:(\w+) -->\n```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
)
ARTICLES = [{"id": str(i), "text": story(i % 3), "url": f"https://example.org/{i}"} for i in range(5)]


def recipe(name: str, **names: object) -> dict[str, Any]:
    """Run a recipe in the current directory."""
    exec(RECIPES[name], names)
    return names


def test_no_python_is_left_out() -> None:
    assert set(RECIPES) == {"loop", "scrapy", "task", "kafka", "frames"}
    assert DOCUMENT.count("```python") == len(RECIPES)


def test_the_loop(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        published: list[dict[str, Any]] = []
        recipe("loop", batches=[ARTICLES[:2], ARTICLES[2:]], publish=published.append)
        assert published == ARTICLES[:3]
        assert "3 copies 0 exact 1.0 {'url': 'https://example.org/0'}" in capsys.readouterr().out


def test_scrapy(monkeypatch: pytest.MonkeyPatch) -> None:
    class DropItem(Exception):  # noqa: N818  # its name
        pass

    module = types.ModuleType("scrapy.exceptions")
    module.DropItem = DropItem  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "scrapy", types.ModuleType("scrapy"))
    monkeypatch.setitem(sys.modules, "scrapy.exceptions", module)
    pipeline = recipe("scrapy")["NewStories"]()
    spider = types.SimpleNamespace(settings={"DEDUP_INDEX": "a.dedup"})
    pipeline.open_spider(spider)
    assert pipeline.process_item(ARTICLES[0], spider) == ARTICLES[0]
    with pytest.raises(DropItem, match=r"copies https://example\.org/0 \(exact, 1\.00\)"):
        pipeline.process_item(ARTICLES[3], spider)
    assert pipeline.process_item(ARTICLES[0], spider) == ARTICLES[0]  # scraped again
    pipeline.close_spider(spider)


def test_the_task(tmp_path: Path) -> None:
    lines = [json.dumps(article).encode() + b"\n" for article in ARTICLES]
    (tmp_path / "in").write_bytes(b"".join(lines))
    for expected in ({"new": 3, "duplicates": 2}, {"seen": 5}):
        counts = recipe("task")["keep_new"](tmp_path / "in", tmp_path / "out", tmp_path / "a.dedup")
        assert expected.items() <= counts.items()
        assert (tmp_path / "out").read_bytes() == b"".join(lines[:3])


class Consumer:
    """As much of a confluent_kafka.Consumer as the recipe uses; delivers again what was not committed."""

    def __init__(self, articles: list[dict[str, str]]) -> None:
        self._articles, self._committed, self._at = articles, 0, 0

    def consume(self, count: int, timeout: float) -> list[Any]:
        start, self._at = self._at, min(self._at + count, len(self._articles))
        messages = [json.dumps(article).encode() for article in self._articles[start : self._at]]
        return [types.SimpleNamespace(value=lambda data=data: data, error=lambda: None) for data in messages]

    def commit(self, asynchronous: bool) -> None:
        self._committed = self._at

    def restart(self) -> None:
        self._at = self._committed


class Producer:
    """Keeps what is produced; fails when told to."""

    def __init__(self) -> None:
        self.produced: list[str] = []
        self.fails = False

    def produce(self, topic: str, value: bytes) -> None:
        if self.fails:
            raise RuntimeError("broker away")
        self.produced.append(json.loads(value)["id"])

    def flush(self) -> None:
        pass


def test_kafka() -> None:
    consume: Callable[..., None] = recipe("kafka")["consume"]
    consumer, producer = Consumer(ARTICLES), Producer()
    producer.fails = True
    with pytest.raises(RuntimeError):  # after the batch was stored
        consume(consumer, producer, "a.dedup", 2)
    consumer.restart()
    producer.fails = False
    consume(consumer, producer, "a.dedup", 2)
    assert producer.produced == ["0", "1", "2"]
    with Index("a.dedup") as index:
        assert index.info()["articles"] == 5


@pytest.mark.parametrize("is_pandas", [True, False])
def test_frames(is_pandas: bool) -> None:
    frame = pd.DataFrame(ARTICLES) if is_pandas else pl.DataFrame(ARTICLES)
    done = recipe("frames", frame=frame, is_pandas=is_pandas)
    assert list(done["new"]["id"]) == ["0", "1", "2"]
    assert done["tags"]["duplicate_of"].to_pylist() == [None, None, None, "0", "1"]
