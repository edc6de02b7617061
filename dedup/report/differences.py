"""What differs between some articles: pairs of positions in a corpus in, stripped lines and hunks out.

The texts are read again from where they lie, those of the pairs only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.model import Removal, Segment
from dedup.passages import ALIGNED, Hunk, hunks, passages
from dedup.reading import texts_at
from dedup.stages import Stages


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two articles.

    Attributes:
        removed_a, removed_b: What stripping took of either.
        hunks: Where the first `ALIGNED` characters of the clean texts differ; none where they have the same words.
    """

    removed_a: Sequence[Removal]
    removed_b: Sequence[Removal]
    hunks: Sequence[Hunk]


def differences(
    segments: Sequence[Segment],
    pairs: Sequence[tuple[int, int]],
    stages: Stages,
    text_fields: Sequence[str],
) -> list[Difference]:
    """What differs between each two articles. The sources must still be open.

    Args:
        segments: Where the documents of the corpus lie.
        pairs: Positions of two documents each.
        stages: The engine, with settings and rules.
        text_fields: Fields that make up the text of a record.
    """
    positions = sorted({position for pair in pairs for position in pair})
    place = {position: i for i, position in enumerate(positions)}
    raw = texts_at(segments, np.array(positions, np.int64), stages, text_fields)
    removals: Sequence[Sequence[Removal]] = [()] * len(positions)
    clean = raw
    if stages.settings.strip:
        stripped = stages.strip(raw, explain=True)
        clean, removals = stripped.texts, stripped.removals or removals
    texts = [text[:ALIGNED] for text in clean.strings()]
    size = stages.settings.shingle_words
    return [
        Difference(removals[a], removals[b], hunks(passages(stages, texts[a], texts[b], size)))
        for a, b in ((place[one], place[other]) for one, other in pairs)
    ]
