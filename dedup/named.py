"""Articles by their id: inputs and ids go in, the raw texts of the first articles with these ids come out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dedup.config import Settings
from dedup.corpus import identify, locate
from dedup.engines import make_engine
from dedup.errors import InputError
from dedup.model import Texts
from dedup.readers import Fields, open_sources

SHOWN = 3
"""Ids that are named where one is not found."""


def texts_of(names: Sequence[str], inputs: Sequence[str], fields: Fields) -> dict[str, str]:
    """The raw text of each article.

    Args:
        names: Ids, or places as `path:line`, which a run gives to articles whose id was seen before.
        inputs: Files, folders, globs, or `-`.
        fields: Where text and id are.

    Raises:
        InputError: An input cannot be read, or has no such article.
    """
    stages = make_engine("native", Settings(strip=False), (), fields.text)
    wanted = {name.encode("utf-8", "surrogateescape"): name for name in names}
    found: dict[str, str] = {}
    seen: list[str] = []
    sources = open_sources(list(dict.fromkeys(inputs)), fields, stages)
    for source in sources:
        for batch in source.batches():
            ids = identify(source, batch)
            for labels in (ids, locate(source, batch)):
                for i in _positions(labels, wanted):
                    name = wanted[labels.bytes_at(i)]
                    found.setdefault(name, batch.texts.bytes_at(i).decode("utf-8", "replace"))
            seen += ids.strings()[: SHOWN - len(seen)] if len(seen) < SHOWN else []
        source.close()
    for name in names:
        if name not in found:
            there = f"there are {', '.join(map(repr, seen))} and so on" if seen else "there are no articles"
            raise InputError(f"no article has the id {name!r}", f"{there}; ids come from --id-field")
    return found


def _positions(labels: Texts, wanted: dict[bytes, str]) -> list[int]:
    """Which of the labels are wanted; most differ in their length already."""
    lengths = np.diff(labels.offsets)
    alike = np.flatnonzero(np.isin(lengths, [len(label) for label in wanted]))
    return [i for i in alike.tolist() if labels.bytes_at(i) in wanted]
