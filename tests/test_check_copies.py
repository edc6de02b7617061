"""What each new article copies, against comparing it with every other one in plain Python."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup as package
from dedup.against import copies
from dedup.checking import Options, check
from dedup.config import Settings

# A band of each value: every pair that has anything in common is a candidate.
EVERY = Settings(threshold=0.4, bands=128, rows=1, shingle_size=2, strip=False)


def texts(seed: int, count: int) -> list[str]:
    """Stories with versions, exact copies, and texts without words."""
    chosen = random.Random(seed)
    found: list[str] = []
    for i in range(count):
        kind = chosen.random()
        if kind < 0.1:
            found.append("...")
        elif kind < 0.25 or not found:
            found.append(" ".join(f"w{seed}x{i}x{j}" for j in range(30)))
        elif kind < 0.4:
            found.append(chosen.choice(found).upper())
        else:
            words = chosen.choice(found).split()
            for j in range(chosen.randrange(8)):
                words[chosen.randrange(len(words))] = f"new{i}x{j}"
            found.append(" ".join(words))
    return found


def expected(articles: list[str], new: int, within: bool) -> Iterator[tuple[int, float]]:
    """(article, similarity with the most similar one that it copies) of the articles from `new` on."""
    sets = [set(package.shingles(text, size=2)) for text in articles]
    words = [package.tokens(text) for text in articles]
    for i in range(new, len(articles)):
        best = 0.0
        for j in range(i if within else new):
            if sets[i] and sets[j]:
                jaccard = len(sets[i] & sets[j]) / len(sets[i] | sets[j])
                best = max(best, jaccard if jaccard >= 0.4 or words[i] == words[j] else 0.0)
        if best:
            yield i, best


@pytest.mark.parametrize("entries", [1, 1 << 20])
@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 25), share=st.floats(0, 1), within=st.booleans())
def test_each_new_article_names_the_most_similar(
    entries: int, seed: int, count: int, share: float, within: bool
) -> None:
    articles = texts(seed, count)
    new = min(count - 1, int(share * count))
    for name, some in (("old", articles[:new]), ("new", articles[new:])):
        Path(f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in some))
    options = Options(settings=EVERY, **{"within" if within else "against": ("old.jsonl",)})
    before, copies.ENTRIES = copies.ENTRIES, entries
    try:
        found = check(["new.jsonl"], options).duplicates
    finally:
        copies.ENTRIES = before
    assert [(new + one.article.place.number - 1, one.similarity) for one in found] == list(
        expected(articles, new, within)
    )
    for one in found:
        known = one.original.place.path == "old.jsonl"
        original = one.original.place.number - 1 + (0 if known else new)
        article = one.article.place.number - 1 + new
        assert known or within
        assert original < article
        same = package.tokens(articles[original]) == package.tokens(articles[article])
        assert one.relation == ("exact" if same else "near")
        a, b = (set(package.shingles(articles[i], size=2)) for i in (article, original))
        assert one.containment == len(a & b) / min(len(a), len(b))
