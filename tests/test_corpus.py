"""The project's own corpus: its manifest and labels hold, and a run finds what they say."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from dedup.config import Settings
from dedup.pipeline import Options, run
from tests.articles import read_jsonl
from tests.conftest import ROOT
from tests.labels import Pair, found_pairs, labelled, pair, read_labels

CORPUS = ROOT / "corpus"
LABELS = read_labels(CORPUS / "labels.tsv")
IDS = sorted(path.stem for path in (CORPUS / "articles").iterdir())
TEMPLATE_PAGES = [f"{i:03}" for i in range(29, 39)]
LANGUAGES = [f"{i:03}" for i in range(56, 80, 3)]

CLUSTERS = {
    "000": ["001"],
    "005": ["006"],
    "007": ["008"],
    "020": ["021"],
    "022": ["023"],
    "024": ["025", "026"],
    "027": ["028"],
    "032": ["039"],
    "040": ["041", "042", "043"],
    "044": ["045"],
    "046": ["047"],
    "048": ["054"],
    "050": ["055"],
    "056": ["057"],
    "059": ["060"],
    "062": ["063"],
    "065": ["066"],
    "068": ["069"],
    "071": ["072"],
    "074": ["075"],
    "077": ["078"],
    "113": ["114"],
    "115": ["116"],
}
"""Copies by kept article with the default settings; all other articles are kept alone."""


def stem(path: str) -> str:
    return Path(path).stem


class Outcome:
    """What a run on the articles found, by the labels' ids."""

    def __init__(self, out: Path) -> None:
        self.rows: dict[str, dict[str, Any]] = {
            stem(row["id"]): row for row in read_jsonl(out / "clusters.jsonl")
        }
        self.relation = {pair(stem(a), stem(b)): found for (a, b), found in found_pairs(out).items()}
        self.similarity = {
            pair(stem(row["a"]), stem(row["b"])): row["similarity"] for row in read_jsonl(out / "pairs.jsonl")
        }


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run with the default settings and all pairs."""
    out = tmp_path_factory.mktemp("corpus") / "out"
    run([str(CORPUS / "articles")], Options(output=out, pairs=True))
    return Outcome(out)


def test_checksums_hold() -> None:
    listed = {}
    for line in (CORPUS / "MANIFEST.sha256").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    there = {f"articles/{path.name}" for path in (CORPUS / "articles").iterdir()} | {"labels.tsv"}
    assert set(listed) == there
    wrong = [
        name
        for name, digest in listed.items()
        if hashlib.sha256((CORPUS / name).read_bytes()).hexdigest() != digest
    ]
    assert wrong == []


def test_labels_name_articles_and_relations() -> None:
    assert {name for key in LABELS for name in key} <= set(IDS)
    assert set(LABELS.values()) == {"exact", "near", "excerpt", "different"}
    rows = (CORPUS / "labels.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) - 1 == len(LABELS), "a pair is listed twice"


def test_every_article_is_read(outcome: Outcome) -> None:
    assert sorted(outcome.rows) == IDS


def test_exactly_the_labelled_pairs_are_found(outcome: Outcome) -> None:
    """Exact copies are listed with their first copy only, near ones with every copy; nothing else is listed."""
    first = {copy: min(group) for group in exact_groups() for copy in group}
    expected: dict[Pair, str] = dict.fromkeys(labelled(LABELS, "near"), "near")
    expected |= dict.fromkeys(labelled(LABELS, "excerpt"), "excerpt")
    expected |= {(first[copy], copy): "exact" for copy in first if first[copy] != copy}
    assert outcome.relation == expected


def exact_groups() -> list[set[str]]:
    """The articles with equal tokens, group by group."""
    groups: list[set[str]] = []
    for a, b in sorted(labelled(LABELS, "exact")):
        group = next((group for group in groups if a in group), None)
        if group is None:
            groups.append({a, b})
        else:
            group.add(b)
    return groups


def test_labels_of_exact_copies_are_complete() -> None:
    """Equality is transitive, and whatever is near an article is near its exact copies."""
    groups = exact_groups()
    within = {pair(a, b) for group in groups for a, b in itertools.combinations(group, 2)}
    assert within == labelled(LABELS, "exact")
    for a, b in labelled(LABELS, "near"):
        for copy in next((group for group in groups if a in group), {a}):
            assert LABELS.get(pair(copy, b)) == "near"


def test_the_syndicated_pair_is_near(outcome: Outcome) -> None:
    assert outcome.relation["000", "001"] == "near"
    assert outcome.similarity["000", "001"] >= 0.9


def test_excerpts_stay_and_name_the_larger_article(outcome: Outcome) -> None:
    excerpts = labelled(LABELS, "excerpt")
    assert excerpts
    found = {name: row["excerpt_of"] for name, row in outcome.rows.items() if row["excerpt_of"]}
    assert {pair(name, stem(article)) for name, article in found.items()} == excerpts
    kept = {name for key in excerpts for name in key}
    assert [name for name in kept if outcome.rows[name]["is_duplicate"]] == []


def test_pages_of_one_template_stay_apart(outcome: Outcome, tmp_path: Path) -> None:
    apart = {pair(a, b) for a, b in itertools.combinations(TEMPLATE_PAGES, 2)}
    assert not apart & set(outcome.relation)
    run([str(CORPUS / "articles")], Options(Settings(strip=False), tmp_path / "raw", pairs=True))
    assert apart <= set(Outcome(tmp_path / "raw").relation), (
        "the raw pages are near: stripping keeps them apart"
    )


@pytest.mark.parametrize("first", LANGUAGES)
def test_the_copy_in_every_language_is_found(outcome: Outcome, first: str) -> None:
    copy, other = (f"{int(first) + i:03}" for i in (1, 2))
    assert outcome.relation.get((first, copy)) == "near"
    assert not outcome.rows[other]["is_duplicate"]
    assert outcome.rows[other]["cluster_size"] == 1


def test_articles_without_words_are_near_nothing(outcome: Outcome) -> None:
    for name in ("051", "052", "053"):
        row = outcome.rows[name]
        assert (row["cluster_size"], row["similarity"]) == (1, None)


def test_clusters_are_those_of_before(outcome: Outcome) -> None:
    """A change of this table is a change of results: look at each article that moved before pinning it anew."""
    expected = {name: name for name in IDS}
    expected |= {copy: kept for kept, copies in CLUSTERS.items() for copy in copies}
    assert {name: stem(row["cluster_id"]) for name, row in outcome.rows.items()} == expected


def test_both_engines_give_the_same_bytes(tmp_path: Path) -> None:
    for engine in ("native", "reference"):
        run([str(CORPUS / "articles")], Options(output=tmp_path / engine, engine=engine, pairs=True))
    for name in ("clusters.jsonl", "pairs.jsonl", "skipped.jsonl", "kept.txt"):
        assert (tmp_path / "native" / name).read_bytes() == (tmp_path / "reference" / name).read_bytes()
    fingerprints = {
        json.loads((tmp_path / engine / "summary.json").read_text(encoding="utf-8"))["fingerprint"]
        for engine in ("native", "reference")
    }
    assert len(fingerprints) == 1
