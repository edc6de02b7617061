"""The baseline: pairs of copies that somebody accepted, committed beside the corpus as a JSON file.

Entries know articles by their words and not by their names, so that a renamed or moved file stays accepted. Which of
three copies of a story is called the original depends on names, though. Entries that share an article therefore make up
one group, and a group accepts as many duplicates among its articles as it has entries: a further copy of an accepted
text is one duplicate too many, even if it is word for word the same.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dedup.boilerplate.learned import whole_file
from dedup.checking.findings import RELATIONS, Duplicate, Stale
from dedup.errors import InputError

VERSION = 1
"""Version of the file's format."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One accepted pair.

    Attributes:
        article, original: The words of the copy and of what it copies; see `articles.content`.
        relation, similarity: How they are alike, for people who review the file.
        paths: Where the two were, likewise; of several equal copies those at these places are accepted first.
    """

    article: str
    original: str
    relation: str
    similarity: float
    paths: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Baseline:
    """All accepted pairs.

    Attributes:
        entries: The pairs.
        fingerprint: Of the settings with which they were found.
    """

    entries: tuple[Entry, ...]
    fingerprint: str

    @classmethod
    def of(cls, duplicates: Iterable[Duplicate], fingerprint: str) -> Baseline:
        """The baseline that accepts these duplicates."""
        entries = (
            Entry(
                one.article.words,
                one.original.words,
                one.relation,
                round(one.similarity, 4),
                (str(one.article.place), str(one.original.place)),
            )
            for one in duplicates
        )
        return cls(tuple(sorted(entries)), fingerprint)

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Read a baseline. Raises InputError when there is none, or it is broken."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(
                f"the baseline {path} does not exist", "make it with --update-baseline, and commit it"
            ) from None
        except OSError as error:
            raise InputError(
                f"the baseline {path} cannot be read: {error.strerror}", "name a file that can be read"
            ) from error
        except ValueError as error:
            raise _broken(path, f"it is no JSON ({error})") from error
        if not isinstance(content, dict) or "dedup_baseline" not in content:
            raise _broken(path, 'it has no "dedup_baseline"')
        if content["dedup_baseline"] != VERSION:
            raise InputError(
                f"the baseline {path} has version {content['dedup_baseline']}, not {VERSION}",
                "it was written by another version of dedup: update that, or use --update-baseline",
            )
        try:
            entries = tuple(_entry(one) for one in content["accepted"])
            return cls(entries, str(content["fingerprint"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(path, f"an entry cannot be read ({type(error).__name__}: {error})") from error

    def save(self, path: Path) -> None:
        """Write the baseline whole or not at all, one entry a line. Raises OutputError."""
        lines = (
            json.dumps(
                {
                    "article": one.article,
                    "original": one.original,
                    "relation": one.relation,
                    "similarity": one.similarity,
                    "paths": one.paths,
                },
                ensure_ascii=True,  # paths may hold what is no text
            )
            for one in self.entries
        )
        head = f'{{\n"dedup_baseline": {VERSION},\n"fingerprint": "{self.fingerprint}",\n"accepted": [\n'
        with whole_file(path) as file:
            file.write((head + ",\n".join(lines) + "\n]\n}\n").encode())

    def split(self, found: Sequence[Duplicate]) -> tuple[list[Duplicate], list[Duplicate], list[Stale]]:
        """Tell new duplicates, accepted ones and stale entries apart.

        Args:
            found: All duplicates of the corpus, in input order.

        Returns:
            Those that are not accepted and those that are, both in input order; entries whose pair was not found.
        """
        group_of = _groups((one.article, one.original) for one in self.entries)
        room = Counter(group_of[one.article] for one in self.entries)
        known_places: dict[int, set[str]] = defaultdict(set)
        for one in self.entries:
            known_places[group_of[one.article]].update(one.paths)
        candidates = [
            (i, group_of[one.article.words])
            for i, one in enumerate(found)
            if group_of.get(one.article.words, -1) == group_of.get(one.original.words, -2)
        ]
        listed = {_pair(one.article, one.original) for one in self.entries}
        # Where a file was renamed and another copy added, the renamed one is what was accepted.
        candidates.sort(
            key=lambda c: (
                str(found[c[0]].article.place) not in known_places[c[1]],
                _pair(found[c[0]].article.words, found[c[0]].original.words) not in listed,
            )
        )
        accepted = set()
        for i, group in candidates:
            if room[group]:
                room[group] -= 1
                accepted.add(i)
        new = [one for i, one in enumerate(found) if i not in accepted]
        used = [found[i] for i in sorted(accepted)]
        # As many entries of a group are stale as it has room left: rather those whose very pair is gone.
        pairs = Counter(_pair(one.article.words, one.original.words) for one in used)
        stale = []
        for entry in sorted(self.entries, key=lambda one: pairs[_pair(one.article, one.original)]):
            if room[group_of[entry.article]]:
                room[group_of[entry.article]] -= 1
                stale.append(Stale(*entry.paths, entry.relation))
        return new, used, stale


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _groups(pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Each article with the number of its group: the connected components of the pairs."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for a, b in pairs:
        parent[root(a)] = root(b)
    numbers: dict[str, int] = {}
    return {name: numbers.setdefault(root(name), len(numbers)) for name in list(parent)}


def _entry(one: Any) -> Entry:
    article, original = one["article"], one["original"]
    copy_path, original_path = one["paths"]
    if not (isinstance(article, str) and isinstance(original, str)) or one["relation"] not in RELATIONS:
        raise ValueError(f"of {copy_path}")
    paths = str(copy_path), str(original_path)
    return Entry(article, original, one["relation"], float(one["similarity"]), paths)


def _broken(path: Path, problem: str) -> InputError:
    hint = "take it from version control, or make it anew with --update-baseline"
    return InputError(f"the baseline {path} is broken: {problem}", hint)
