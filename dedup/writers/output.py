"""The output directory of a run: files go in one by one, all of them appear at the end or none.

Files are written into a hidden folder inside the directory, synced to disk,
and renamed into place by `commit`. Anything else that ends the run, also an
interrupt, removes them, and the directory too if the run made it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from dedup.errors import OutputError

LAST = "summary.json"
"""Renamed after all others: where it is, the outputs are complete."""


class OutputDirectory:
    """A directory that is written whole or not at all; use it in a `with` statement.

    Args:
        path: The directory; it is made, with its parents, where it does not exist.
        force: Accept a directory that is not empty. Files of the same names are replaced, others left alone.

    Raises:
        OutputError: The directory is not empty, is no directory, or cannot be written.
    """

    def __init__(self, path: Path, force: bool = False) -> None:
        self.path = path
        self._made = _missing_parents(path)
        try:
            with _reported(path):
                path.mkdir(parents=True, exist_ok=True)
                if not force and any(path.iterdir()):
                    raise OutputError(
                        f"{path} exists and is not empty",
                        "choose another directory, or replace it with --force",
                    )
                self._staging = Path(tempfile.mkdtemp(prefix=".dedup-", dir=path))
        except BaseException:
            self._remove_made()
            raise

    @contextlib.contextmanager
    def open(self, name: str, append: bool = False) -> Iterator[BinaryIO]:
        """Open the output `name`, a relative path, for writing; it is synced to disk when closed.

        Raises:
            OutputError: It cannot be written, for instance because the disk is full.
        """
        staged = self._staging / name
        with _reported(self.path / name):
            staged.parent.mkdir(parents=True, exist_ok=True)
            with staged.open("ab" if append else "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())

    def commit(self) -> None:
        """Put all files into place."""
        files = sorted(p.relative_to(self._staging) for p in self._staging.rglob("*") if p.is_file())
        files.sort(key=lambda name: name == Path(LAST))
        with _reported(self.path):
            for name in files:
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self._staging / name, self.path / name)
            for folder in {self.path / name.parent for name in files}:
                _sync_folder(folder)
        shutil.rmtree(self._staging, ignore_errors=True)
        self._made = []

    def abort(self) -> None:
        """Remove everything that was written. Does nothing after `commit`."""
        shutil.rmtree(self._staging, ignore_errors=True)
        self._remove_made()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def _remove_made(self) -> None:
        for folder in self._made:
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextlib.contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Turn what the system refuses into an OutputError about `path`."""
    try:
        yield
    except OSError as error:
        hint = "check its permissions, or choose another directory"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "free some space, or choose another disk with -o"
        elif error.errno in (errno.EEXIST, errno.ENOTDIR):
            hint = "a file is in the way: choose another directory"
        raise OutputError(f"cannot write {path}: {error.strerror or error}", hint) from error


def _missing_parents(path: Path) -> list[Path]:
    """The folders that making `path` would make, innermost first."""
    missing = []
    for folder in (path, *path.parents):
        if folder.exists():
            break
        missing.append(folder)
    return missing


def _sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
