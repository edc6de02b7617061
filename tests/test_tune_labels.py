"""Labels of pairs: any usual file read, answers added to it in its own form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dedup import InputError, UsageError
from dedup.model import Texts
from dedup.tuning.articles import Articles
from dedup.tuning.labels import Label, add_label, is_labels, read_labels

ARTICLES = Articles(
    Texts.from_strings(["x/a.txt", "x/b.txt", "c", "b"]), Texts.from_strings(["one", "two", "three", "four"])
)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("l.tsv", "a\tb\trelation\nc\tx/a.txt\tnear\n", {(0, 2): Label.NEAR}),
        ("l.csv", 'a,b,label\r\nc,"x/a.txt",Different\r\n', {(0, 2): Label.DIFFERENT}),
        ("l.tsv", "c\ta\n", {(0, 2): Label.NEAR}),
        ("l.tsv", "c\ta\tcopy\t0.9\t1.0\n", {(0, 2): Label.NEAR}),
        ("l.tsv", "a\tb\trelation\nb\tc\t\nc\tb.txt\tskip\n", {(1, 2): Label.UNSURE}),
        ("l.tsv", "id\tcluster\nc\t1\nb\t1\nx/b.txt\t2\n", {(2, 3): Label.NEAR}),
        ("l.jsonl", '{"a": "c", "b": "b", "relation": "excerpt", "x": 1}\n\n', {(2, 3): Label.EXCERPT}),
        ("l.jsonl", '{"a": "c", "b": "b", "label": 1}\n', {(2, 3): Label.NEAR}),
        ("l.jsonl", "", {}),
    ],
)
def test_labels_in_every_form(tmp_path: Path, name: str, content: str, expected: dict[Any, Label]) -> None:
    path = tmp_path / name
    path.write_text(content, newline="")
    labels = read_labels(path, ARTICLES)
    assert dict(zip(map(tuple, labels.pairs.tolist()), labels.label.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.txt", "", "no file of labels"),
        ("l.tsv", "c\tnobody\n", "l.tsv:1: no article has the id 'nobody'"),
        ("l.tsv", "c\tb\tperhaps\n", 'l.tsv:1: unknown relation "perhaps"'),
        ("l.tsv", "c\tc\n", "paired with itself"),
        ("l.tsv", "c\tb\tnear\nb\tc\tno\n", "b and c are near on line 1, different on line 2"),
        ("l.tsv", "c\n", "l.tsv:1: no pair"),
        ("l.jsonl", "{", "malformed JSON"),
        ("l.jsonl", "[]", "no object"),
        ("l.tsv", b"\xff", "is not UTF-8"),
        ("none.tsv", None, "cannot read"),
    ],
)
def test_labels_that_cannot_be_used(tmp_path: Path, name: str, content: Any, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((InputError, UsageError)) as raised:
        read_labels(path, ARTICLES)
    assert message in raised.value.message.replace(str(tmp_path) + "/", "")
    assert raised.value.hint


def test_pairs_beyond_a_limit_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "l.tsv"
    path.write_text("c\tnobody\nc\tb\n")
    labels = read_labels(path, ARTICLES, partial=True)
    assert (len(labels.pairs), labels.unknown) == (1, 1)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("l.tsv", None, "a\tb\trelation\nc\tx y\tnear\n"),
        ("l.csv", "a,b,relation\nb,c,no", "a,b,relation\nb,c,no\nc,x y,near\n"),
        ("l.tsv", "note\tb\ta\tlabel\n", "note\tb\ta\tlabel\n\tx y\tc\tnear\n"),
        ("l.tsv", "b\tc\n", "b\tc\nc\tx y\tnear\n"),
        ("l.jsonl", None, '{"a": "c", "b": "x y", "relation": "near"}\n'),
    ],
)
def test_answers_are_added_in_the_columns_of_the_file(
    tmp_path: Path, name: str, before: Any, after: str
) -> None:
    path = tmp_path / name
    if before is not None:
        path.write_text(before)
    add_label(path, "c", "x y", Label.NEAR)
    assert path.read_text() == after


def test_answers_are_not_added_to_clusters(tmp_path: Path) -> None:
    (tmp_path / "l.tsv").write_text("id\tcluster\n")
    with pytest.raises(UsageError, match="holds clusters"):
        add_label(tmp_path / "l.tsv", "a", "b", Label.NEAR)


def test_a_file_of_labels_is_known_by_its_columns(tmp_path: Path) -> None:
    for name, content, expected in (
        ("1.tsv", "a\tb\trelation\n", True),
        ("2.csv", "ID,Cluster\n", True),
        ("3.jsonl", '{"a": 1, "b": 2}\n', True),
        ("4.jsonl", '{"text": "a, b"}\n', False),
        ("5.csv", "id,text\n", False),
        ("6.txt", "a\tb\n", False),
        ("7.jsonl", "", False),
    ):
        (tmp_path / name).write_text(content)
        assert is_labels(str(tmp_path / name)) is expected, name
    assert not is_labels(str(tmp_path))
