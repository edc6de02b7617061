"""Labelled pairs: a table of ids and relations goes in, positions and relations come out; answers are added to it.

TSV, CSV or JSON lines, with the columns `a`, `b` and `relation` (or `label`), or `id` and `cluster`: articles of one
cluster are near. A file without a header line has the ids first, then the relation; without any, its pairs are near.
A pair whose relation is empty is not labelled yet.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations
from pathlib import Path, PurePath

import numpy as np

from dedup.errors import InputError, OutputError, UsageError
from dedup.model import I64, U8
from dedup.tuning.articles import Articles


class Label(IntEnum):
    """What a person says of a pair."""

    DIFFERENT = 0
    UNSURE = 1
    """Neither right nor wrong to find."""
    EXCERPT = 2
    NEAR = 3
    EXACT = 4


WORDS = {
    "exact": Label.EXACT,
    **dict.fromkeys(("near", "copy", "duplicate", "same", "1", "true", "y", "yes"), Label.NEAR),
    **dict.fromkeys(("excerpt", "contained"), Label.EXCERPT),
    **dict.fromkeys(("different", "none", "0", "false", "n", "no"), Label.DIFFERENT),
    **dict.fromkeys(("unsure", "skip", "?"), Label.UNSURE),
}
"""What a relation may be called in a file, in any case."""

SUFFIXES = {".tsv": "\t", ".csv": ",", ".jsonl": "", ".ndjson": ""}
"""Kinds of files by suffix: what stands between columns, or nothing for JSON lines."""

_PAIR, _RELATION, _CLUSTER = ("a", "b"), ("relation", "label"), ("id", "cluster")


@dataclass(frozen=True, slots=True)
class Labels:
    """`l` labelled pairs of articles.

    Attributes:
        pairs: int64[l, 2], positions, the earlier article first; all different.
        label: uint8[l], values of `Label`.
        unknown: Pairs left out, since only a part of the articles was read and their ids are not among them.
    """

    pairs: I64
    label: U8
    unknown: int = 0

    def counts(self) -> dict[str, int]:
        """Pairs by label, those that occur."""
        found = np.bincount(self.label, minlength=len(Label))
        return {label.name.lower(): int(found[label]) for label in reversed(Label) if found[label]}

    def having(self, *labels: Label) -> I64:
        """int64[k, 2], the pairs that have one of some labels."""
        return self.pairs[np.isin(self.label, labels)]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    a: str
    b: str
    label: Label


def is_labels(path: str) -> bool:
    """Whether a file says by its columns that it holds labelled pairs, or clusters, and not articles."""
    if Path(path).suffix not in SUFFIXES or not os.path.isfile(path):
        return False
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        names = _columns(file.readline(), SUFFIXES[Path(path).suffix])
    return {*_PAIR} <= {*names} or {*_CLUSTER} == {*names}


def read_labels(
    path: Path, articles: Articles, words: Mapping[str, Label] | None = None, partial: bool = False
) -> Labels:
    """Read labelled pairs, of articles that go by their ids; files of text also by their names, with or without `.txt`.

    Args:
        path: The file.
        articles: The articles.
        words: What further words, in lower case, mean as relations.
        partial: Whether pairs of articles that are not there are left out.

    Raises:
        InputError: The file cannot be read, names articles that are not there, or says two things of one pair.
        UsageError: The file is of another kind, or a relation is unknown.
    """
    rows = _rows(path, {**WORDS, **(words or {})})
    known = _positions(articles, {name for row in rows for name in (row.a, row.b)})
    found: dict[tuple[int, int], _Row] = {}
    unknown = 0
    for row in rows:
        absent = [name for name in (row.a, row.b) if name not in known]
        if absent and partial:
            unknown += 1
            continue
        if absent:
            some = ", ".join(repr(articles.id_of(i)) for i in range(min(3, len(articles))))
            raise InputError(
                f"{path}:{row.line}: no article has the id {absent[0]!r}",
                f"there are {some} and so on; ids come from --id-field",
            )
        a, b = sorted((known[row.a], known[row.b]))
        if a == b:
            raise InputError(
                f"{path}:{row.line}: an article is paired with itself", "a pair takes two articles"
            )
        before = found.setdefault((a, b), row)
        if before.label is not row.label:
            names = f"{before.label.name.lower()} on line {before.line}, {row.label.name.lower()} on line {row.line}"
            raise InputError(f"{path}: {row.a} and {row.b} are {names}", "delete one of the two lines")
    return Labels(
        np.array(list(found), np.int64).reshape(-1, 2),
        np.array([row.label for row in found.values()], np.uint8),
        unknown,
    )


def add_label(path: Path, a: str, b: str, label: Label) -> None:
    """Add one labelled pair to a file, in its columns; it is on disk when this returns. Without a file, make it.

    Raises:
        UsageError: The file holds clusters, or is of another kind.
        OutputError: It cannot be written.
    """
    separator = _separator(path)
    try:
        with path.open("a+", encoding="utf-8", newline="") as file:
            file.seek(0)
            text = file.read()
            names = _columns(text.partition("\n")[0], separator)
            if {*_CLUSTER} <= {*names}:
                raise UsageError(f"{path} holds clusters, not pairs", "name another file for the answers")
            if not {*_PAIR} <= {*names}:
                names = [*_PAIR, "relation"]
            if not {*_RELATION} & {*names}:
                raise UsageError(
                    f"{path} has no column for the relation", "name another file for the answers"
                )
            values = dict(zip(_PAIR, (a, b), strict=True)) | dict.fromkeys(_RELATION, label.name.lower())
            row = {name: values.get(name, "") for name in names}
            added = io.StringIO()
            if text and not text.endswith("\n"):
                added.write("\n")
            if separator:
                writer = csv.DictWriter(added, names, delimiter=separator, lineterminator="\n")
                if not text:
                    writer.writeheader()
                writer.writerow(row)
            else:
                added.write(
                    json.dumps({name: row[name] for name in names if row[name]}, ensure_ascii=False) + "\n"
                )
            file.write(added.getvalue())
            file.flush()
            os.fsync(file.fileno())
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"cannot write {path}: {error}", "name another file for the answers") from error


def _separator(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path} is no file of labels", f"its name ends with {', '.join(SUFFIXES)}")
    return SUFFIXES[path.suffix]


def _columns(line: str, separator: str) -> list[str]:
    """The names of the columns that the first line of a file gives, in lower case; values if it is no header."""
    if separator:
        return [
            name.strip().lower() for name in next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
        ]
    try:
        record = json.loads(line)
    except ValueError:
        return []
    return [name.lower() for name in record] if isinstance(record, dict) else []


def _rows(path: Path, words: Mapping[str, Label]) -> list[_Row]:
    """The labelled pairs of a file."""
    separator = _separator(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "name a file of labelled pairs") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error.reason}", "convert it first") from error
    pairs: list[_Row] = []
    clusters: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, record in _json_records(path, text) if not separator else _table_records(text, separator):
        if {*_CLUSTER} <= record.keys():
            clusters[record["cluster"]].append((line, record["id"]))
        elif not {*_PAIR} <= record.keys():
            raise InputError(
                f"{path}:{line}: no pair: it needs a and b", "columns are a, b, relation; or id, cluster"
            )
        else:
            word = next((record[name] for name in _RELATION if name in record), "near").strip()
            if not word:
                continue
            if word.lower() not in words:
                known = ", ".join(label.name.lower() for label in Label)
                raise UsageError(
                    f'{path}:{line}: unknown relation "{word}"',
                    f"say what it means: --relation {word}=different; known are {known}",
                )
            pairs.append(_Row(line, record["a"], record["b"], words[word.lower()]))
    for members in clusters.values():
        pairs += [_Row(line, a, b, Label.NEAR) for (_, a), (line, b) in combinations(members, 2)]
    return pairs


def _table_records(text: str, separator: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and values of each row, by column."""
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    names: list[str] | None = None
    for values in reader:
        if names is None:
            names = [value.strip().lower() for value in values]
            if {*_PAIR} <= {*names} or {*_CLUSTER} <= {*names}:
                continue
            names = [*_PAIR, "relation"]
        if values:
            yield reader.line_num, dict(zip(names, values, strict=False))


def _json_records(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and values of each record, by name; values are strings, those of true and 1 too."""
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            record = json.loads(content)
        except ValueError as error:
            raise InputError(f"{path}:{line}: malformed JSON: {error}", "one object a line") from error
        if not isinstance(record, dict):
            raise InputError(f"{path}:{line}: no object", "one object a line")
        yield (
            line,
            {
                name.lower(): value if isinstance(value, str) else json.dumps(value)
                for name, value in record.items()
            },
        )


def _positions(articles: Articles, wanted: Set[str]) -> dict[str, int]:
    """Positions of the articles of some ids; of files of text also by a name that only one of them has."""
    ids = articles.ids.strings()
    found = {name: position for position, name in enumerate(ids) if name in wanted}
    if len(found) < len(wanted):
        names: dict[str, list[int]] = defaultdict(list)
        for position, name in enumerate(ids):
            for short in {PurePath(name).name, PurePath(name).stem} & (wanted - found.keys()):
                names[short].append(position)
        found |= {name: positions[0] for name, positions in names.items() if len(positions) == 1}
    return found
