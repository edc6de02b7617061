"""Texts that are spooled to disk stay readable."""

from pathlib import Path

import pytest

from dedup.readers.spool import TextSpool


def test_spooled_texts_stay_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.readers.spool.IN_MEMORY", 100)
    monkeypatch.setattr("dedup.readers.spool.REGION", 4096 * 16)
    spool = TextSpool(tmp_path)
    pieces = [bytes([i % 256]) * (i * 977 % 9000) for i in range(80)] + [b"big" * 100_000, b"", b"last"]
    stored = [spool.append(piece) for piece in pieces]
    for piece, (data, start) in zip(pieces, stored, strict=True):
        assert bytes(memoryview(data)[start : start + len(piece)]) == piece
    assert list(tmp_path.iterdir()) == []
