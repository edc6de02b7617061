"""The quality gate: measures stripping and the pairs that are found, and fails where a floor is missed.

    python -m benchmarks.quality                  # the gate, as CI runs it
    python -m benchmarks.quality --report         # tables, as Markdown
    python -m benchmarks.quality --update-floors  # raise the floors that were beaten
    python -m benchmarks.quality --lower generated.rules.recall=0.2

What is generated and `corpus/` are always measured; the labelled real data where `--data` has them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.generate import CORPUS
from benchmarks.quality import gate
from benchmarks.quality.detection import QUESTIONS, measure_detection, read_set
from benchmarks.quality.documents import Document, read_labelled, read_pages
from benchmarks.quality.generated import digest, generate
from benchmarks.quality.learning import modes_of
from benchmarks.quality.measure import (
    Measured,
    Modes,
    measure_languages,
    measure_lines,
    measure_pages,
    measure_seeds,
    measure_stories,
)
from benchmarks.quality.noise import measure_noise
from benchmarks.quality.report import report
from benchmarks.quality.threshold import measure_threshold

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SETS = {
    "generated": "",
    "small": "",
    "scrapinghub": "lines-scrapinghub",
    "newspaper4k": "lines-newspaper4k-tests",
    "pagebody": "pagebody-scrapinghub",
    "seeds": "seeds",
    "threshold": "",
    "corpus": str(CORPUS.parent),
    "noise": str(CORPUS.parent),
    "mccormick-100": "mccormick-100",
    "mccormick-1000": "mccormick-1000",
    "spotify": "provenance-spotify",
    "tgcontest": "tgcontest-en",
}
"""All sets, and the folder of each."""
GENERATED = {"generated": (3_000, 1), "small": (800, 2), "full": (30_000, 3)}
"""Documents and seed of the generated corpora: what is learned depends on how many there are."""
PAIRS = {False: (4_000, 1), True: (50_000, 1)}
"""Articles and seed of the pairs at the threshold, not `--full` and `--full`."""


def main(arguments: list[str] | None = None) -> int:
    """Run the gate; 1 if a floor was missed."""
    options = _parser().parse_args(arguments)
    floors = gate.read_floors(options.floors)
    if options.lower:
        try:
            gate.write_floors(gate.lowered(floors, dict(options.lower)), options.floors)
        except KeyError as error:
            print(f"quality: {error.args[0]}", file=sys.stderr)
            return 1
        return 0
    with tempfile.TemporaryDirectory(prefix="dedup-quality-") as work:
        sets = dict(measure(options, Path(work)))
    metrics = {name: value for measured in sets.values() for name, value in measured.metrics.items()}
    if options.report:
        print(report(sets))
    if options.update_floors:
        floors = gate.raised(metrics, floors)
        gate.write_floors(floors, options.floors)
    found = gate.complaints(metrics, floors)
    for complaint in found:
        print(f"quality: {complaint}", file=sys.stderr)
    print(
        f"quality: {len(metrics) - len(found)} of {len(metrics)} metrics within their floors", file=sys.stderr
    )
    return 1 if found else 0


def measure(options: argparse.Namespace, work: Path) -> Iterator[tuple[str, Measured]]:
    """Measure every set that was asked for and is there, in all modes; learned files go under `work`."""
    for name in options.only or SETS:
        if name in GENERATED:
            name = "full" if name == "generated" and options.full else name
            documents = generate(*GENERATED[name])
            print(f"{name}: {len(documents)} documents, SHA-256 {digest(documents)}", file=sys.stderr)
            yield name, measure_stories(documents, name, _modes(documents, work / name))
            continue
        if name == "threshold":
            yield name, measure_threshold(*PAIRS[options.full], work)
            continue
        folder = options.data / SETS[name]
        if not folder.is_dir():
            print(f"{name}: not measured, {folder} is not there", file=sys.stderr)
            continue
        if name == "noise":
            yield name, measure_noise(read_set(folder))
            continue
        measured = _measure_stripping(name, folder, work / name)
        if name in QUESTIONS:
            measured.metrics |= measure_detection(name, read_set(folder)).metrics
        yield name, measured


def _measure_stripping(name: str, folder: Path, work: Path) -> Measured:
    if name == "seeds":
        return measure_seeds(folder, name)
    if name == "pagebody":
        pages = read_pages(folder / "docs.jsonl")
        return measure_pages(pages, folder / "pairs.tsv", name, _modes(pages, work))
    if name in QUESTIONS:
        return Measured()
    documents = read_labelled(folder / "lines.jsonl")
    take = measure_languages if name == "newspaper4k" else measure_lines
    return take(documents, name, _modes(documents, work))


def _modes(documents: Sequence[Document], folder: Path) -> Modes:
    return modes_of(
        [document.text for document in documents], [document.source for document in documents], folder
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=str(__doc__).split("\n")[0]
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the labelled sets")
    parser.add_argument(
        "--full", action="store_true", help="30,000 generated documents, 50,000 of the threshold"
    )
    parser.add_argument("--only", action="append", choices=SETS, help="measure this set only")
    parser.add_argument("--report", action="store_true", help="print all figures as Markdown")
    parser.add_argument("--floors", type=Path, default=gate.FLOORS, help="the file of the floors")
    parser.add_argument("--update-floors", action="store_true", help="raise the floors that were beaten")
    parser.add_argument("--lower", action="append", type=_order, metavar="NAME=VALUE", help="lower one floor")
    return parser


def _order(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


if __name__ == "__main__":
    sys.exit(main())
