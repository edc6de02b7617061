"""What an index was made with: stored once, used ever after, compared with what a caller asks for.

Everything that decides a result is stored in the index: the versions of the definitions, the settings with their bands,
and the rules themselves. A later package may ship other rules and other defaults: an index keeps its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from dedup import boilerplate
from dedup.bands import choose
from dedup.config import FORMAT_VERSION, TOKENIZER_VERSION, WORDS, Settings
from dedup.containment import least_shingles
from dedup.errors import InputError, UsageError
from dedup.excerpts import ExcerptSettings
from dedup.index.store import Reader, Writer
from dedup.model import Rule

INDEX_VERSION = 3
"""Version of what is stored and how: 2 has minimizers, 3 shingles of characters. An index without these is still stored
as 1 or 2, which an older dedup reads. All are read, any other is refused."""

_VERSIONS = {"format": FORMAT_VERSION, "tokenizer": TOKENIZER_VERSION}


class Matching(TypedDict, total=False):
    """What decides copies: settings that a caller may ask for; see `config.Settings`."""

    threshold: float
    recall: float
    shingle_size: int
    num_perm: int
    seed: int
    bands: int | None
    rows: int | None
    strip: bool
    shingle_unit: str


class Chosen(Matching, total=False):
    """All settings that a caller may ask for; see `excerpts.ExcerptSettings` too. By default excerpts are `off`."""

    excerpts: str
    excerpt_containment: float
    excerpt_shingles: int


_EXCERPTS = {"excerpts": "mode", "excerpt_containment": "containment", "excerpt_shingles": "shingles"}
"""The fields of `excerpts.ExcerptSettings` by what they are called in `Chosen`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    """What decides the results of an index.

    Attributes:
        settings: With bands and rows.
        rules: The rules of boilerplate; empty where nothing is stripped.
        fields: The fields that are stored with each article.
        excerpts: What is done about excerpts.
    """

    settings: Settings
    rules: tuple[Rule, ...]
    fields: tuple[str, ...]
    excerpts: ExcerptSettings

    @classmethod
    def choose(cls, chosen: Chosen, rules: Sequence[Rule] | None, fields: Sequence[str]) -> Frozen:
        """For a new index: what was asked for, and defaults for the rest; without rules, those of the package."""
        values = dict(chosen)
        excerpts = {own: values.pop(name) for name, own in _EXCERPTS.items() if name in values}
        # Who says what an excerpt is wants to know of them.
        excerpts.setdefault("mode", "report" if excerpts else "off")
        settings = Settings(**values)  # type: ignore[arg-type]  # the other fields of Chosen
        bands = choose(settings)
        settings = dataclasses.replace(settings, bands=bands.bands, rows=bands.rows)
        excerpts.setdefault("shingles", least_shingles(settings.shingle_unit))
        known = tuple(boilerplate.load() if rules is None else rules) if settings.strip else ()
        return cls(settings, known, tuple(fields), ExcerptSettings(**excerpts))  # type: ignore[arg-type]  # likewise

    def changed(self, chosen: Chosen, rules: Sequence[Rule] | None) -> Frozen:
        """The same with other settings.

        Bands and rows are derived anew where threshold, recall or num_perm change, and the least shingles of an excerpt
        where their unit does.
        """
        values = self._values()
        if {"threshold", "recall", "num_perm"} & chosen.keys():
            values |= {"bands": None, "rows": None}
        if chosen.get("shingle_unit", self.settings.shingle_unit) != self.settings.shingle_unit:
            del values["excerpt_shingles"]
        merged: Chosen = {**values, **chosen}  # type: ignore[typeddict-item]  # the fields of Settings
        return Frozen.choose(merged, self.rules if rules is None else rules, self.fields)

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of everything that decides a result."""
        return hashlib.sha256(json.dumps(self._decisive(), sort_keys=True).encode()).hexdigest()[:16]

    def save(self, writer: Writer) -> None:
        """Store it."""
        version = 1 if self.excerpts.mode == "off" else 2
        if self.settings.shingle_unit != WORDS:
            version = INDEX_VERSION
        stored = {**self._decisive(), "index": version, "fields": self.fields}
        writer.set_value("frozen", json.dumps(stored).encode())

    def _decisive(self) -> dict[str, Any]:
        excerpts = {} if self.excerpts.mode == "off" else {"excerpts": self.excerpts.as_dict()}
        return {**self.settings.as_dict(), "rules": [_bare(rule) for rule in self.rules], **excerpts}

    def _values(self) -> dict[str, Any]:
        """Every setting by what it is called in `Chosen`."""
        excerpts = {name: getattr(self.excerpts, own) for name, own in _EXCERPTS.items()}
        return {**dataclasses.asdict(self.settings), **excerpts}

    @staticmethod
    def load(reader: Reader, name: str) -> Frozen | None:
        """What the store called `name` was made with; None for a new one.

        Raises:
            InputError: It was made with definitions that this version of dedup does not have.
        """
        text = reader.value("frozen")
        if text is None:
            return None
        stored = json.loads(text)
        if stored["index"] not in range(1, INDEX_VERSION + 1):
            raise InputError(
                f"{name} has version {stored['index']} of the index format, this dedup reads 1 to {INDEX_VERSION}",
                "use the dedup that wrote it to export it, and import that",
            )
        known = {field.name for field in dataclasses.fields(Settings)}
        settings = Settings(**{key: value for key, value in stored.items() if key in known})
        rules = tuple(
            Rule(**{**rule, "literals": tuple(rule.get("literals", ()))}) for rule in stored["rules"]
        )
        off = {"mode": "off", "shingles": least_shingles(settings.shingle_unit)}
        excerpts = ExcerptSettings(**stored.get("excerpts", off))
        frozen = Frozen(settings, rules, tuple(stored["fields"]), excerpts)
        for key, version in _VERSIONS.items():
            if stored[key] != version:
                raise InputError(
                    f"{name} was made with version {stored[key]} of the {key}, this dedup has {version}",
                    "export it with the dedup that made it, and import that: similarities are computed anew",
                )
        return frozen

    def require(self, name: str, chosen: Chosen, rules: Sequence[Rule] | None) -> None:
        """Refuse what was asked for where it differs.

        Raises:
            UsageError: A setting or the rules differ; the message names both.
        """
        own: Mapping[str, Any] = self._values()
        for key, value in chosen.items():
            if value is not None and value != own[key]:
                raise UsageError(
                    f"{name} was made with {key} {own[key]}, and {value} was asked for",
                    "leave it out, or change the index with `dedup index rebuild`",
                )
        if rules is not None and self.settings.strip and tuple(rules) != self.rules:
            raise UsageError(
                f"{name} was made with other rules ({digest(self.rules)}) than were asked for ({digest(rules)})",
                "leave them out, or change the index with `dedup index rebuild`",
            )


def digest(rules: Sequence[Rule]) -> str:
    """Short name of a set of rules: how many, and their fingerprint."""
    text = json.dumps([_bare(rule) for rule in rules], sort_keys=True)
    return f"{len(rules)} rules, {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _bare(rule: Rule) -> dict[str, Any]:
    """The fields of a rule that are not at their defaults."""
    values = {}
    for field in dataclasses.fields(rule):
        value = getattr(rule, field.name)
        if value != field.default:
            values[field.name] = value
    return values
