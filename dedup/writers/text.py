"""Text files out again: as a list of paths, and copied on request.

The list has one path a line, in the bytes that the system knows it by. A path that contains a line feed or a carriage
return would not be one line: it is written as a JSON string (ASCII; bytes that are no UTF-8 as Python's `os.fsdecode`
has them). So is a path that begins with a quotation mark: a line that begins with one is always JSON.
"""

from __future__ import annotations

import json
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
            listing.write(_line(source.file_path(number)))
    if copy:
        for number in numbers.tolist():
            output = os.fsdecode(source.outputs.bytes_at(number - 1))
            _copy(source.file_path(number), out, (folder / source.relative / output).as_posix())


def _line(path: str) -> bytes:
    quoted = path.startswith('"') or "\n" in path or "\r" in path
    return (json.dumps(path).encode() if quoted else os.fsencode(path)) + b"\n"


def _copy(path: str, out: OutputDirectory, name: str) -> None:
    with open_input(path) as file, out.open(name) as output:
        shutil.copyfileobj(file, output)
