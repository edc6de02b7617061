"""One suite over both stores: what a store promises, and what an index on it does."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dedup
from dedup.index import Index
from dedup.index.location import open_store
from dedup.index.store import Document
from tests.articles import edited, story
from tests.databases import server
from tests.test_index import feed, rows

KINDS = ["sqlite", "postgres"]
Fresh = Callable[[], str]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as address:
        yield address


@pytest.fixture(params=KINDS)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Gives a new location each time."""
    numbers = itertools.count()
    if request.param == "sqlite":
        return lambda: str(tmp_path / f"{next(numbers)}.dedup")
    address = request.getfixturevalue("postgres")
    return lambda: f"{address}?schema=t{os.urandom(8).hex()}"


def document(number: int, representative: int = 0, seen: int = 0) -> Document:
    head = representative or number
    low = b"\x00\xff" if head == number else b""
    return Document(
        number,
        b"i\x00d%d" % number,
        b"r" * 16,
        b"",
        head,
        int(head != number),
        None,
        0.5,
        seen,
        7,
        low,
        b'{"a":1}',
    )


def test_what_is_written_is_read_again(fresh: Fresh) -> None:
    store = open_store(fresh(), create=True)
    documents = [document(1, seen=5), document(2, 1, seen=6), document(2**31, seen=4)]
    with store.writing() as writer:
        writer.set_value("name", b"\x00\x01")
        writer.set_value("name", b"other")
        writer.insert_documents(list(zip(*documents, strict=True)))
        writer.insert_texts([1, 2, 2**31], [b"", b"two", b"three"])
        writer.insert_blocks((n << 24, bytes([n])) for n in range(5))
    with store.reading() as reader:
        assert reader.value("name") == b"other"
        assert reader.value("nobody") is None
        assert reader.documents([1, 2, 3]) == {1: documents[0], 2: documents[1]}
        assert reader.documents([]) == {}
        assert reader.lows([1, 2]) == {1: b"\x00\xff"}
        assert reader.texts([1, 2**31, 9]) == {1: b"", 2**31: b"three"}
        assert reader.scan(0, 2) == documents[:2]
        assert reader.scan(2, 10) == documents[2:]
        assert reader.numbers() == [1, 2, 2**31]
        assert reader.totals() == (3, 2, 4, 6)
        assert reader.older(6) == [1, 2**31]
        assert reader.blocks([0, 1 << 24, 5 << 24]) == {0: b"\x00", 1 << 24: b"\x01"}
        assert reader.stretch(1 << 24, 3 << 24) == b"\x01\x02\x03"
    with store.writing() as writer:
        writer.delete([1, 5])
        writer.delete_blocks([(0, 1 << 24), (4 << 24, 4 << 24)])
    with store.reading() as reader:
        assert reader.numbers() == [2, 2**31]
        assert reader.texts([1, 2]) == {2: b"two"}
        assert reader.stretch(0, 9 << 24) == b"\x02\x03"
    with store.writing() as writer:
        writer.delete_until(2)
    store.vacuum()
    with store.reading() as reader:
        assert reader.numbers() == [2**31]
        assert store.check() == []
    assert store.size() > 0
    store.close()


def test_a_transaction_is_whole_or_not_at_all(fresh: Fresh) -> None:
    location = fresh()
    store, other = open_store(location, create=True), open_store(location, create=False)
    with pytest.raises(ZeroDivisionError), store.writing() as writer:  # noqa: PT012  # what was begun is undone
        writer.insert_documents([[field] for field in document(1)])
        writer.insert_texts([1], [b"one"])
        writer.set_value("name", b"value")
        with other.reading() as reader:
            assert reader.numbers() == []
        raise ZeroDivisionError
    with store.reading() as reader:
        assert (reader.numbers(), reader.value("name")) == ([], None)
        with other.writing() as writer:
            writer.insert_documents([[field] for field in document(1)])
            writer.insert_texts([1], [b"one"])
        assert reader.numbers() == []  # the state at its beginning, or before the first look
    with pytest.raises(dedup.OutputError), store.writing() as writer:
        writer.insert_documents([[field] for field in document(1)])
    with store.reading() as reader:
        assert reader.texts([1]) == {1: b"one"}
    store.close()
    other.close()


def test_an_index_does_the_same_on_every_store(fresh: Fresh) -> None:
    texts = [story(0), story(1), story(0) + " and more", "", story(1), story(2), story(0)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with Index() as index:
        expected = rows(feed(index, texts, 3))
    with Index(fresh()) as index:
        assert rows(feed(index, texts, 3)) == expected
        assert rows(feed(index, texts, 2)) == expected
        assert index.verify() == []
        assert [match.id for match in index.query([story(0)])[0]] == ["0"]
        index.rebuild(threshold=0.99)
        assert index.verify() == []
        assert index.filter([{"id": "2", "text": texts[2]}]).kept.tolist() == [True]
        assert index.remove(["0"]).forgotten == 1
        index.add([{"id": "old", "text": story(7)}], seen=start)
        assert index.expire(start + timedelta(days=1)).removed == 1
        index.compact()
        assert index.verify() == []
        assert index.info()["articles"] == len(texts) - 2


def test_thousands_of_articles_go_through_large_runs(fresh: Fresh) -> None:
    texts = [story(seed, 12) for seed in range(6000)]
    location = fresh()
    with Index(location, cache_bytes=0) as index:
        index.filter(texts)
    with Index(location, cache_bytes=0) as index:
        assert all(found and found[0].similarity == 1.0 for found in index.query(texts[::50]))
        assert not index.filter([text.upper() for text in texts[::50]]).kept.any()
        assert index.verify() == []


def test_a_location_without_an_index_is_no_index(fresh: Fresh) -> None:
    with pytest.raises(dedup.InputError, match="no such index"):
        open_store(fresh(), create=False)


WRITER = """
import json, sys
from dedup.index import Index
location, worker, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
stories = json.loads(sys.stdin.read())
new = []
with Index(location) as index:
    for start in range(0, len(stories), count):
        batch = [{"id": f"{worker}-{i}", "text": text} for i, text in enumerate(stories[start:start + count], start)]
        index.query(batch[:3])
        new += [article["text"] for article in index.filter(batch).new]
print(json.dumps(new))
"""


def test_eight_writers_admit_each_story_once(fresh: Fresh) -> None:
    location = fresh()
    stories = [story(seed, 20) for seed in range(120)]
    workers = []
    for worker in range(8):
        command = [sys.executable, "-c", WRITER, location, str(worker), "15"]
        workers.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
    for worker, process in enumerate(workers):
        assert process.stdin is not None
        process.stdin.write(json.dumps(stories[worker * 15 :] + stories[: worker * 15]).encode())
        process.stdin.close()
        process.stdin = None
    admitted: list[str] = []
    for process in workers:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err.decode()
        admitted += json.loads(out)
    assert sorted(admitted) == sorted(stories)
    with Index(location) as index:
        assert index.info()["articles"] == 8 * len(stories)
        assert index.info()["kept"] == len(stories)
        assert index.verify() == []


def test_what_another_writer_has_stored_since_is_compared(fresh: Fresh) -> None:
    location = fresh()
    stories = [story(seed, 200) for seed in range(15)]

    def copies(some: list[str]) -> list[str]:
        return [edited(text, 3) for text in some]

    with Index(location) as one, Index(location) as other:
        assert len(one.filter(stories[:5]).new) == 5
        assert len(other.filter(stories[5:10]).new) == 5
        assert one.query(copies(stories[5:10]))[0][0].similarity < 1
        assert one.filter(copies(stories[5:10])).new == []
        assert len(other.filter(copies(stories[:5]) + stories[10:]).new) == 5
        assert one.filter(copies(stories)).new == []
        assert one.verify() == []


def test_excerpts_are_found_in_both_stores(fresh: Fresh) -> None:
    whole = story(1, 300)
    words = whole.split()
    place = fresh()
    with Index(place, excerpts="remove") as index:
        index.filter([{"id": "whole", "text": whole}, {"id": "other", "text": story(2, 300)}])
    with Index(place) as index:
        outcome = index.filter([{"id": "lead", "text": " ".join(words[:90])}])
        (match,) = outcome.matches
        assert match is not None
        assert (match.id, match.relation, match.containment) == ("whole", "excerpt", 1.0)
        assert [found.direction for found in index.query([" ".join(words[90:])])[0]] == [None]
        assert index.verify() == []
        index.compact()
        assert [found.direction for found in index.query([" ".join(words[200:])])[0]] == ["contained in"]
