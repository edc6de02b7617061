"""The report: metrics and judgements in, Markdown out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.quality.gate import is_loss
from benchmarks.quality.lines import Judgement
from benchmarks.quality.measure import Measured
from benchmarks.quality.noise import SETTINGS

MODES = ("raw", "rules", "learned", "sourced")
RATES = ("precision", "recall", "body_lines_lost", "body_chars_lost", "body_chars_cut_lost", "edge_recall")
PAIRS = ("jaccard", "pair_precision", "pair_recall")
FOUND = ("exact", "near", "copies", "excerpt", "contained", "any", "clusters", *SETTINGS)
"""What stands in the place of a mode where pairs are judged: relations, or settings."""

GOALS = {
    "threshold.near.precision": 1,
    "threshold.near.recall_at_threshold": 0.99,
    **{f"corpus.{relation}.f1": 1 for relation in ("exact", "near", "excerpt")},
    "mccormick-100.copies.f1": 1,
    "mccormick-1000.copies.f1": 1,
    "pagebody.any.f1": 0.97,
    "spotify.copies.f1": 1,
    "spotify.contained.recall": 0.95,
    "spotify.clusters.ari": 0.8,
    "tgcontest.any.precision": 1,
    "scrapinghub.rules.precision": 0.98,
    "scrapinghub.rules.body_chars_lost": 0.0013,
    "scrapinghub.learned.precision": 0.98,
    "scrapinghub.learned.recall": 0.30,
    "scrapinghub.learned.body_chars_lost": 0.0015,
    "scrapinghub.sourced.precision": 0.98,
    "scrapinghub.sourced.recall": 0.42,
    "scrapinghub.sourced.body_chars_lost": 0.0035,
    "newspaper4k.rules.worst_language_lost": 0.01,
    "newspaper4k.learned.worst_language_lost": 0.01,
    "pagebody.rules.pair_precision": 0.97,
    "pagebody.rules.pair_recall_gain": 0.10,
    "pagebody.sourced.pair_precision": 0.97,
    "pagebody.sourced.pair_recall_gain": 0.10,
    "seeds.rules.copies_jaccard": 0.9245,
    "seeds.rules.untouched_bytes_lost": 0,
    "seeds.rules.date_prefix_bytes_lost": 17,
    **{
        f"{corpus}.{mode}.{metric}": goal
        for corpus in ("small", "generated", "full")
        for mode in ("learned", "sourced")
        for metric, goal in (
            *((f"syndicated_{copies}_by_learning_lost", 0.001) for copies in (3, 6, 20, 75)),
            ("jaccard_gain", 0.10),
        )
    },
}
"""What is meant to be reached. A floor guards what was reached, whether that is more or less."""


def report(sets: Mapping[str, Measured]) -> str:
    """All tables."""
    parts = [*_goals(sets), *(part for name, measured in sets.items() for part in _set(name, measured))]
    return "\n".join(parts)


def _goals(sets: Mapping[str, Measured]) -> Iterator[str]:
    metrics = {name: value for measured in sets.values() for name, value in measured.metrics.items()}
    rows = []
    for name, goal in GOALS.items():
        if name in metrics:
            met = metrics[name] <= goal if is_loss(name) else metrics[name] >= goal
            sign = "at most" if is_loss(name) else "at least"
            rows.append([name, f"{sign} {goal:g}", f"{metrics[name]:.4f}", "yes" if met else "no"])
    yield "## goals\n"
    yield from table(["metric", "goal", "measured", "met"], rows)


def _set(name: str, measured: Measured) -> Iterator[str]:
    yield f"## {name}\n"
    if measured.judgements:
        yield from _metrics(name, measured, RATES)
        yield from _classes(measured.judgements)
    yield from _metrics(name, measured, PAIRS)
    rest = {
        key.split(".", 2)[2]: None
        for key in measured.metrics
        if not key.endswith(tuple(f".{metric}" for metric in (*RATES, *PAIRS)))
    }
    yield from _metrics(name, measured, tuple(rest), turned=True)
    found = dict.fromkeys(key.split(".")[2] for key in measured.metrics if key.split(".")[1] in FOUND)
    yield from _metrics(name, measured, tuple(found), modes=FOUND)


def _metrics(
    name: str, measured: Measured, metrics: Sequence[str], turned: bool = False, modes: Sequence[str] = MODES
) -> Iterator[str]:
    """A table of some metrics, a mode a row, or turned, a mode a column."""
    values = {
        (mode, metric): f"{measured.metrics[key]:.4f}"
        for mode in modes
        for metric in metrics
        if (key := f"{name}.{mode}.{metric}") in measured.metrics
    }
    modes = [mode for mode in modes if any(key[0] == mode for key in values)]
    there = [metric for metric in metrics if any(key[1] == metric for key in values)]
    if not values:
        return
    if turned:
        rows = [[metric, *(values.get((mode, metric), "") for mode in modes)] for metric in there]
        yield from table(["", *modes], rows)
    else:
        rows = [[mode, *(values.get((mode, metric), "") for metric in there)] for mode in modes]
        yield from table(["", *there], rows)


def _classes(judgements: Mapping[str, Judgement]) -> Iterator[str]:
    """Lines removed by each class of rules, as boilerplate / body / not judged, in each mode."""
    names = sorted({name for judgement in judgements.values() for name in judgement.classes})
    rows = []
    for name in names:
        cells = [
            " / ".join(str(judgement.classes[name][label]) for label in ("boilerplate", "article", "other"))
            for judgement in judgements.values()
        ]
        rows.append([name, *cells])
    yield "Lines removed, boilerplate / body / not judged:\n"
    yield from table(["class", *judgements], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, with an empty line behind it."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
