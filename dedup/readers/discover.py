"""Finding files: paths, globs and folders go in, each article file comes out once, in a fixed order."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dedup.errors import InputError
from dedup.readers.file import STDIN
from dedup.readers.formats import KNOWN, Codec, Format, classify


class Found(NamedTuple):
    """A file to read.

    Attributes:
        root: The folder it was found in; empty for a file given itself.
        name: Its path below `root`; the path as given where there is no root.
        format: How articles lie in it.
        codec: How it is compressed.
        named: Whether it was given itself.
    """

    root: str
    name: str
    format: Format
    codec: Codec
    named: bool


def find_files(
    inputs: Sequence[str], output: Path | None = None, but_not: Sequence[str] = ()
) -> Iterator[Found]:
    """The files that `inputs` stand for, in the order given, by name within a folder, each once.

    Hidden entries of folders are left out, files of unknown kinds and what lies in `output` too; symbolic links are
    followed. What the inputs `but_not` stand for is not found either.

    Raises:
        InputError: An input is missing, unreadable, of an unknown kind, or without any articles.
    """
    walk = _Walk(frozenset(os.path.realpath(given) for given in inputs if os.path.isfile(given)), output)
    for given in but_not:
        for _ in walk.find(given):
            pass
    for given in inputs:
        yield from walk.find(given)


class _Walk:
    """Finds files and remembers which ones it has met.

    A file counts as met when it was reached itself or through a link (`_files`,
    real paths), or lies in a folder that was listed (`_folders`): a folder of a
    million files costs one entry. Listing each real folder once also ends loops
    of links.

    Args:
        named: Real paths of the files that were given themselves.
        output: Directory of the results, which are no inputs.
    """

    def __init__(self, named: frozenset[str], output: Path | None) -> None:
        self._named = named
        self._output = None if output is None else os.path.realpath(output)
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def find(self, given: str) -> Iterator[Found]:
        if given == STDIN:
            yield from self.stdin()
        elif os.path.isdir(given):
            yield from self.folder(given)
        elif os.path.lexists(given) or not glob.has_magic(given):
            yield from self.file(given)
        else:
            yield from self.pattern(given)

    def stdin(self) -> Iterator[Found]:
        if STDIN not in self._files:
            self._files.add(STDIN)
            yield Found("", STDIN, Format.JSONL, Codec.NONE, named=True)

    def file(self, path: str) -> Iterator[Found]:
        try:
            os.stat(path)
        except PermissionError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}", "check its permissions") from error
        except (OSError, ValueError) as error:
            hint = "check the path; quote a pattern: 'news/*.jsonl'"
            raise InputError(f"{path} does not exist", hint) from error
        if not os.path.isfile(path):
            raise InputError(f"{path} is not a regular file", "pipe JSON lines in: ... | dedup run -")
        kind = classify(path)
        if kind is None:
            raise InputError(f"{path} has an extension that tells no format", f"known: {KNOWN}")
        real = os.path.realpath(path)
        if self._meet(real):
            yield Found("", path, *kind, real in self._named)

    def pattern(self, pattern: str) -> Iterator[Found]:
        matches = sorted(glob.glob(pattern, recursive=True))
        usable = [
            m
            for m in matches
            if not self._is_result(os.path.realpath(m))
            and (os.path.isdir(m) or (os.path.isfile(m) and classify(m)))
        ]
        if not usable:
            raise InputError(f"{pattern} matches no articles", f"known extensions: {KNOWN}")
        for match in usable:
            if os.path.isdir(match):
                yield from self.folder(match, may_be_empty=True)
            else:
                yield from self.file(match)

    def folder(self, root: str, may_be_empty: bool = False) -> Iterator[Found]:
        empty = True
        # A stack and not recursion: folders may be nested deeper than Python's own stack.
        pending = [_Entry("", os.path.realpath(root), is_folder=True, is_link=False)]
        while pending:
            entry = pending.pop()
            if (entry.is_link or entry.is_folder) and self._is_result(entry.real):
                continue
            if entry.is_folder:
                if entry.real in self._folders:
                    empty = False
                else:
                    pending += reversed(_list(root, entry))
                    self._folders.add(entry.real)
            elif kind := classify(entry.name):
                empty = False
                if self._meet(entry.real) if entry.is_link else entry.real not in self._files:
                    yield Found(root, entry.name, *kind, entry.real in self._named)
        if empty and not may_be_empty:
            raise InputError(f"{root} holds no articles", f"known extensions: {KNOWN}")

    def _is_result(self, real: str) -> bool:
        """Whether a real path is the output directory or lies in it."""
        return self._output is not None and f"{real}/".startswith(f"{self._output}/")

    def _meet(self, real: str) -> bool:
        """Remember a file; False when it was met before."""
        listed = os.path.dirname(real) in self._folders and not os.path.basename(real).startswith(".")
        if real in self._files or (listed and classify(real)):
            return False
        self._files.add(real)
        return True


class _Entry(NamedTuple):
    """An entry of a folder: path below the root, real path, what it is (or the target of the link that it is)."""

    name: str
    real: str
    is_folder: bool
    is_link: bool


def _list(root: str, folder: _Entry) -> list[_Entry]:
    """The files and folders in a folder, by name, without hidden ones."""
    path = os.path.join(root, folder.name) if folder.name else root
    prefix = f"{folder.name}/" if folder.name else ""
    found = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                is_folder, is_link = entry.is_dir(), entry.is_symlink()
                if is_folder or entry.is_file():
                    real = os.path.realpath(entry.path) if is_link else f"{folder.real}/{entry.name}"
                    found.append(_Entry(prefix + entry.name, real, is_folder, is_link))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "check its permissions") from error
    return sorted(found)
