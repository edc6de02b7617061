"""Which files a run reads: paths, globs, folders and `-` go in, sources in a fixed order come out."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath

import numpy as np

from dedup.errors import InputError
from dedup.model import Texts
from dedup.readers.base import Fields, Source
from dedup.readers.delimited import Delimited
from dedup.readers.discover import Found, find_files
from dedup.readers.file import STDIN, InputFile, normal_encoding
from dedup.readers.formats import Codec, Format
from dedup.readers.json_array import JsonArray
from dedup.readers.jsonl import JsonLines
from dedup.readers.spool import TextSpool
from dedup.readers.table import Table
from dedup.readers.text import TextFiles
from dedup.stages import Stages


def open_sources(
    inputs: Sequence[str],
    fields: Fields,
    stages: Stages,
    temp_dir: Path | None = None,
    output: Path | None = None,
    but_not: Sequence[str] = (),
) -> list[Source]:
    """One source for each file, in the order given and by name within a folder; text files in a row share one.

    Args:
        inputs: Files, globs, folders (read recursively, without hidden entries), or `-`: JSON lines on
            standard input. A file that is reached twice is read once.
        fields: Which fields of a record matter.
        stages: The engine that scans JSON.
        temp_dir: Where inputs that are compressed, transcoded or piped are spooled; None = the system's.
        output: Directory of the results: what lies in it is not found in folders or by globs.
        but_not: Inputs that were opened already: their files are left out.

    Raises:
        InputError: An input is missing, unreadable, of an unknown kind, or without any articles.
        UsageError: The encoding is unknown.
    """
    normal_encoding(fields.encoding)
    groups = list(_grouped(find_files(inputs, output, but_not)))
    others = sum(1 for _ in _grouped(find_files(but_not, output)))
    _place_outputs(groups)
    _allow_open_files(len(groups) + others)
    spool = TextSpool(temp_dir)
    return [_open(group, fields, stages, temp_dir, spool) for group in groups]


def check_articles(sources: Sequence[Source]) -> None:
    """Raise InputError when none of the sources, which have been read, is an article file."""
    rejected = [source.rejected for source in sources if source.rejected is not None]
    if not rejected or len(rejected) < len(sources):
        return
    first = rejected[0]
    if len(rejected) == 1:
        raise first
    raise InputError(f"none of the {len(rejected):,} files found holds articles: {first.message}", first.hint)


def check_mapped(sources: Sequence[Source]) -> None:
    """Raise InputError when a mapped file was cut short; see `Source.check_mapped`."""
    for source in sources:
        source.check_mapped()


@dataclass(slots=True)
class _Group:
    """One file, or text files in a row that were found in the same folder.

    Attributes:
        root: Folder that `names` are relative to; empty for files given themselves.
        named: Whether they were given themselves; a glob only finds.
        prefix: Folder of the outputs, a relative path.
        common: Folder that outputs of files given themselves are relative to; empty for their own.
    """

    format: Format
    codec: Codec
    root: str
    named: bool
    names: _Names
    prefix: str = ""
    common: str = ""

    def outputs(self) -> Iterator[str]:
        """Path of the output of each file below `prefix`."""
        for name in self.names:
            yield _posix(name if self.root else self._given(name))

    def _given(self, path: str) -> str:
        if self.common and path != STDIN:
            return os.path.relpath(os.path.abspath(path), self.common)
        return "stdin.jsonl" if path == STDIN else os.path.basename(path)


@dataclass(slots=True)
class _Names:
    """Many paths in one buffer."""

    data: bytearray = field(default_factory=bytearray)
    ends: array[int] = field(default_factory=lambda: array("q", [0]))

    @classmethod
    def of(cls, paths: Iterable[str]) -> _Names:
        names = cls()
        for path in paths:
            names.data += os.fsencode(path)
            names.ends.append(len(names.data))
        return names

    def __iter__(self) -> Iterator[str]:
        for start, end in zip(self.ends, self.ends[1:], strict=False):
            yield os.fsdecode(bytes(self.data[start:end]))

    def texts(self) -> Texts:
        return Texts(bytes(self.data), np.array(self.ends, np.int64))


def _grouped(files: Iterable[Found]) -> Iterator[_Group]:
    for (form, root, named), found in groupby(files, key=lambda f: (f.format, f.root, f.named)):
        if form is Format.TEXT:
            yield _Group(form, Codec.NONE, root, named, _Names.of(f.name for f in found))
        else:
            for f in found:
                yield _Group(form, f.codec, root, named, _Names.of([f.name]))


def _place_outputs(groups: list[_Group]) -> None:
    """Choose output paths: below each input's own folder, or below the common parent where two would collide."""
    if len({group.root for group in groups}) == 1 and groups[0].root:
        return
    taken: set[str] = set()
    for group in groups:
        for output in group.outputs():
            # Case is folded because some file systems do.
            if output.casefold() in taken:
                _place_below_common_parent(groups)
                return
            taken.add(output.casefold())


def _place_below_common_parent(groups: list[_Group]) -> None:
    folders = {
        os.path.abspath(group.root or os.path.dirname(name))
        for group in groups
        for name in ([""] if group.root else group.names)
        if name != STDIN
    }
    common = os.path.commonpath(folders)
    for group in groups:
        group.common = common
        if group.root:
            prefix = _posix(os.path.relpath(os.path.abspath(group.root), common))
            group.prefix = "" if prefix == "." else prefix


def _open(group: _Group, fields: Fields, stages: Stages, temp_dir: Path | None, spool: TextSpool) -> Source:
    if group.format is Format.TEXT:
        names = group.names.texts()
        outputs = names if group.root else _Names.of(group.outputs()).texts()
        return TextFiles(group.root, names, PurePosixPath(group.prefix), outputs, fields, spool, group.named)
    (name,), (output,) = group.names, group.outputs()
    relative = PurePosixPath(group.prefix) / output
    binary = group.format in (Format.PARQUET, Format.ARROW)
    encoding = "utf-8" if binary else fields.encoding
    file = InputFile(os.path.join(group.root, name), group.codec, encoding, temp_dir, group.named)
    match group.format:
        case Format.JSONL:
            return JsonLines(file, relative, fields, stages)
        case Format.JSON:
            return JsonArray(file, relative, fields, stages)
        case Format.CSV | Format.TSV:
            return Delimited(file, relative, group.format, fields, spool)
        case Format.PARQUET | Format.ARROW:
            return Table(file, relative, group.format, fields, spool)


def _posix(path: str) -> str:
    return path.replace(os.sep, "/")


def _allow_open_files(files: int) -> None:
    """Raise this process's limit of open files: every mapped file holds one until the run ends."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    needed = files + 128
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY:
            needed = min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
