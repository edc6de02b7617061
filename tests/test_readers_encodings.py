"""Files in other encodings than UTF-8, and bytes that cannot be decoded."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import InputError
from dedup.model import Texts
from dedup.readers import Fields
from dedup.readers.text import count_invalid
from tests.formats import opened, read, reasons, selected


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "utf-16", "utf-16-be", "utf-32"])
def test_json_lines_in_another_encoding_leave_byte_for_byte(tmp_path: Path, encoding: str) -> None:
    texts = ["a plain one", "ｶﾞ" if encoding == "shift_jis" else "déjà vu ÿ \u00a0", "the last"]
    lines = [json.dumps({"id": i, "text": text}, ensure_ascii=False) for i, text in enumerate(texts)]
    mark = "\ufeff" if encoding == "utf-16-be" else ""  # the other codecs write their own, or have none
    data = (mark + "\n".join(lines)).encode(encoding)
    path = tmp_path / "news.jsonl"
    path.write_bytes(data)
    fields = Fields(encoding=encoding)
    assert [t.decode() for t in read(opened(path, fields=fields)).texts] == texts
    assert selected(path, [False, True, True], fields) == (mark + "\n".join([*lines[1:], ""])).encode(
        encoding
    )
    feed = "\n\n".encode(encoding)[len("\n".encode(encoding)) :]
    assert selected(path, [True, True, True], fields) == data + feed


def test_bytes_that_cannot_be_decoded_are_counted_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    lines = [b'{"text": "caf\x8e"}\n', b'{"text": "fine"}\n', b'{"text": "undefined \x81"}\n']
    path.write_bytes(b"".join(lines))
    found = read(opened(path, fields=Fields(encoding="cp1252")))
    assert found.repaired == 1
    assert found.texts[2].decode("utf-8", "replace") == "undefined \ufffd"
    assert selected(path, [True, False, True], Fields(encoding="cp1252")) == lines[0] + lines[2]


def test_csv_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    rows = ["id,text", '1,"über\nzwei Zeilen"', "2,weg", '3,"drüben"']
    path.write_bytes("\r\n".join(rows).encode("utf-16"))
    fields = Fields(encoding="utf-16")
    found = read(opened(path, fields=fields))
    assert [t.decode() for t in found.texts] == ["über\nzwei Zeilen", "weg", "drüben"]
    kept = "\r\n".join([rows[0], rows[1], rows[3]]) + "\n"
    assert selected(path, [True, False, True], fields).decode("utf-16") == kept


def test_utf_16_that_nobody_announced(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv"):
        (tmp_path / name).write_text('{"text": "x"}\n', "utf-16")
        with pytest.raises(InputError, match="is UTF-16") as caught:
            read(opened(tmp_path / name))
        assert caught.value.hint == "add --encoding utf-16"
    (tmp_path / "in").mkdir()
    (tmp_path / "in/b.txt").write_text("some text", "utf-16")
    assert reasons(read(opened(tmp_path / "in"))) == [("b.txt", "undecodable")]
    with pytest.raises(InputError, match="is UTF-16") as caught:
        read(opened(tmp_path / "in/b.txt"))
    assert caught.value.hint == "add --encoding utf-16"


def test_byte_order_mark_stays_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    lines = [b'{"text": "one"}\r\n', b'{"text": "two"}\r\n']
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(lines))
    found = read(opened(path))
    assert (found.texts, found.skipped) == ([b"one", b"two"], [])
    assert selected(path, [False, True]) == b"\xef\xbb\xbf" + lines[1]
    (tmp_path / "news.csv").write_bytes(b"\xef\xbb\xbftext,id\none,1\ntwo,2\n")
    assert read(opened(tmp_path / "news.csv")).texts == [b"one", b"two"]
    assert selected(tmp_path / "news.csv", [False, True]) == b"\xef\xbb\xbftext,id\ntwo,2\n"
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone")
    assert read(opened(tmp_path / "a.txt")).texts == [b"one"]


@given(st.lists(st.binary(max_size=6)))
def test_invalid_texts_are_counted_one_by_one(texts: list[bytes]) -> None:
    assert count_invalid(Texts.from_strings(texts)) == sum(not valid(text) for text in texts)


def valid(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
