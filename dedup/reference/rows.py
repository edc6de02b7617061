"""Output in plain Python: rows by `json.dumps`, records as they came."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from typing import NamedTuple

from dedup.model import F64, I64, U8, U32, Buffer, Mask, Relation, Texts

_SPACE = b" \t\n\r"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[][{},]', re.DOTALL)
_RELATIONS = {
    Relation.KEPT: None,
    Relation.EXACT: "exact",
    Relation.NEAR: "near",
    Relation.EXCERPT: "excerpt",
}
_LAST = ("excerpt_of", "excerpt_containment", "family_id")
"""Members of a row that come after its location."""


class Locations(NamedTuple):
    """Where each document came from: `path`, or `path:number` where the number is not 0."""

    paths: Texts
    path: U32
    number: I64


class Outcome(NamedTuple):
    """What became of each document, by position."""

    representative: I64
    cluster_size: I64
    relation: U8
    similarity: F64
    containment: F64
    excerpts: tuple[I64, F64] | None
    """The position of the article that each one is an excerpt of, -1 for none, and its containment there."""
    family: I64 | None
    """The position whose id names the family."""


def cluster_rows(ids: Texts, locations: Locations, outcome: Outcome, start: int, stop: int) -> bytes:
    """The rows of clusters.jsonl for the documents `start` to `stop`."""
    names, paths = ids.strings(), locations.paths.strings()
    rows = []
    for i in range(start, stop):
        tag = _tag(names, outcome, i)
        last = {name: tag.pop(name) for name in _LAST if name in tag}
        path, number = paths[locations.path[i]], locations.number[i]
        location = f"{path}:{number}" if number else path
        rows.append(_dump({"id": names[i], **tag, "location": location, **last}) + b"\n")
    return b"".join(rows)


def tag_rows(ids: Texts, outcome: Outcome, start: int, stop: int) -> Texts:
    """The rows of the documents `start` to `stop` without id and location, as tags of records."""
    names = ids.strings()
    return Texts.from_strings([_dump(_tag(names, outcome, i)) for i in range(start, stop)])


def pair_rows(ids: Texts, pairs: I64, relation: U8, similarity: F64, containment: F64) -> bytes:
    """The rows of pairs.jsonl; `pairs` is int64[p, 2]."""
    names = ids.strings()
    rows = [
        {"a": names[a], "b": names[b], **_relation(relation[i], similarity[i], containment[i])}
        for i, (a, b) in enumerate(pairs.tolist())
    ]
    return b"".join(_dump(row) + b"\n" for row in rows)


def select(data: Buffer, starts: I64, ends: I64, keep: Mask) -> bytes:
    """The kept records of `data[starts[i]:ends[i]]`, byte for byte.

    Each has the line end that follows it, LF or CRLF; LF where none follows.
    """
    text = bytes(memoryview(data))
    spans = zip(starts.tolist(), ends.tolist(), keep.tolist(), strict=True)
    return b"".join(text[start:end] + _line_end(text, end) for start, end, kept in spans if kept)


def annotate(data: Buffer, starts: I64, ends: I64, tags: Texts) -> bytes:
    """All records with a last member "dedup", the tag; other bytes and line ends as `select` gives them.

    Members "dedup" that a record already has go, each with the comma before it, or after it where it is the first.
    Raises ValueError for a record that is not an object.
    """
    text = bytes(memoryview(data))
    out = []
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        record = _without_tag(text[start:end])
        head = record.rstrip(b" \t\n\r")
        if len(head) < 2 or not head.endswith(b"}"):
            raise ValueError(f"record {i} is not an object")
        head = head[:-1].rstrip(b" \t\n\r")
        comma = b"" if head.endswith(b"{") else b", "
        out += [head, comma, b'"dedup": ', tags.bytes_at(i), record[len(head) :], _line_end(text, end)]
    return b"".join(out)


def _without_tag(record: bytes) -> bytes:
    """A record without its members "dedup"."""
    open_end, close = record.find(b"{") + 1, record.rfind(b"}")
    if not open_end or record[: open_end - 1].strip(_SPACE):
        return record
    cuts, depth = [open_end - 1], 0
    for token in _TOKEN.finditer(record, open_end, close):
        depth += (token[0] in (b"{", b"[")) - (token[0] in (b"}", b"]"))
        if token[0] == b"," and not depth:
            cuts.append(token.start())
    end = open_end + len(record[open_end:close].rstrip(_SPACE))
    parts = [record[a + 1 : b] for a, b in pairwise([*cuts, end])]
    kept = [part for part in parts if not part.lstrip(_SPACE).startswith(b'"dedup"')]
    return record if len(kept) == len(parts) else record[:open_end] + b",".join(kept) + record[end:]


def _tag(names: list[str], outcome: Outcome, i: int) -> dict[str, object]:
    representative = names[outcome.representative[i]]
    duplicate = bool(outcome.relation[i] != Relation.KEPT)
    original = representative
    if outcome.excerpts is not None and outcome.relation[i] == Relation.EXCERPT:
        original = names[outcome.excerpts[0][i]]
    tag: dict[str, object] = {
        "cluster_id": representative,
        "cluster_size": int(outcome.cluster_size[i]),
        "is_duplicate": duplicate,
        "duplicate_of": original if duplicate else None,
        **_relation(outcome.relation[i], outcome.similarity[i], outcome.containment[i]),
    }
    if outcome.excerpts is not None:
        of, containment = outcome.excerpts
        tag["excerpt_of"] = names[of[i]] if of[i] >= 0 else None
        tag["excerpt_containment"] = _rounded(containment[i])
    if outcome.family is not None:
        tag["family_id"] = names[outcome.family[i]]
    return tag


def _relation(relation: int, similarity: float, containment: float) -> dict[str, object]:
    return {
        "relation": _RELATIONS[Relation(relation)],
        "similarity": _rounded(similarity),
        "containment": _rounded(containment),
    }


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)


def _dump(row: dict[str, object]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _line_end(text: bytes, at: int) -> bytes:
    return b"\r\n" if text[at : at + 2] == b"\r\n" else b"\n"
