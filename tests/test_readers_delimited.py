"""Odd CSV and TSV: bad rows cost only themselves, values stay the strings they are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.readers import Fields
from tests.formats import opened, read, reasons, selected


def test_bad_rows_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_bytes(b'id,text\n1,one\n2\n3,three,more\n\n4,"fo""ur\nlines"\n5,fi"ve\n6,"\xff"\n')
    found = read(opened(path))
    assert found.texts == [b"one", b'fo"ur\nlines', b'fi"ve', b"\xff"]
    assert found.numbers.tolist() == [1, 4, 5, 6]
    assert found.repaired == 1
    assert reasons(found) == [("news.csv:2", "malformed"), ("news.csv:3", "malformed")]
    assert selected(path, [False, True, True, True]) == b'id,text\n4,"fo""ur\nlines"\n5,fi"ve\n6,"\xff"\n'


def test_quote_that_never_ends_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_bytes(b'id,text\n1,one\n2,"two\n3,three\n')
    found = read(opened(path))
    assert (found.texts, reasons(found)) == ([b"one"], [("news.csv:2", "malformed")])


def test_csv_values_stay_what_they_are(tmp_path: Path) -> None:
    values = ["NA", "", "007", "1e5", "true", " x ", "2024-01-01", "nul\0", "#N/A", "\u2028"]
    path = tmp_path / "news.tsv"
    path.write_text("text\tid\n" + "".join(f"{v}\t{v}\n" for v in values), newline="")
    found = read(opened(path))
    assert [t.decode() for t in found.texts] == values
    assert found.ids == [v or None for v in values]


def test_long_field(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_text("text\n" + "x" * 3_000_000 + "\n")
    assert [len(t) for t in read(opened(path)).texts] == [3_000_000]


def test_header_without_rows_or_line_end(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_bytes(b"id,text")
    assert selected(path, []) == b"id,text\n"
    path.write_bytes("id,text".encode("utf-16"))
    assert selected(path, [], Fields(encoding="utf-16")).decode("utf-16") == "id,text\n"


@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))),
    st.data(),
)
def test_csv_rows_leave_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, rows, data) -> None:
    quoted = [",".join('"' + v.replace('"', '""') + '"' for v in row) + "\n" for row in rows]
    path = tmp_path_factory.mktemp("csv") / "news.csv"
    path.write_bytes(("id,text\n" + "".join(quoted)).encode())
    keep = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    assert [t.decode() for t in read(opened(path)).texts] == [text for _, text in rows]
    kept = "".join(row for row, stays in zip(quoted, keep, strict=True) if stays)
    assert selected(path, keep) == ("id,text\n" + kept).encode()
