"""JSON rows and documents that the run itself produces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from dedup.model import Buffer, Skipped
from dedup.overlap import beside
from dedup.writers.output import OutputDirectory


def write_chunks(out: OutputDirectory, name: str, chunks: Iterable[Buffer]) -> None:
    """Write `chunks` of whole lines to the output `name`."""
    with out.open(name) as file:
        for _ in beside(file.write, chunks, out.threads):
            pass


def write_skipped(out: OutputDirectory, name: str, skipped: Iterable[Skipped]) -> None:
    """Write one line a skipped record: location, reason, detail."""
    rows = ({"location": s.location, "reason": s.reason, "detail": s.detail} for s in skipped)
    write_chunks(out, name, (_bytes(json.dumps(row, ensure_ascii=False)) + b"\n" for row in rows))


def write_json(out: OutputDirectory, name: str, document: Mapping[str, object]) -> None:
    """Write one JSON document, indented for people."""
    write_chunks(out, name, [_bytes(json.dumps(document, ensure_ascii=False, indent=2)) + b"\n"])


def _bytes(text: str) -> bytes:
    # File names may hold bytes that are no UTF-8; JSON may not.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode()
