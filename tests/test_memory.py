"""Memory by budget: the same arrays and results wherever they lie, and nothing left of the files."""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dedup import find_duplicates
from dedup.blocks import BLOCK
from dedup.config import Settings
from dedup.errors import OutputError, UsageError
from dedup.memory import BASE, PENDING, Growing, GrowingTexts, Memory, half_of_free, parse_size
from dedup.model import Form, Matches, Segment, Texts
from dedup.native import Native
from tests.articles import Cli, story, write_jsonl


def in_file(array: np.ndarray) -> bool:
    """Whether an array lies in a map."""
    base = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return isinstance(base, mmap.mmap) or (isinstance(base, memoryview) and isinstance(base.obj, mmap.mmap))


def test_arrays_are_in_memory_until_the_budget_is_exceeded(tmp_path: Path) -> None:
    memory = Memory(BASE + 1000, tmp_path)
    memory.expect(1000)
    assert not in_file(memory.zeros((10, 3), np.uint32))
    memory.expect(1001)
    arrays = [memory.zeros((i, 3), np.uint32) for i in range(1, 2000)]
    for i, array in enumerate(arrays):
        assert in_file(array)
        assert not array.any()
        array[...] = i
    assert all((array == i).all() for i, array in enumerate(arrays))
    assert memory.spilled == sum(array.nbytes for array in arrays)
    assert list(tmp_path.iterdir()) == []


def test_an_array_larger_than_a_file_is_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.memory.REGION", 4096)
    memory = Memory(1, tmp_path)
    memory.expect(0)
    arrays = [memory.zeros((size,), np.uint64) for size in (1, 5000, 0, 511, 20_000)]
    for i, array in enumerate(arrays):
        array[...] = i
    assert [array.sum() for array in arrays] == [0, 5000, 0, 3 * 511, 80_000]


def json_of(dedup: Cli, *arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dedup(*arguments).out)
    return found


@pytest.mark.parametrize("budget", [None, 1])
def test_growing_arrays_are_all_their_parts(tmp_path: Path, budget: int | None) -> None:
    memory = Memory(budget, tmp_path)
    memory.expect(0)
    growing, texts = Growing(memory, np.uint64, 2), GrowingTexts(memory)
    parts = [np.full((count, 2), count, np.uint64) for count in (0, 3, PENDING // 16, 7, 0, PENDING // 8, 1)]
    for part in parts:
        growing.append(part)
        texts.append(Texts.from_strings([str(len(part)), "", "ä" * len(part)]))
    np.testing.assert_array_equal(growing.whole(), np.concatenate(parts))
    whole = texts.whole()
    assert whole.strings() == [text for part in parts for text in (str(len(part)), "", "ä" * len(part))]
    assert growing.whole().shape == (0, 2)
    assert len(texts.whole()) == 0


def matched(memory: Memory, keep: str) -> Matches:
    """Matches of more than two blocks of short texts: copies lie blocks apart."""
    texts = Texts.from_strings([f"{i % (2 * BLOCK + 500)} of many texts" for i in range(2 * BLOCK + 1000)])
    native = Native(Settings(strip=False))
    matcher = native.matcher(memory=memory)
    for start in range(0, len(texts), 50_000):
        matcher.add(native.sketch(Texts(texts.data, texts.offsets[start : start + 50_001])))
    order = np.arange(len(texts))
    matcher.start(
        order if keep == "first" else order[::-1].copy(),
        [Segment(texts.data, Form.TEXT, texts.offsets[:-1], texts.offsets[1:])],
    )
    while matcher.advance(1 << 20) < len(texts):
        pass
    return matcher.result()


@pytest.mark.parametrize("keep", ["first", "last"])
def test_blocks_that_move_to_files_give_the_same_matches(tmp_path: Path, keep: str) -> None:
    # Enough for one block, not for two.
    memory = Memory(BASE + BLOCK * 1000, tmp_path)
    expected, found = matched(Memory(), keep), matched(memory, keep)
    assert memory.spilled > 2 * BLOCK * 268
    np.testing.assert_array_equal(found.representative, expected.representative)
    copies = np.flatnonzero(expected.relation)
    assert copies.tolist() == list(
        range(2 * BLOCK + 500, 2 * BLOCK + 1000) if keep == "first" else range(500)
    )


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    articles = write_jsonl(tmp_path / "in.jsonl", [{"id": i, "text": story(i)} for i in range(50)])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "dedup", "run", articles, "-o", "out", "--memory", "1M"]
    done = subprocess.run(
        [*command, "--temp-dir", temporary],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"error: cannot write a temporary file in {temporary}: ")
    assert "hint: give a directory with more room" in done.stderr
    assert not Path("out").exists()
    assert not list(temporary.iterdir())


def test_a_directory_that_is_not_there() -> None:
    memory = Memory(1, Path("no/such"))
    memory.expect(0)
    with pytest.raises(OutputError, match="no/such"):
        memory.zeros((1,), np.uint8)


def test_a_run_says_what_it_spilled(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"id": i, "text": story(i % 5)} for i in range(20)])
    found = {}
    for memory in ("1M", "1T"):
        summary = json_of(dedup, "run", "in.jsonl", "-o", memory, "--memory", memory, "--json")
        found[memory] = summary.pop("environment")
        assert summary.pop("timings")
        assert summary["removed"] == 15
    assert found["1M"]["memory"] == 1 << 20
    assert found["1M"]["spilled"] > 20 * 268
    assert found["1T"]["spilled"] == 0
    assert "held in temporary files" in dedup("run", "in.jsonl", "-o", "shown", "--memory", "1M").out
    assert (Path("1M") / "clusters.jsonl").read_bytes() == (Path("1T") / "clusters.jsonl").read_bytes()


@pytest.mark.parametrize("size", ["2GG", "-1", "0", "", "much", "1e3", "\u0663"])
def test_a_size_that_is_none(dedup: Cli, size: str) -> None:
    write_jsonl(Path("in.jsonl"), [{"text": "a"}])
    assert "--memory 2G" in dedup.fails("run", "in.jsonl", "-o", "out", f"--memory={size}")
    assert not Path("out").exists()


def test_sizes() -> None:
    sizes = {"2G": 2 << 30, "1.5 gib": 3 << 29, "500MB": 500 << 20, "65536": 65536, "1k": 1024, "7B": 7}
    assert {text: parse_size(text) for text in sizes} == sizes


def test_memory_in_a_settings_file(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"text": story(1)}])
    Path("dedup.toml").write_text('memory = "1M"\n')
    assert json_of(dedup, "run", "in.jsonl", "-o", "out", "--json")["environment"]["memory"] == 1 << 20


def test_the_default_is_half_of_what_is_free() -> None:
    free = half_of_free()
    assert free is not None
    assert 0 < free < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_duplicates_found_in_python_take_a_budget_too(tmp_path: Path) -> None:
    texts = [story(i % 5) for i in range(20)]
    expected = find_duplicates(texts)
    assert find_duplicates(texts, memory="1M", temp_dir=tmp_path).clusters == expected.clusters
    with pytest.raises(UsageError, match="no size"):
        find_duplicates(texts, memory="much")
