"""Whole processes against peers: JSON lines in, duplicates out, on one thread.

Each tool runs in a virtual environment of its own, made by this benchmark, by its own documented fastest path. The
tools take turns, each run is a new process; what counts is its CPU seconds and its peak memory, medians over the
rounds, and how many times what dedup takes for near copies only (`--no-strip --excerpts off`) on the same articles in
the same rounds. That run comes before and after each of the others: the speed of a machine changes from minute to
minute. The slowest tool gets a tenth of the articles, and is compared with dedup on as many; the second ratio
compares what an article costs with dedup at the most articles, where start-up is the smallest part.

Bias. All have word 5-grams, 35 bands of 3 rows, threshold 0.5 where they verify. For the peers: their signatures have
105 values, all that the bands need, dedup's 128; they split at white space, dedup by Unicode's rules; only text-dedup
and datatrove write the records that stay, as dedup does in all runs. Nobody but dedup verifies exactly. For dedup:
its input is mapped, theirs is read through orjson or their own reader; one thread each, where some scale and some do
not; articles are made up and differ from the copies only by edits, so that hardly a pair is near the threshold.
Words between spaces keep their punctuation, which real copies change: of the pairs of Jaccard similarity 0.5 on the
labelled web pages of the quality gate they find 96 of 99, and of the news 5 of 6. So rensa is measured with words of
letters and digits as well, which find all of them.
`dedup` by its defaults does more than the others: it strips, which the articles have no need of, and finds excerpts.
"""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.measure import measure
from benchmarks.pairs import Truth
from benchmarks.peers.tools import DEDUP, FAST, TOOLS, Tool
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import Work

ROUNDS = 3


def run(work: Work, log: Log) -> None:
    """Measure the chosen tools, and dedup beside them."""
    groups: dict[int, list[Tool]] = defaultdict(list)
    for tool in TOOLS:
        if work.chosen(tool.name) and tool.requirements:
            groups[tool.count].append(tool)
            log.note(tool.name, ", ".join(tool.requirements))
    pythons = {
        tool.name: work.python(tool.requirements[0].split("==")[0], tool.requirements)
        for tools in groups.values()
        for tool in tools
    }
    own = [tool for tool in TOOLS if not tool.requirements]
    for largest, tools in groups.items():
        count = largest if work.count is None else work.count * largest // FAST
        articles, checksum = work.articles(count)
        log.note(articles.name, checksum)
        for turn in range(work.rounds or ROUNDS):
            for tool in [*own, *(each for peer in tools for each in (peer, own[0]))]:
                results = work.results(tool.name)
                python = pythons.get(tool.name, Path(sys.executable))
                usage = measure(tool.command(python, articles, results), reads=articles)
                log.add(tool.name, count, turn, cpu=usage.cpu, wall=usage.wall, peak=usage.peak)
        _judge(work, log, articles, count, own[:1] + tools, pythons)


def _judge(
    work: Work, log: Log, articles: Path, count: int, tools: list[Tool], pythons: dict[str, Path]
) -> None:
    """Compare what the last round of each tool found with the truth."""
    truth = Truth(articles)
    log.add("exact Jaccard", count, 0, pairs=len(truth))
    for tool in tools:
        results = work.directory / "results" / tool.name
        if tool.after:
            measure(tool.after(pythons[tool.name], articles, results))
        elif tool.name == DEDUP:
            results = work.results(tool.name)
            measure([*tool.command(Path(sys.executable), articles, results), "--pairs"])
        quality = truth.judge(results)
        log.add(
            tool.name,
            count,
            0,
            precision=quality.precision,
            recall=quality.recall,
            reported=quality.reported,
            whole=quality.of == "pairs",
        )
        shutil.rmtree(results)


def summary(rows: Rows) -> str:
    """A table for each number of articles; ratios are those of the same round."""
    parts = []
    does = {tool.name: tool.does for tool in TOOLS}
    most = max(size for _, size in rows.cases())
    least = (rows.median(DEDUP, most, "cpu") or 0.0) / most
    for size in dict.fromkeys(size for _, size in rows.cases()):
        lines = []
        base = rows.median(DEDUP, size, "cpu")
        for case in [case for case, count in rows.cases() if count == size and case in does]:
            cpu = rows.median(case, size, "cpu")
            ratio = rows.ratio(case, DEDUP, size, "cpu")
            whole = rows.median(case, size, "whole")
            lines.append(
                (
                    f"{case}: {does[case]}",
                    number(cpu, 2),
                    number(ratio),
                    number(ratio * base / size / least if ratio and base and least else None),
                    number(rows.median(case, size, "peak"), 0),
                    number(rows.median(case, size, "precision"), 3),
                    number(rows.median(case, size, "recall"), 3)
                    + ("" if whole in (None, 1) else " of articles"),
                )
            )
        pairs = number(rows.median("exact Jaccard", size, "pairs"), 0)
        header = ("", "CPU s", "times dedup", "an article", "peak MB", "precision", "recall")
        parts.append(
            f"{size:,} articles, {pairs} pairs of Jaccard similarity 0.5 or more:\n\n{table(header, lines)}"
        )
    return "\n\n".join(parts)
