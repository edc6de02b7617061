"""What was learned from a corpus: lines with their counts, as rules and as a TOML file that a person can review."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from dedup.boilerplate.line import learned
from dedup.errors import OutputError
from dedup.model import Rule

VERSION = 1

PART_SHARE = 0.8
"""A prefix or suffix is left out where other lines cover this share of its documents."""

_HEAD = """\
# Lines, prefixes and suffixes that recur in unrelated articles, written by `dedup learn`.
# Review it: delete what shall stay, add what is missing ("line" alone is enough; a digit stands for any digit).
"""


@dataclass(frozen=True, slots=True)
class LearnedLine:
    """A line, prefix or suffix that is boilerplate.

    Attributes:
        line: Its folded plain form, with every digit as 0.
        action: `drop`, `strip_prefix` or `strip_suffix`.
        documents: Documents it was seen in.
        stories: Distinct stories among them; an estimate above 63.
        sources: Distinct sources among them; 0 where none were given.
        examples: Up to 3 places of documents it was seen in.
    """

    line: str
    action: str
    documents: int
    stories: int
    sources: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """What a corpus taught.

    Attributes:
        documents: Documents it was learned from.
        sources: Their sources; 0 where none were given.
        lines: The lines, those in most documents first.
        missed: By how much `documents` of a line may be too low, since memory was bounded.
    """

    documents: int
    sources: int
    lines: tuple[LearnedLine, ...]
    missed: int = 0

    def rules(self) -> tuple[Rule, ...]:
        """The lines as rules; they come behind all others."""
        return tuple(
            learned(one.line, one.action, one.documents, one.stories, one.sources) for one in self.lines
        )

    def to_toml(self) -> str:
        """The learned file (`--rules` takes it)."""
        parts = [
            f"{_HEAD}version = {VERSION}\n\n[learned]\ndocuments = {self.documents}\nsources = {self.sources}\n"
        ]
        for one in self.lines:
            examples = ", ".join(map(_quoted, one.examples))
            parts.append(
                f"\n[[line]]\nline = {_quoted(one.line)}\naction = {_quoted(one.action)}\n"
                f"documents = {one.documents}\nstories = {one.stories}\nsources = {one.sources}\n"
                f"examples = [{examples}]\n"
            )
        return "".join(parts)


def without_parts(lines: Sequence[LearnedLine]) -> list[LearnedLine]:
    """All but the prefixes and suffixes that mostly stand in others of these lines, as "(agency)" in "(agency) -"."""
    kept = []
    for one in lines:
        longer = [other for other in lines if one.action != "drop" and _is_in(one, other)]
        whole = sum(other.documents for other in longer if other.action == "drop")
        if max([whole, *(other.documents for other in longer)], default=0) < PART_SHARE * one.documents:
            kept.append(one)
    return kept


def _is_in(cut: LearnedLine, other: LearnedLine) -> bool:
    if other.action not in ("drop", cut.action) or other.line == cut.line:
        return False
    at_start = cut.action == "strip_prefix"
    return other.line.startswith(cut.line) if at_start else other.line.endswith(cut.line)


def write_learned(path: str | os.PathLike[str], learned: Learned) -> None:
    """Write the learned file, whole or not at all; a file that is there is replaced.

    Raises:
        OutputError: It cannot be written.
    """
    with whole_file(path) as file:
        file.write(learned.to_toml().encode())


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when the block ends, unless it fails. Raises OutputError.

    A link or a pipe is written to as it is: renaming a file to /dev/stdout would take that away from the machine.
    """
    target = Path(path)
    staged = None
    try:
        if target.is_symlink() or target.is_fifo() or target.is_char_device():
            with target.open("wb") as stream:
                yield stream
            return
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".dedup-", delete=False) as file:
            staged = Path(file.name)
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        staged.chmod(0o666 & ~umask)  # temporary files are private, results are not
        staged.replace(target)
    except OSError as error:
        hint = "check its permissions and the space left, or choose another place"
        raise OutputError(f"cannot write {target}: {error.strerror or error}", hint) from error
    finally:
        if staged is not None:
            staged.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escapes = {'"': '\\"', "\\": "\\\\"}
    return (
        '"'
        + "".join(escapes.get(c, c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}") for c in text)
        + '"'
    )
