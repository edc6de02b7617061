"""Generated articles with the statistics of news: seeded, so that everybody measures the same bytes.

    python -m benchmarks.generate 100000 articles.jsonl [--words 620] [--boilerplate] [--seed 1]

Words are drawn from the vocabulary of `corpus/` (English articles) by Zipf's law, extended by made-up words so that
the vocabulary grows as in news; an article has log-normally many words, about 4 KB in the mean. A fifth of the
articles are edited copies of earlier ones: words replaced, paragraphs dropped, one added. With `--boilerplate` each
article stands between the furniture of one of `PUBLISHERS` sites.

Articles come in blocks with a generator each: the first articles of a longer file are the same bytes as a shorter
one, and blocks are made in parallel. The same count, seed, `VERSION`, `corpus/` and version of numpy give the same
bytes; their SHA-256 is printed and recorded beside every figure.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VERSION = 2
"""Changes when the same arguments give other bytes."""

CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "articles"
VOCABULARY = 60_000
BLOCK = 10_000
COPIES = 0.2
PUBLISHERS = 40
SYLLABLES = re.findall(
    r"\w+", "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bra cle dri flo gru sta spe tri"
)
# How a word is written: as it is, first in a sentence, before a comma, last in a sentence, last in a paragraph.
PLAIN, FIRST, COMMA, LAST, CLOSING = range(5)
SENTENCE = np.array([FIRST, PLAIN, PLAIN, PLAIN, PLAIN, COMMA, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, LAST])

Paragraphs = list[NDArray[np.int64]]


@dataclass(frozen=True)
class Recipe:
    """What decides the bytes of a file, beside their number.

    Attributes:
        words: Words of an article in the mean.
        boilerplate: Whether sites put their furniture around the articles.
        seed: Of all random choices.
    """

    words: int = 620
    boilerplate: bool = False
    seed: int = 1

    @property
    def name(self) -> str:
        """A name for files: what differs from the default."""
        site = "-boilerplate" if self.boilerplate else ""
        return f"articles-v{VERSION}-{self.words}w{site}-s{self.seed}"


def vocabulary(generator: np.random.Generator) -> NDArray[np.object_]:
    """Words, most frequent first: those of the corpus by frequency, then made-up ones."""
    counts: dict[str, int] = {}
    for path in sorted(CORPUS.glob("*.txt")):
        for word in re.findall(r"[a-zA-Z]{2,}", path.read_text("utf-8", "replace")):
            counts[word.lower()] = counts.get(word.lower(), 0) + 1
    words = sorted(counts, key=lambda word: (-counts[word], word))
    known = set(words)
    while len(words) < VOCABULARY:
        size = generator.integers(2, 5)
        word = "".join([SYLLABLES[i] for i in generator.integers(0, len(SYLLABLES), size)])
        if word not in known:
            known.add(word)
            words.append(word)
    return np.array(words, object)


@cache
def _written(seed: int) -> NDArray[np.object_]:
    """The vocabulary as written in each of the five ways, one after the other."""
    words = vocabulary(np.random.default_rng(seed)).tolist()
    return np.array(
        [word + " " for word in words]
        + [word.capitalize() + " " for word in words]
        + [word + ", " for word in words]
        + [word + ". " for word in words]
        + [word + ".\n" for word in words],
        object,
    )


@cache
def _cumulative() -> NDArray[np.float64]:
    weights = 1.0 / np.arange(2, VOCABULARY + 2)
    return np.cumsum(weights / weights.sum())


def draw(generator: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Draw word numbers by Zipf's law."""
    return np.minimum(np.searchsorted(_cumulative(), generator.random(count)), VOCABULARY - 1)


def original(generator: np.random.Generator, words: int) -> Paragraphs:
    """A new article: log-normally many words in paragraphs of 45."""
    length = int(np.clip(generator.lognormal(np.log(words) - 0.125, 0.5), 30, 6000))
    return np.array_split(draw(generator, length), max(1, length // 45))


def edited(paragraphs: Paragraphs, generator: np.random.Generator) -> Paragraphs:
    """Copy an article: up to 6% of the words replaced, up to a third of the paragraphs dropped, one added."""
    rate = generator.random() * 0.06
    share = generator.random() / 3
    copied = [p.copy() for p in paragraphs if generator.random() > share] or [paragraphs[0].copy()]
    for paragraph in copied:
        at = np.flatnonzero(generator.random(len(paragraph)) < rate)
        paragraph[at] = draw(generator, len(at))
    if generator.random() < 0.5:
        copied.append(draw(generator, 12))
    return copied


def written(paragraphs: Paragraphs, seed: int) -> str:
    """The text of an article: sentences of twelve words, with capitals, commas and full stops."""
    lengths = np.array([len(paragraph) for paragraph in paragraphs])
    ends = np.cumsum(lengths)
    place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    form = SENTENCE[place % len(SENTENCE)]
    form[ends - 1] = CLOSING
    chosen = form * VOCABULARY + np.concatenate(paragraphs)
    return "".join(_written(seed)[chosen].tolist())[:-1]


def furnished(text: str, number: int, generator: np.random.Generator) -> str:
    """A text between the furniture of a site: navigation, share line, caption, sign-up, rights."""
    site = int(generator.integers(PUBLISHERS))
    town = f"{SYLLABLES[site % 28]}{SYLLABLES[(site * 5 + 3) % 28]}".capitalize()
    head = f"Skip to content\nHome | News | Sport | {town} life | Opinion\nBy a {town} Courier reporter\n"
    share = "Share this article on Facebook\nShare by email\n" if site % 2 else "Copy link to this story\n"
    caption = f"Image: the scene on day {number % 31} (Photo: {town} Courier)\n" if number % 3 else ""
    foot = f"\nSign up to the {town} Courier newsletter\nMore from {town}\n(c) {town} Courier. All rights reserved."
    return head + share + caption + text + foot


def articles(count: int, recipe: Recipe | None = None) -> Iterator[tuple[str, str]]:
    """Yield `count` articles as (id, text), the same as a file of them holds."""
    for number, start in enumerate(range(0, count, BLOCK)):
        yield from _articles(recipe or Recipe(), number, min(BLOCK, count - start))


def _articles(recipe: Recipe, number: int, count: int) -> Iterator[tuple[str, str]]:
    """The first `count` articles of a block."""
    generator = np.random.default_rng((recipe.seed, recipe.words, number))
    earlier: list[Paragraphs] = []
    for position in range(number * BLOCK, number * BLOCK + count):
        if earlier and generator.random() < COPIES:
            paragraphs = edited(earlier[generator.integers(len(earlier))], generator)
        else:
            paragraphs = original(generator, recipe.words)
        if len(earlier) < 2000:
            earlier.append(paragraphs)
        else:
            earlier[generator.integers(2000)] = paragraphs
        text = written(paragraphs, recipe.seed)
        if recipe.boilerplate:
            text = furnished(text, position, generator)
        yield f"a{position:08d}", text


def block(recipe: Recipe, number: int, count: int) -> bytes:
    """The first `count` articles of a block, as JSON lines."""
    made = _articles(recipe, number, count)
    return "".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in made).encode()


def blocks(count: int, recipe: Recipe) -> Iterator[bytes]:
    """The bytes of a file of `count` articles, block by block, made on all cores."""
    sizes = [min(BLOCK, count - start) for start in range(0, count, BLOCK)]
    if len(sizes) == 1:
        yield block(recipe, 0, count)
        return
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(block, repeat(recipe), range(len(sizes)), sizes)


def write(count: int, path: Path, recipe: Recipe | None = None) -> str:
    """Write `count` articles as JSON lines, whole or not at all; returns the SHA-256 of the file."""
    digest = hashlib.sha256()
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        for data in blocks(count, recipe or Recipe()):
            digest.update(data)
            file.write(data)
    part.rename(path)
    return digest.hexdigest()


def main() -> None:
    """Write a file and print its checksum."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.generate", description="Generate articles.")
    options.add_argument("count", type=int)
    options.add_argument("file", type=Path)
    options.add_argument("--words", type=int, default=Recipe.words, help="words of an article in the mean")
    options.add_argument("--boilerplate", action="store_true", help="put the furniture of sites around them")
    options.add_argument("--seed", type=int, default=Recipe.seed)
    chosen = options.parse_args()
    print(write(chosen.count, chosen.file, Recipe(chosen.words, chosen.boilerplate, chosen.seed)))


if __name__ == "__main__":
    main()
