"""What a run has to find, computed from the definitions alone, one pair at a time."""

from __future__ import annotations

from collections.abc import Sequence

from dedup import boilerplate
from dedup.bands import choose
from dedup.config import Settings
from dedup.model import Texts
from dedup.reference import Reference
from dedup.reference.tokens import shingle, tokenize


class Oracle:
    """Some articles by the definitions of tokens, shingles, signatures and bands.

    Attributes:
        tokens: The tokens of each clean text.
        shingles: The set of shingles of each.
        threshold: Least similarity of a copy.
    """

    def __init__(self, texts: Sequence[str], settings: Settings) -> None:
        self.threshold = settings.threshold
        engine = Reference(settings, boilerplate.load() if settings.strip else ())
        given = Texts.from_strings(texts)
        clean = engine.strip(given).texts if settings.strip else given
        self.tokens = [tokenize(text) for text in clean.strings()]
        self.shingles = [set(shingle(tokens, settings.shingle_size)) for tokens in self.tokens]
        self._bands = choose(settings)
        self._signatures = engine.sign(
            engine.shingle(clean, settings.shingle_size), settings.num_perm, settings.seed
        )

    def jaccard(self, a: int, b: int) -> float:
        """Exact similarity of two articles; 0 where one has no tokens."""
        shared, union = self.shingles[a] & self.shingles[b], self.shingles[a] | self.shingles[b]
        return len(shared) / len(union) if union else 0.0

    def containment(self, a: int, b: int) -> float:
        """The larger of the two containments."""
        shared = self.shingles[a] & self.shingles[b]
        return len(shared) / min(len(self.shingles[a]), len(self.shingles[b]))

    def compared(self, a: int, b: int) -> bool:
        """Whether the pair shares a band and passes the low-byte gate."""
        one, other = self._signatures[a], self._signatures[b]
        if ((one & 0xFF) == (other & 0xFF)).sum() < self._bands.gate:
            return False
        used = self._bands.bands * self._bands.rows
        equal = (one[:used] == other[:used]).reshape(self._bands.bands, self._bands.rows)
        return bool(equal.all(axis=1).any())
