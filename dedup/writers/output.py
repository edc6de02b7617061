"""The output directory of a run: files go in one by one, all of them appear at the end or none.

Files are written into a hidden folder inside the directory, synced to disk,
and renamed into place by `commit`. Anything else that ends the run, also an
interrupt, removes them, and the directory too if the run made it.

A run that is killed cannot clean up. While a run lives it holds a lock on the
directory, which the system lets go with the process: whoever gets the lock
knows that hidden folders in the directory belong to nobody, and removes them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from io import BufferedWriter, FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from dedup.errors import OutputError, UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LAST = "summary.json"
"""Renamed after all others: where it is, the outputs are complete, and all of one run."""

RESULTS = (
    *("kept", "removed", "kept.txt", "removed.txt"),
    *("clusters.jsonl", "pairs.jsonl", "skipped.jsonl", "guarded.jsonl", "learned.toml", "report.html"),
)
"""What else a run may leave in its directory; folders end with what is in them."""

BUFFER = 1 << 20
"""Bytes written at a time. Linux keeps each such piece in few large pages: records of 12 kB are written with a third of
the processor time that a write each takes."""

AT_ONCE = 8 << 20
"""Bytes after which the system is told to put them on the disk."""

STAGING = ".dedup-staging-"
"""How the names of hidden folders begin."""


class OutputDirectory:
    """A directory that is written whole or not at all; use it in a `with` statement.

    Args:
        path: The directory; it is made, with its parents, where it does not exist.
        force: Accept a directory that is not empty. The results of an earlier run are replaced, all of them, so that
            none stay that the new run did not write; other files are left alone.
        threads: Threads that writing may use; None = as many as help.

    Raises:
        OutputError: The directory is not empty, is no directory, cannot be written, or another run is writing it.
    """

    def __init__(self, path: Path, force: bool = False, threads: int | None = None) -> None:
        self.path = path
        self.threads = threads
        self._made: list[Path] = []
        self._lock: int | None = None
        self._over = False
        try:
            with _reported(path):
                self._made = _missing_parents(path)
                path.mkdir(parents=True, exist_ok=True)
                if not force and any(not entry.name.startswith(STAGING) for entry in path.iterdir()):
                    raise OutputError(
                        f"{path} exists and is not empty",
                        "choose another directory, or replace it with --force",
                    )
                self._lock = _lock(path)
                if self._lock is not None:
                    for left in path.glob(f"{STAGING}*"):
                        shutil.rmtree(left, ignore_errors=True)
                self._staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=path))
        except BaseException:
            self._remove_made()
            self._unlock()
            raise

    @contextlib.contextmanager
    def open(self, name: str, append: bool = False) -> Iterator[BinaryIO]:
        """Open the output `name`, a relative path, for writing; it is synced to disk when closed.

        Raises:
            OutputError: It cannot be written, for instance because the disk is full.
        """
        staged = self._staging / name
        self._check()
        with _reported(self.path / name):
            staged.parent.mkdir(parents=True, exist_ok=True)
            with BufferedWriter(_Begun(staged, "ab" if append else "xb", self._check), BUFFER) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())

    def stop(self) -> None:
        """Write nothing more: what other threads still write fails, so that nobody has to wait for its end."""
        self._over = True

    def commit(self) -> None:
        """Put all files into place."""
        files = sorted(p.relative_to(self._staging) for p in self._staging.rglob("*") if p.is_file())
        files.sort(key=lambda name: name == Path(LAST))
        self._check_folders({name.parent for name in files})
        with _reported(self.path):
            self._clear_earlier(set(files))
            for name in files:
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self._staging / name, self.path / name)
            for folder in {self.path / name.parent for name in files}:
                _sync_folder(folder)
        shutil.rmtree(self._staging, ignore_errors=True)
        self._made = []
        self._unlock()

    def abort(self) -> None:
        """Remove everything that was written. Does nothing after `commit`."""
        self.stop()
        shutil.rmtree(self._staging, ignore_errors=True)
        self._remove_made()
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def _check(self) -> None:
        if self._over:
            raise OutputError(f"nothing more is written to {self.path}", "the run has ended: begin another")

    def _clear_earlier(self, files: set[Path]) -> None:
        """Remove the results of an earlier run that `files` will not replace; its summary goes first."""
        if not (self.path / LAST).is_file():
            return
        (self.path / LAST).unlink()
        for name in RESULTS:
            top = self.path / name
            if top.is_dir() and not top.is_symlink():
                for folder, _, names in os.walk(top, topdown=False):
                    for old in (Path(folder, name) for name in names):
                        if old.relative_to(self.path) not in files:
                            old.unlink()
                    with contextlib.suppress(OSError):  # not empty
                        Path(folder).rmdir()
            elif top.is_file() and Path(name) not in files:
                top.unlink()

    def _check_folders(self, folders: set[Path]) -> None:
        """Refuse to write through a link: files elsewhere, the inputs among them, would be replaced."""
        root = self.path.resolve()
        for folder in folders:
            if (self.path / folder).resolve() != root / folder:
                raise OutputError(
                    f"cannot write {self.path / folder}: it leads out of the output directory",
                    "remove the link, or choose another directory",
                )

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _remove_made(self) -> None:
        for folder in self._made:
            with contextlib.suppress(OSError):
                folder.rmdir()


class _Begun(FileIO):
    """A file that goes to the disk while it is written; else the sync at its end would wait for all of it."""

    def __init__(self, path: Path, mode: str, check: Callable[[], None]) -> None:
        super().__init__(path, mode)
        self._check = check
        self._begun = self._written = self.tell()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write `data`, unless the check raises something."""
        self._check()
        count = super().write(data)
        self._written += count
        if self._written - self._begun >= AT_ONCE:
            self._begin()
        return count

    def _begin(self) -> None:
        if sys.platform == "linux":
            # Of pages that have yet to be written, this advice only begins the writing: they stay in memory.
            os.posix_fadvise(self.fileno(), self._begun, self._written - self._begun, os.POSIX_FADV_DONTNEED)
        self._begun = self._written


def keep_apart(inputs: Sequence[str], output: Path) -> None:
    """Refuse inputs that are results: they would be replaced. Results below an input folder are not found at all."""
    target = output.resolve()
    for name in inputs:
        path = Path(name).resolve()
        if name != "-" and path == target and path.is_file():
            raise UsageError(f"{output} is the input", "write to a directory: -o DIR")
        if name != "-" and path.is_relative_to(target):
            raise UsageError(f"{name} is inside the output directory {output}", "write to another directory")


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


def _lock(folder: Path) -> int | None:
    """A handle that holds the only lock on `folder` until it is closed; None where the system has no such locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise OutputError(
            f"another run is writing {folder}", "wait until it ends, or choose another directory"
        ) from error
    except OSError:  # some network file systems
        os.close(handle)
        return None
    return handle


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
