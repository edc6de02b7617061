"""Generated articles with the statistics of news: seeded, so that everybody measures the same bytes.

    python -m benchmarks.generate 100000 articles.jsonl

Words are drawn from the vocabulary of `corpus/` (English articles) by Zipf's law, extended by made-up words so that
the vocabulary grows as in news; an article has log-normally many words, about 4 KB in the mean. A fifth of the
articles are edited copies of earlier ones: words replaced, paragraphs dropped, lines added. Two runs with the same
count and seed and version of numpy write the same bytes; their SHA-256 is printed, to stand beside the figures.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "articles"
VOCABULARY = 60_000
MEAN_WORDS = 620
COPIES = 0.2
SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
    "bra",
    "cle",
    "dri",
    "flo",
    "gru",
    "sta",
    "spe",
    "tri",
]


def vocabulary(generator: np.random.Generator) -> NDArray[np.object_]:
    """Words, most frequent first: those of the corpus by frequency, then made-up ones."""
    counts: dict[str, int] = {}
    for path in sorted(CORPUS.glob("*.txt")):
        for word in re.findall(r"[a-zA-Z]{2,}", path.read_text("utf-8", "replace")):
            counts[word.lower()] = counts.get(word.lower(), 0) + 1
    words = sorted(counts, key=lambda word: (-counts[word], word))
    known = set(words)
    while len(words) < VOCABULARY:
        word = "".join(generator.choice(SYLLABLES, generator.integers(2, 5)))
        if word not in known:
            known.add(word)
            words.append(word)
    return np.array(words, object)


def articles(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield `count` articles as (id, text)."""
    generator = np.random.default_rng(seed)
    words = vocabulary(generator)
    weights = 1.0 / np.arange(2, len(words) + 2)
    cumulative = np.cumsum(weights / weights.sum())
    recent: list[list[NDArray[np.int64]]] = []
    for number in range(count):
        if recent and generator.random() < COPIES:
            paragraphs = edited(recent[generator.integers(len(recent))], generator, cumulative)
        else:
            length = int(np.clip(generator.lognormal(np.log(MEAN_WORDS) - 0.125, 0.5), 30, 6000))
            paragraphs = np.array_split(draw(generator, cumulative, length), max(1, length // 45))
        if len(recent) < 2000:
            recent.append(paragraphs)
        else:
            recent[generator.integers(2000)] = paragraphs
        yield f"a{number:08d}", "\n".join(written(words[p].tolist()) for p in paragraphs)


def draw(generator: np.random.Generator, cumulative: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Draw word numbers by Zipf's law."""
    return np.minimum(np.searchsorted(cumulative, generator.random(count)), VOCABULARY - 1)


def edited(
    paragraphs: list[NDArray[np.int64]], generator: np.random.Generator, cumulative: NDArray[np.float64]
) -> list[NDArray[np.int64]]:
    """Copy an article: up to 6% of the words replaced, up to a third of the paragraphs dropped, one added."""
    kept = [p.copy() for p in paragraphs if generator.random() > generator.random() / 3] or [
        paragraphs[0].copy()
    ]
    rate = generator.random() * 0.06
    for paragraph in kept:
        at = np.flatnonzero(generator.random(len(paragraph)) < rate)
        paragraph[at] = draw(generator, cumulative, len(at))
    if generator.random() < 0.5:
        kept.append(draw(generator, cumulative, 12))
    return kept


def written(words: list[str]) -> str:
    """A paragraph: sentences of twelve words, with capitals, commas and full stops."""
    for start in range(0, len(words), 12):
        stop = min(start + 12, len(words)) - 1
        words[start] = words[start].capitalize()
        words[stop] += "."
        if stop - start > 6:
            words[start + 5] += ","
    return " ".join(words)


def write(count: int, path: Path, seed: int = 1) -> str:
    """Write `count` articles as JSON lines; returns the SHA-256 of the file."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for identity, text in articles(count, seed):
            line = (json.dumps({"id": identity, "text": text}) + "\n").encode()
            digest.update(line)
            file.write(line)
    return digest.hexdigest()


if __name__ == "__main__":
    print(write(int(sys.argv[1]), Path(sys.argv[2])))
