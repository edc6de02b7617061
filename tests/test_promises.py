"""The promises about what is found, each as a property: clusters, pairs, precision, recall, stripping."""

from __future__ import annotations

import math
import random
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dedup
from dedup.bands import probability
from dedup.config import Settings
from tests.oracle import Oracle
from tests.strip_texts import texts as lines_with_boilerplate
from tests.syndication import articles, collections

ORDERED = ["first", "last", "longest", "shortest", "longest,last"]
POLICIES = st.sampled_from(ORDERED)
THRESHOLDS = st.sampled_from([0.3, 0.5, 0.7, 1.0])


class Found:
    """What `find_duplicates` says about some texts, by position, beside what the definitions say."""

    def __init__(self, texts: list[str], threshold: float, keep: str, strip: bool) -> None:
        options: dict[str, Any] = {"threshold": threshold, "strip": strip}
        result = dedup.find_duplicates(texts, keep=keep, pairs=True, **options)
        self.oracle = Oracle(texts, Settings(**options))
        self.rows = result.clusters.to_pylist()
        self.kept = result.kept.tolist()
        self.removed = result.removed.tolist()
        self.pairs = {
            (int(row["a"]), int(row["b"])): row
            for row in result.pairs.to_pylist()
            if row["relation"] != "excerpt"  # see test_excerpts.py
        }
        self.near = {frozenset(key) for key, row in self.pairs.items() if row["relation"] == "near"}


FOUND = st.builds(Found, collections, THRESHOLDS, POLICIES, st.booleans())


@settings(max_examples=60)
@given(FOUND)
def test_every_removed_article_names_a_kept_one_and_both_were_compared(found: Found) -> None:
    assert sorted([*found.kept, *found.removed]) == list(range(len(found.rows)))
    for position in found.removed:
        row = found.rows[position]
        twin = int(row["duplicate_of"])
        assert twin in found.kept, "a chain"
        assert row["cluster_id"] == row["duplicate_of"] == found.rows[twin]["cluster_id"]
        similarity = found.oracle.jaccard(position, twin)
        assert similarity >= found.oracle.threshold
        assert row["similarity"] == similarity
        assert row["containment"] == found.oracle.containment(position, twin)
        equal = found.oracle.tokens[position] == found.oracle.tokens[twin]
        assert row["relation"] == ("exact" if equal else "near")
    for position in found.kept:
        row = found.rows[position]
        assert (row["cluster_id"], row["duplicate_of"], row["relation"]) == (str(position), None, None)


@settings(max_examples=60)
@given(FOUND)
def test_no_two_kept_articles_are_detected_copies(found: Found) -> None:
    """Neither does a listed pair join two kept ones, nor would one, had it been looked at."""
    kept = set(found.kept)
    assert [key for key in found.pairs if kept.issuperset(key)] == []
    for a, b in combinations(found.kept, 2):
        assert found.oracle.jaccard(a, b) < found.oracle.threshold or not found.oracle.compared(a, b)


@settings(max_examples=60)
@given(FOUND)
def test_the_pairs_are_all_that_pass_the_gates_and_no_others(found: Found) -> None:
    oracle = found.oracle
    for (a, b), row in found.pairs.items():
        assert row["similarity"] == oracle.jaccard(a, b) >= oracle.threshold
        assert row["containment"] == oracle.containment(a, b)
        assert (row["relation"] == "exact") == (oracle.tokens[a] == oracle.tokens[b])
    expected = {
        frozenset((a, b))
        for a, b in combinations(range(len(found.rows)), 2)
        if oracle.tokens[a] != oracle.tokens[b]
        and oracle.jaccard(a, b) >= oracle.threshold
        and oracle.compared(a, b)
    }
    assert found.near == expected


@settings(max_examples=40)
@given(FOUND)
def test_an_article_joins_the_most_similar_kept_one_before_it(found: Found) -> None:
    """An exact copy goes where its first copy went."""
    copies = {copy: first for (first, copy), row in found.pairs.items() if row["relation"] == "exact"}
    for position in found.removed:
        row = found.rows[position]
        if position in copies:
            assert row["cluster_id"] == found.rows[copies[position]]["cluster_id"]
            continue
        # The earlier of the two in the order of the policy comes first in a pair.
        before = [kept for kept in found.kept if (kept, position) in found.pairs]
        best = max([found.oracle.jaccard(position, kept) for kept in before], default=0.0)
        assert row["similarity"] == best


@settings(max_examples=25)
@given(
    st.lists(st.tuples(articles, st.sampled_from(["2031-02-03", "2031-02-04", None])), max_size=12),
    st.sampled_from(["longest", "shortest", "earliest:day", "latest:day,longest"]),
    st.integers(0, 2**32),
)
def test_clusters_depend_on_input_order_only_where_the_policy_does(
    records: list[tuple[str, str | None]], keep: str, seed: int
) -> None:
    rows = [{"id": f"n{i}", "text": text, "day": day} for i, (text, day) in enumerate(records)]
    schema = pa.schema([(name, pa.string()) for name in ("id", "text", "day")])
    outcomes = []
    for _ in range(3):
        result = dedup.find_duplicates(
            pa.Table.from_pylist(rows, schema), keep=keep, pairs=True, families=True
        )
        clusters = result.clusters.drop_columns("location").to_pylist()
        pairs = {tuple(row.values()) for row in result.pairs.to_pylist()}
        outcomes.append(({row["id"]: row for row in clusters}, pairs))
        random.Random(seed).shuffle(rows)
    assert outcomes[0] == outcomes[1] == outcomes[2]


# Recall


WORDS = 64
"""Words of each text below: 60 shingles."""


def text_pairs(count: int, shared: int, seed: int) -> list[str]:
    """`count` pairs of 60 shingles each that share `shared` of them, and nothing with any other pair."""
    numbers = random.Random(seed)
    texts = []
    for i in range(count):
        begin = [f"{i}x{numbers.getrandbits(40)}" for _ in range(shared + 4 if shared else 0)]
        for side in "ab":
            end = [f"{i}{side}{numbers.getrandbits(40)}" for _ in range(WORDS - len(begin))]
            texts.append(" ".join([*begin, *end]))
    return texts


def found_among(texts: list[str], **options: Any) -> int:
    """How many of the pairs 0 1, 2 3, 4 5, ... are found; no other pair may be."""
    pairs = dedup.find_duplicates(texts, pairs=True, strip=False, excerpts="off", **options).pairs
    found = {(int(a), int(b)) for a, b in zip(*pairs.select(["a", "b"]).to_pydict().values(), strict=True)}
    assert found <= {(i, i + 1) for i in range(0, len(texts), 2)}
    return len(found)


@pytest.mark.parametrize(("shared", "threshold"), [(24, 0.25), (40, 0.5), (50, 5 / 7), (54, 54 / 66)])
@pytest.mark.parametrize("recall", [0.9, 0.99])
def test_recall_at_the_threshold_is_what_was_asked_for(shared: int, threshold: float, recall: float) -> None:
    """Pairs exactly at the threshold, over many pairs and permutations."""
    assert shared / (2 * (WORDS - 4) - shared) == threshold
    texts, seeds = text_pairs(400, shared, seed=shared), range(1, 11)
    trials = len(texts) // 2 * len(seeds)
    found = sum(found_among(texts, threshold=threshold, recall=recall, seed=seed) for seed in seeds)
    # Four standard deviations of a share p of n: a right program fails in 1 of 30,000 such tests.
    assert found / trials >= recall - 4 * math.sqrt(recall * (1 - recall) / trials)


@pytest.mark.parametrize("shared", [30, 36, 40, 44, 50])
@pytest.mark.parametrize(("bands", "rows"), [(35, 3), (20, 5), (8, 8)])
def test_pairs_are_found_as_often_as_the_curve_says(shared: int, bands: int, rows: int) -> None:
    similarity = shared / (2 * (WORDS - 4) - shared)
    expected = probability(similarity, bands, rows)
    texts, seeds = text_pairs(200, shared, seed=shared), range(1, 6)
    trials = len(texts) // 2 * len(seeds)
    # The threshold lies far enough below for the low-byte gate to let everything through.
    found = sum(found_among(texts, threshold=0.2, bands=bands, rows=rows, seed=seed) for seed in seeds)
    assert abs(found / trials - expected) <= 4 * math.sqrt(expected * (1 - expected) / trials) + 1 / trials


@pytest.mark.parametrize("shared", [39, 40, 41])
def test_the_threshold_is_sharp(shared: int) -> None:
    """At the threshold is near, one shingle less is not, however likely the pair is looked at."""
    found = found_among(text_pairs(200, shared, seed=9), threshold=0.5, bands=128, rows=1)
    assert found == (200 if shared >= 40 else 0)


# Stripping


@settings(max_examples=150)
@given(lines_with_boilerplate | articles)
@example("Share this article\n\x80")  # a control character is text, but no token
def test_stripping_never_empties_an_article(text: str) -> None:
    cleaned = dedup.strip(text)
    assert bool(dedup.tokens(cleaned.text)) == bool(dedup.tokens(text))


@settings(max_examples=100)
@given(lines_with_boilerplate | articles)
def test_stripping_twice_changes_nothing(text: str) -> None:
    once = dedup.strip(text).text
    twice = dedup.strip(once, explain=True)
    assert (twice.text, twice.removed) == (once, ())


@settings(max_examples=100)
@given(lines_with_boilerplate | articles)
def test_what_stripping_takes_is_told(text: str) -> None:
    """Lines that are not named stay as they are, in order."""
    cleaned = dedup.strip(text, explain=True)
    assert cleaned.removed is not None
    lines = dict(enumerate(text.split("\n"), 1))
    for removal in cleaned.removed:
        line = lines[removal.line_no]
        if removal.action == "drop":
            assert removal.text == text.split("\n")[removal.line_no - 1]
            del lines[removal.line_no]
        elif removal.action == "strip_prefix":
            assert line.startswith(removal.text)
            lines[removal.line_no] = line.removeprefix(removal.text)
        else:
            assert line.endswith(removal.text)
            lines[removal.line_no] = line.removesuffix(removal.text)
    assert "\n".join(lines.values()) == cleaned.text
