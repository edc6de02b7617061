"""Looking after an index: removing, expiring, rebuilding, verifying, moving."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.index import Index
from tests.articles import story
from tests.syndication import collections
from tests.test_index import feed, rows

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@settings(max_examples=15)
@given(collections, st.integers(1, 13), st.sampled_from([0.3, 0.8]))
def test_a_rebuilt_index_is_one_made_anew(texts: list[str], size: int, threshold: float) -> None:
    with Index() as index, Index(threshold=threshold, strip=False) as fresh:
        feed(index, texts, size)
        assert index.verify() == []
        index.rebuild(threshold=threshold, strip=False)
        assert index.verify() == []
        feed(fresh, texts, size)
        assert index.frozen == fresh.frozen
        assert rows(feed(index, texts, size)) == rows(feed(fresh, texts, size))
        probes = [text + " and more" for text in texts]
        assert [[m.id for m in some] for some in index.query(probes)] == [
            [m.id for m in some] for some in fresh.query(probes)
        ]


def test_removing_a_kept_article_forgets_its_copies() -> None:
    with Index() as index:
        index.filter([{"id": str(i), "text": story(i % 2)} for i in range(6)])
        done = index.remove(["0", "nobody", "0"])
        assert (done.removed, done.forgotten, done.unknown) == (1, 2, ("nobody",))
        assert index.query([story(0)]) == [[]]
        assert index.query([story(1)])[0][0].id == "1"
        done = index.remove(["3"])
        assert (done.removed, done.forgotten) == (1, 0)
        assert index.info()["articles"] == 2
        assert index.verify() == []
        index.compact()
        assert index.verify() == []
        assert index.filter([{"id": "9", "text": story(0)}]).kept.tolist() == [True]
        assert index.filter([{"id": "8", "text": story(1)}]).kept.tolist() == [False]


def test_expiring_goes_by_the_time_of_arrival() -> None:
    with Index() as index:
        for day in range(4):
            index.filter([{"id": str(day), "text": story(day)}], seen=START + day * DAY)
        index.filter([{"id": "copy", "text": story(0)}], seen=START + 3 * DAY)
        match = index.query([story(2)])[0][0]
        assert match.first_seen == START + 2 * DAY
        done = index.expire(START + 2 * DAY)
        assert (done.removed, done.forgotten) == (2, 1)
        assert [bool(found) for found in index.query([story(i) for i in range(4)])] == [
            False,
            False,
            True,
            True,
        ]
        assert index.info()["first_seen"] == (START + 2 * DAY).isoformat()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE document SET similarity = 0.9 WHERE relation = 2", "is not the copy of 0"),
        ("UPDATE document SET raw = zeroblob(16) WHERE number = 1", "the text of 0 is not the one"),
        ("UPDATE document SET low = zeroblob(128) WHERE number = 1", "the signature of 0"),
        ("UPDATE document SET digest = zeroblob(16) WHERE number = 1", "the words of 0"),
        ("DELETE FROM block", "postings of the index are missing"),
        ("DELETE FROM text WHERE number = 2", "the text of 1 is missing"),
        ("UPDATE text SET data = x'28b52ffd00' WHERE number = 1", "damaged"),
    ],
)
def test_verify_finds_damage(tmp_path: Path, damage: str, says: str) -> None:
    path = tmp_path / "a.dedup"
    with Index(path) as index:
        index.filter([{"id": "0", "text": story(0)}, {"id": "1", "text": story(1)}])
        index.filter([{"id": "2", "text": story(0) + " with an ending"}])
        assert index.verify() == []
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    with Index(path) as index:
        problems = index.verify()
        assert any(says in problem for problem in problems), problems


def test_an_export_can_be_imported(tmp_path: Path) -> None:
    texts = [story(0), story(1), story(0), "", story(1) + " more words"]
    records = [{"id": str(i), "text": text, "url": f"u{i}"} for i, text in enumerate(texts)]
    with Index(tmp_path / "a.dedup") as index:
        first = index.filter(records, seen=START)
        assert index.export_parquet(tmp_path / "a.parquet") == 5
        with pytest.raises(dedup.OutputError, match="is there already"):
            index.export_parquet(tmp_path / "a.parquet")
    with Index(tmp_path / "b.dedup") as index:
        counts = index.import_parquet(tmp_path / "a.parquet")
        assert (counts["new"], counts["duplicates"]) == (3, 2)
        again = index.filter(records)
        assert rows([again]) == rows([first])
        assert again.seen.all()
        match = index.query([story(0)])[0][0]
        assert (match.first_seen, match.metadata) == (START, {"url": "u0"})
    with pytest.raises(dedup.InputError, match=r"no export|cannot be read"), Index() as index:
        index.import_parquet(tmp_path / "b.dedup")


def test_datasketch_gets_the_same_signatures() -> None:
    texts = [story(0), story(1), story(0)]
    with Index() as index:
        index.filter([{"id": str(i), "text": text} for i, text in enumerate(texts)])
        lsh = index.to_datasketch()
    assert set(lsh.keys) == {"0", "1"}
    for i, signature in enumerate(dedup.signatures(texts)):
        minhash = dedup.to_datasketch(signature, lean=False)
        assert isinstance(minhash, MinHash)
        assert lsh.query(minhash) == [str(i % 2)]


def test_settings_that_differ_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.dedup"
    with Index(path, threshold=0.6, num_perm=64, metadata=["section"]) as index:
        fingerprint = index.info()["fingerprint"]
        index.filter([{"id": "a", "text": story(0), "section": "sport", "url": "u"}])
    with Index(path) as index:
        assert index.frozen.settings.threshold == 0.6
        assert index.info()["fingerprint"] == fingerprint
        assert index.query([story(0)])[0][0].metadata == {"section": "sport"}
    with Index(path, threshold=0.6):
        pass
    with pytest.raises(dedup.UsageError, match=r"threshold 0\.6, and 0\.7 was asked for") as caught:
        Index(path, threshold=0.7)
    assert "rebuild" in caught.value.hint
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nid = "own"\nclass = "share"\npos = "any"\nmax_words = 4\naction = "drop"\nstrength = "strong"\n'
        "pattern = 'zzz'\n"
    )
    with pytest.raises(dedup.UsageError, match="other rules"):
        Index(path, rules=[rules])
    with Index(path) as index:
        index.rebuild(rules=[rules])
        assert index.info()["fingerprint"] != fingerprint
    with Index(path, rules=[rules]):
        pass


def test_rules_and_defaults_of_a_later_package_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dedup"
    text = story(0) + "\nShare this article"
    with Index(path) as index:
        index.filter([{"id": "a", "text": text}])
        before = index.frozen
    monkeypatch.setattr("dedup.boilerplate.load", lambda paths=(): ())
    with Index(path) as index:
        assert index.frozen == before
        assert index.filter([{"id": "b", "text": story(0)}]).matches[0].relation == "exact"  # type: ignore[union-attr]


@pytest.mark.parametrize(("key", "says"), [("index", "index format"), ("tokenizer", "tokenizer")])
def test_other_versions_are_refused(tmp_path: Path, key: str, says: str) -> None:
    path = tmp_path / "a.dedup"
    Index(path).close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE value SET value = CAST(json_set(CAST(value AS TEXT), ?, '99') AS BLOB) WHERE name = 'frozen'",
            (f"$.{key}",),
        )
    connection.close()
    with pytest.raises(dedup.InputError, match=says):
        Index(path)


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to look at" * 100)
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE a (b)").connection.close()
    for name in ("text", "other", "."):
        with pytest.raises(dedup.InputError):
            Index(tmp_path / name)
    with pytest.raises(dedup.InputError, match="no such index"):
        Index(tmp_path / "nobody", create=False)
    with pytest.raises(dedup.OutputError, match="no directory"):
        Index(tmp_path / "nowhere" / "a")
    unusable = tmp_path / "rules.toml"
    unusable.write_text("[[rule")
    for options in (
        {"threshold": 2},
        {"excerpts": "remove", "excerpt_containment": 0},
        {"rules": [unusable]},
    ):
        with pytest.raises(dedup.DedupError):
            Index(tmp_path / "a", **options)  # type: ignore[arg-type]
        assert not (tmp_path / "a").exists()
