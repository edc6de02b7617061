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

from dedup.bands import choose
from dedup.config import FORMAT_VERSION, TOKENIZER_VERSION, Settings
from dedup.errors import InputError, UsageError
from dedup.index.store import Reader, Writer
from dedup.model import Rule

INDEX_VERSION = 1
"""Version of what is stored and how. An index of another one is refused."""

_VERSIONS = {"format": FORMAT_VERSION, "tokenizer": TOKENIZER_VERSION}


class Chosen(TypedDict, total=False):
    """Settings that a caller may ask for; see `config.Settings`."""

    threshold: float
    recall: float
    shingle_size: int
    num_perm: int
    seed: int
    bands: int | None
    rows: int | None
    strip: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    """What decides the results of an index.

    Attributes:
        settings: With bands and rows.
        rules: The rules of boilerplate; empty where nothing is stripped.
        fields: The fields that are stored with each article.
    """

    settings: Settings
    rules: tuple[Rule, ...]
    fields: tuple[str, ...]

    @classmethod
    def choose(cls, chosen: Chosen, rules: Sequence[Rule], fields: Sequence[str]) -> Frozen:
        """For a new index: what was asked for, and defaults for the rest."""
        settings = Settings(**chosen)
        bands = choose(settings)
        settings = dataclasses.replace(settings, bands=bands.bands, rows=bands.rows)
        return cls(settings, tuple(rules) if settings.strip else (), tuple(fields))

    def changed(self, chosen: Chosen, rules: Sequence[Rule] | None) -> Frozen:
        """The same with other settings; bands and rows are derived anew where threshold, recall or num_perm change."""
        values = dataclasses.asdict(self.settings)
        if {"threshold", "recall", "num_perm"} & chosen.keys():
            values |= {"bands": None, "rows": None}
        merged: Chosen = {**values, **chosen}  # type: ignore[typeddict-item]  # the fields of Settings
        return Frozen.choose(merged, self.rules if rules is None else rules, self.fields)

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of everything that decides a result."""
        return hashlib.sha256(json.dumps(self._decisive(), sort_keys=True).encode()).hexdigest()[:16]

    def save(self, writer: Writer) -> None:
        """Store it."""
        stored = {**self._decisive(), "index": INDEX_VERSION, "fields": self.fields}
        writer.set_value("frozen", json.dumps(stored).encode())

    def _decisive(self) -> dict[str, Any]:
        return {**self.settings.as_dict(), "rules": [_bare(rule) for rule in self.rules]}

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
        if stored["index"] != INDEX_VERSION:
            raise InputError(
                f"{name} has version {stored['index']} of the index format, this dedup reads {INDEX_VERSION}",
                "use the dedup that wrote it to export it, and import that",
            )
        known = {field.name for field in dataclasses.fields(Settings)}
        settings = Settings(**{key: value for key, value in stored.items() if key in known})
        rules = tuple(
            Rule(**{**rule, "literals": tuple(rule.get("literals", ()))}) for rule in stored["rules"]
        )
        frozen = Frozen(settings, rules, tuple(stored["fields"]))
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
        own: Mapping[str, Any] = dataclasses.asdict(self.settings)
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
