"""Text files out again: as a list of paths, and copied on request."""

from __future__ import annotations

import os
import shutil

from dedup.model import I64
from dedup.readers.file import open_input
from dedup.readers.text import TextFiles
from dedup.writers.output import OutputDirectory


def write_selected(source: TextFiles, numbers: I64, out: OutputDirectory, folder: str, *, copy: bool) -> None:
    """Append the paths of the files `numbers` to `<folder>.txt`; with `copy`, also copy the files below `folder`."""
    with out.open(f"{folder}.txt", append=True) as listing:
        for number in numbers.tolist():
            listing.write(os.fsencode(source.file_path(number)) + b"\n")
    if copy:
        for number in numbers.tolist():
            output = os.fsdecode(source.outputs.bytes_at(number - 1))
            _copy(source.file_path(number), out, (folder / source.relative / output).as_posix())


def _copy(path: str, out: OutputDirectory, name: str) -> None:
    with open_input(path) as file, out.open(name) as output:
        shutil.copyfileobj(file, output)
