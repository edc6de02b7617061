"""What changed in a working tree since a revision: a revision goes in, changed files and lines come out. Asks git."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from dedup.corpus import Places
from dedup.errors import UsageError
from dedup.model import Mask
from dedup.readers.formats import Codec, Format, classify

_HUNK = re.compile(rb"^@{2} -\S+ \+(\d+)(?:,(\d+))? @{2}", re.MULTILINE)
"""Where lines were added: first line, and how many if not one. Lines of content begin with a sign."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Files that were added, edited or are not yet tracked.

    Attributes:
        root: The real path of the repository.
        lines: By real path, the changed lines of a file of JSON lines; None where the whole file counts as changed.
    """

    root: str
    lines: Mapping[str, Sequence[range] | None]
    _folders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def since(cls, revision: str) -> Changes:
        """The changes between a revision and the files of the working tree, committed or not.

        The revision is where the current branch left `revision`: what happened there since is no change here. A
        file that was only renamed did not change.

        Raises:
            UsageError: git is not there, this is no repository, or it does not know the revision.
        """
        root = os.fsdecode(_git("rev-parse", "--show-toplevel").rstrip(b"\n"))
        base = _base(revision)
        found: dict[str, Sequence[range] | None] = {}
        fields = iter(_git("diff", "--name-status", "-z", "-M", "--no-ext-diff", base).split(b"\0")[:-1])
        for status in fields:
            names = [next(fields)]
            if status[:1] in b"RC":
                names.append(next(fields))
            if status not in (b"D", b"R100"):
                path = os.fsdecode(names[-1])
                is_lines = classify(path) == (Format.JSONL, Codec.NONE)
                found[os.path.join(root, path)] = _added_lines(base, root, names) if is_lines else None
        untracked = _git("-C", root, "ls-files", "--others", "--exclude-standard", "-z")
        found |= {os.path.join(root, os.fsdecode(name)): None for name in untracked.split(b"\0")[:-1]}
        return cls(os.path.realpath(root), {os.path.realpath(path): lines for path, lines in found.items()})

    def check_inside(self, inputs: Sequence[str]) -> None:
        """Raise UsageError for an input outside the repository: nothing in it would ever have changed."""
        for name in inputs:
            path = os.path.join(os.path.realpath(name), "")
            if name == "-" or not path.startswith(os.path.join(self.root, "")):
                raise UsageError(
                    f"--since: {name} is not in the repository {self.root}",
                    "run it in the repository of the corpus",
                )

    def touched(self, places: Places) -> Mask:
        """bool[n], whether each document lies in a changed file or line."""
        paths = [self._real(os.fsdecode(places.paths.bytes_at(i))) for i in range(len(places.paths))]
        changed = np.array([path in self.lines for path in paths], np.bool_)
        touched: Mask = changed[places.path] if len(paths) else np.zeros(0, np.bool_)
        for i in np.flatnonzero(changed).tolist():
            ranges = self.lines[paths[i]]
            if ranges is not None:
                here = np.flatnonzero(places.path == i)
                numbers = places.number[here]
                within = [(numbers >= some.start) & (numbers < some.stop) for some in ranges]
                touched[here] = np.logical_or.reduce(within) if within else False
        return touched

    def _real(self, path: str) -> str:
        """The real path of a file; its folder is looked up once."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)


def _base(revision: str) -> str:
    """Where the current branch left a revision; the revision itself where the two have nothing in common."""
    known = _git(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", check=False
    )
    if not known:
        raise UsageError(
            f'git knows no revision "{revision}"',
            "fetch it first; in a CI service that clones shallowly, ask for the whole history (fetch-depth: 0)",
        )
    commit = known.decode().strip()
    return _git("merge-base", commit, "HEAD", check=False).decode().strip() or commit


def _added_lines(base: str, root: str, names: Sequence[bytes]) -> list[range]:
    """The lines of a file that are not in its former version."""
    paths = [os.fsdecode(name) for name in names]
    shown = _git("-C", root, "diff", "-U0", "-M", "--no-color", "--no-ext-diff", "--text", base, "--", *paths)
    hunks = ((int(start), int(count or 1)) for start, count in _HUNK.findall(shown))
    return [range(start, start + count) for start, count in hunks]


def _git(*arguments: str, check: bool = True) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("--since needs git, which is not installed", "install it") from None
    if check and done.returncode:
        lines = done.stderr.decode("utf-8", "replace").splitlines() or [f"exit code {done.returncode}"]
        raise UsageError(f"--since: git says {lines[0]}", "run it in the repository of the corpus")
    return done.stdout if not done.returncode else b""
