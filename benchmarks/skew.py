"""Skew: many articles that are alike, beside as many ordinary ones.

20,000 ordinary articles alone, then with 20,000 identical ones, with 20,000 that differ from each other in one word,
and with 20,000 pages of which a shared template makes 60% in the mean. What counts is the CPU time that an additional
article costs, against an ordinary one, and per compared pair; start-up is measured with one article and taken off.
What is found is checked: one article stays of the identical and of the variants, and on a sample of every corpus the
reference engine gives the same clusters.

Templates are what stripping is for: the pages, and the ordinary articles, are measured again with what `--learn`
learns from them taken off.

Bias. Learning and stripping cost an ordinary article more than hashing does; against that the pages look cheap. Peers
are not here: those that compare whole buckets need quadratic time and memory (4,000 identical articles take datasketch
24 s, gaoya 18 s, rensa 10 s).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.generate import VERSION, Recipe, articles
from benchmarks.measure import measure
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import NEAR_ONLY, Work, dedup

COUNT, ROUNDS = 20_000, 3
SAMPLE = 150
SHARE = 0.6

ONE, ORDINARY, IDENTICAL, VARIANTS, TEMPLATE = (
    *("one", "ordinary"),
    *("identical", "one-word variants", "60% template"),
)
LEARNED = ", learned"
LEARN = ("--learn", "--excerpts", "off")


def identical(text: str, count: int) -> Iterator[str]:
    """The same text again and again."""
    for _ in range(count):
        yield text


def variants(text: str, count: int) -> Iterator[str]:
    """The text with one word made another, a different place and word each time."""
    words = text.split(" ")
    for i in range(count):
        changed = list(words)
        changed[i * 7919 % len(words)] = f"variant{i}"
        yield " ".join(changed)


def pages(text: str, count: int) -> Iterator[str]:
    """Pages that begin with the same template; what follows is their own and as long as articles differ."""
    words = text.lower().split()
    template = " ".join(words[i % len(words)] + ("" if i < len(words) else "s") for i in range(372))
    own = (1 - SHARE) / SHARE * 372
    generator = np.random.default_rng(VERSION)
    for _ in range(count):
        length = int(generator.lognormal(np.log(own) - 0.125, 0.5))
        yield f"{template}\n" + " ".join(f"w{word}" for word in generator.integers(0, 50_000, length))


CORPORA: dict[str, Callable[[str, int], Iterator[str]]] = {
    IDENTICAL: identical,
    VARIANTS: variants,
    TEMPLATE: pages,
}


def run(work: Work, log: Log) -> None:
    """Measure ordinary articles and each corpus in turn."""
    count = work.count or COUNT
    ordinary, checksum = work.articles(count)
    log.note(ordinary.name, checksum)
    first = next(articles(1, Recipe(words=600)))[1]
    files = {ONE: _file(work, ONE, b"", [first]), ORDINARY: ordinary}
    for name, make in CORPORA.items():
        if work.chosen(name):
            files[name] = _file(work, name, ordinary.read_bytes(), make(first, count))
            _check(work, _file(work, f"{name}, sample", b"", make(first, min(SAMPLE, count))))
    runs = [(name, path, NEAR_ONLY) for name, path in files.items()]
    runs += [(name + LEARNED, files[name], LEARN) for name in (ONE, ORDINARY, TEMPLATE) if name in files]
    for turn in range(work.rounds or ROUNDS):
        kept = {}
        for name, path, options in runs:
            results = work.results()
            usage = measure(dedup(path, results, *options), private=True, reads=path)
            found = json.loads((results / "summary.json").read_text())
            kept[name] = found["kept"]
            log.add(
                name,
                count,
                turn,
                cpu=usage.cpu,
                private=usage.private,
                kept=found["kept"],
                compared=found["comparisons"]["candidates"],
                caps=found["caps_hit"],
            )
        for name in (IDENTICAL, VARIANTS):
            assert kept.get(name, kept[ORDINARY] + 1) == kept[ORDINARY] + 1, name


def _file(work: Work, name: str, before: bytes, texts: Iterator[str] | list[str]) -> Path:
    """A file of articles behind others."""
    path = work.directory / f"skew {name}.jsonl"
    work.directory.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(before)
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": f"s{number:08d}", "text": text}).encode() + b"\n")
    return path


def _check(work: Work, sample: Path) -> None:
    """The reference engine finds the same."""
    found = []
    for engine in ("native", "reference"):
        results = work.results(engine)
        measure(dedup(sample, results, *NEAR_ONLY, "--engine", engine))
        found.append((results / "clusters.jsonl").read_bytes())
    assert found[0] == found[1], sample


def summary(rows: Rows) -> str:
    """What an additional article costs, against an ordinary one."""
    size = next(size for _, size in rows.cases())

    def median(case: str, metric: str) -> float:
        return rows.median(case, size, metric) or 0.0

    lines = []
    for case, _ in rows.cases():
        way = LEARNED if case.endswith(LEARNED) else ""
        if case == ONE + way:
            continue
        ordinary = max(median(ORDINARY + way, "cpu") - median(ONE + way, "cpu"), 1e-9)
        more = case != ORDINARY + way
        cost = median(case, "cpu") - median((ORDINARY if more else ONE) + way, "cpu")
        compared = median(case, "compared") - more * median(ORDINARY + way, "compared")
        lines.append(
            (
                case,
                number(cost * 1e6 / size),
                number(cost / ordinary, 2),
                number(compared, 0),
                number(cost * 1e6 / compared if compared else None, 2),
                number(median(case, "kept") - more * median(ORDINARY + way, "kept"), 0),
                number(median(case, "private"), 0),
                number(median(case, "caps"), 0),
            )
        )
    header = (
        "",
        "CPU µs an article",
        "of an ordinary",
        "compared",
        "µs a pair",
        "kept",
        "private MB",
        "caps hit",
    )
    return (
        f"{size:,} ordinary articles, and {size:,} more of each kind beside them:\n\n{table(header, lines)}"
    )
