"""Taking in a batch on few threads and on many, with helpers who come late, never, or fail: the index is the same."""

from __future__ import annotations

import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dedup.index import Index, intake, texts
from dedup.index.helpers import Helpers
from dedup.index.postings import Postings
from tests.articles import edited, story

ARTICLES = [
    {"id": f"{seed}{kind}", "text": text}
    for seed in range(40)
    for kind, text in enumerate([story(seed), edited(story(seed), seed), story(seed - seed % 7)])
]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch has many parts, and a part several tasks."""
    monkeypatch.setattr(intake, "LARGEST", 16)
    monkeypatch.setattr(texts, "TOGETHER", 5)


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_threads_have_no_say(threads: int) -> None:
    with Index(threads=threads) as index, Index(threads=threads) as single:
        whole = index.filter(ARTICLES).tags()
        parts = [tag for one in ARTICLES for tag in single.filter([one]).tags()]
        assert [{**tag, "first_seen": None} for tag in whole] == [
            {**tag, "first_seen": None} for tag in parts
        ]
        assert index.texts([str(one["id"]) for one in ARTICLES]) == {
            one["id"]: one["text"] for one in ARTICLES
        }
        assert index.verify() == []


@pytest.mark.parametrize("helpers", [0, 1, 3])
def test_tasks_give_what_they_make(helpers: int) -> None:
    with Helpers(1 + helpers) as some:
        tasks = [some.task(partial(pow, i, 2)) for i in range(100)]
        assert [task.result() for task in reversed(tasks)] == [i * i for i in reversed(range(100))]


def test_who_waits_works() -> None:
    """A helper who is busy until the caller has done the next task: nobody would end if the caller only waited."""
    begun, released = threading.Event(), threading.Event()

    def wait() -> str:
        begun.set()
        return "done" if released.wait(60) else "left alone"

    with Helpers(2) as some:
        first = some.task(wait)
        assert begun.wait(60)
        some.task(released.set)
        assert first.result() == "done"


def test_what_fails_fails_where_it_is_asked_for() -> None:
    with Helpers(2) as some:
        tasks = [some.task(partial(divmod, 1, i)) for i in (1, 0, 1)]
        assert tasks[0].result() == tasks[2].result() == (1, 0)
        with pytest.raises(ZeroDivisionError):
            tasks[1].result()


def test_a_batch_that_fails_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    with Index() as index:
        with monkeypatch.context() as patch:
            patch.setattr(Postings, "insert", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                index.filter(ARTICLES)
        assert threading.active_count() == before
        index.filter(ARTICLES)
        assert threading.active_count() == before
        assert index.verify() == []


def test_rows_are_stored_however_few_parameters_a_statement_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in SQLite before version 3.32."""
    connect = sqlite3.connect

    def connected(*given: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*given, **options)
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)
    monkeypatch.setattr(intake, "LARGEST", 4096)
    articles = [{"id": str(i), "text": story(i)} for i in range(300)]
    with Index(tmp_path / "old.dedup") as index:
        assert index.add(articles)["new"] == len(articles)
        assert all(index.query(articles))
