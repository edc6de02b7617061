"""Settings of a run: what decides which articles are copies, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from dedup.errors import UsageError

FORMAT_VERSION = 1
"""Version of the definitions (tokens, shingles, signatures, bands, clusters); any change of a result is a new one."""

TOKENIZER_VERSION = "1-unicode14"
"""Version of the token definition and its class table."""

MIN_DOCUMENTS = 200
"""Documents below which nothing is learned: chance repeats too much of a small corpus."""

MAX_NUM_PERM = 4096
MAX_SHINGLE_SIZE = 64

WORDS, CHARS = UNITS = ("words", "chars")
"""What a shingle is made of: tokens, or code points of the tokens joined by one space."""

WORD_LENGTH = 6
"""Characters of a word with the space after it, about, in languages that have spaces."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides which documents match.

    Attributes:
        threshold: Least Jaccard similarity of a near-duplicate, 0 < t <= 1.
        recall: Least probability that a pair at the threshold becomes a candidate, 0 < r < 1.
        shingle_size: Tokens, or characters, per shingle.
        num_perm: Values per signature.
        seed: Seed of the permutations, as in datasketch.
        bands: Number of bands; None = derived from threshold and recall.
        rows: Values per band; None = derived.
        strip: Whether boilerplate is removed before comparing.
        shingle_unit: What a shingle is made of: `words`, which are tokens, or `chars`.
    """

    threshold: float = 0.5
    recall: float = 0.99
    shingle_size: int = 5
    num_perm: int = 128
    seed: int = 1
    bands: int | None = None
    rows: int | None = None
    strip: bool = True
    shingle_unit: str = WORDS

    def __post_init__(self) -> None:
        _require(0 < self.threshold <= 1, f"threshold {self.threshold:g} is not in (0, 1]", "0.5 suits news")
        _require(0 < self.recall < 1, f"recall {self.recall:g} is not in (0, 1)", "try --recall 0.99")
        _require(
            1 <= self.shingle_size <= MAX_SHINGLE_SIZE,
            f"shingle size {self.shingle_size} is not between 1 and {MAX_SHINGLE_SIZE}",
            "5 words suit news; 3 words or 9 chars suit text with many small errors",
        )
        _require(
            self.shingle_unit in UNITS,
            f'shingle unit "{self.shingle_unit}" is unknown',
            f"one of {', '.join(UNITS)}",
        )
        _require(
            1 <= self.num_perm <= MAX_NUM_PERM,
            f"num_perm {self.num_perm} is not between 1 and {MAX_NUM_PERM}",
            "128 suits most corpora",
        )
        _require(
            0 <= self.seed < 2**32, f"seed {self.seed} is not between 0 and 4294967295", "the default is 1"
        )
        _require(
            (self.bands is None) == (self.rows is None),
            f"bands ({self.bands}) and rows ({self.rows}) only go together",
            "give both --bands and --rows, or neither",
        )
        if self.bands is not None and self.rows is not None:
            _require(
                self.bands >= 1 and self.rows >= 1 and self.bands * self.rows <= self.num_perm,
                f"{self.bands} bands x {self.rows} rows do not fit into num_perm {self.num_perm}",
                f"bands x rows may be at most {self.num_perm}",
            )

    @property
    def shingle(self) -> str:
        """What a shingle is, as `parse_shingle` reads it: `words:5`."""
        return f"{self.shingle_unit}:{self.shingle_size}"

    @property
    def shingle_words(self) -> int:
        """Tokens that a shingle is about as long as, at least 1."""
        return max(1, self.shingle_size // (1 if self.shingle_unit == WORDS else WORD_LENGTH))

    def as_dict(self, **more: object) -> dict[str, object]:
        """All settings with the versions of the definitions, plus `more`, ready for JSON."""
        # Left out where it is the default: fingerprints from before there was a choice stay what they are.
        unit = {} if self.shingle_unit == WORDS else {"shingle_unit": self.shingle_unit}
        return {
            "format": FORMAT_VERSION,
            "tokenizer": TOKENIZER_VERSION,
            "threshold": self.threshold,
            "recall": self.recall,
            "shingle_size": self.shingle_size,
            **unit,
            "num_perm": self.num_perm,
            "seed": self.seed,
            "scheme": "affine32",
            "bands": self.bands,
            "rows": self.rows,
            "strip": self.strip,
            **more,
        }


def parse_shingle(text: str) -> tuple[int, str]:
    """Size and unit of shingles from `words:5` or `chars:9`. Raises UsageError."""
    unit, _, size = (part.strip() for part in text.partition(":"))
    if unit not in UNITS or not size.isdecimal():
        raise UsageError(f'shingle "{text}" cannot be read', "write words:5, or chars:9 for scanned text")
    return int(size), unit


def fingerprint(settings: dict[str, object]) -> str:
    """First 16 hex digits of the SHA-256 of the settings as canonical JSON."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _require(holds: bool, message: str, hint: str) -> None:
    if not holds:
        raise UsageError(message, hint)
