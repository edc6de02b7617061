"""The results of a job: folders that Spark wrote go in, all of them appear in one place at the end or none.

Spark writes into a hidden folder of the place itself, so that moving is renaming wherever files can be renamed. As on
one machine `summary.json` comes last: where it is, the results are complete, and all of one job.
"""

from __future__ import annotations

import contextlib
import uuid
from types import TracebackType
from typing import Self

from dedup.errors import DedupError, OutputError
from dedup.spark.storage import Storage
from dedup.writers.output import LAST, RESULTS, STAGING


class Results:
    """Where the results of a job go; use it in a `with` statement.

    Args:
        storage: The file systems.
        address: A folder; it is made where it does not exist.
        force: Accept a folder that is not empty. The results of an earlier job are replaced, other files left alone.

    Attributes:
        address: See above, whole.

    Raises:
        OutputError: The folder is not empty, or cannot be written.
    """

    def __init__(self, storage: Storage, address: str, force: bool) -> None:
        self.address = storage.whole(address)
        self._storage = storage
        self._is_new = not storage.exists(self.address)
        names = storage.names(self.address)
        if not force and any(not name.startswith(STAGING) for name in names):
            raise OutputError(
                f"{address} exists and is not empty", "choose another directory, or replace it with --force"
            )
        for left in names:
            if left.startswith(STAGING):
                storage.remove(f"{self.address}/{left}")
        self._staging = f"{self.address}/{STAGING}{uuid.uuid4().hex[:8]}"
        self._extensions: dict[str, str] = {}
        storage.make(self._staging)

    @property
    def work(self) -> str:
        """A folder that is gone with the end of the job."""
        return f"{self._staging}/_work"

    def place(self, name: str, extension: str = "") -> str:
        """Where the folder or file `name` is to be written; parts of lines get that extension, such as `.jsonl`."""
        self._extensions[name] = extension
        return f"{self._staging}/{name}"

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        self._storage.write(f"{self._staging}/{name}", content)

    def commit(self) -> None:
        """Put everything into place; the parts of a folder are called `part-00000` and so on."""
        storage = self._storage
        names = storage.names(self._staging)
        if LAST in storage.names(self.address):
            storage.remove(f"{self.address}/{LAST}")
            for name in RESULTS:
                storage.remove(f"{self.address}/{name}")
        names = [name for name in names if not name.startswith("_")]
        for name in sorted(names, key=lambda name: name == LAST):
            if name not in self._extensions:
                storage.move(f"{self._staging}/{name}", f"{self.address}/{name}")
                continue
            storage.make(f"{self.address}/{name}")
            parts = [part for part in storage.names(f"{self._staging}/{name}") if part.startswith("part-")]
            for number, part in enumerate(parts):
                target = f"{self.address}/{name}/part-{number:05}{_extension(part, self._extensions[name])}"
                storage.move(f"{self._staging}/{name}/{part}", target)
        storage.remove(self._staging)
        self._is_new = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not committed, and the folder too if it was made for that."""
        with contextlib.suppress(DedupError):
            self._storage.remove(self._staging)
            if self._is_new and not self._storage.names(self.address):
                self._storage.remove(self.address)


def _extension(part: str, lines: str) -> str:
    """The extension of a part: Spark calls lines of all kinds text, or JSON."""
    kind, dot, compression = part.partition(".")[2].partition(".")
    return f"{lines}{dot}{compression}" if lines else f".{kind}{dot}{compression}"
