"""The quality gate: measures what stripping removes and keeps, and fails where a floor is missed.

    python -m benchmarks.quality                  # the gate, as CI runs it
    python -m benchmarks.quality --report         # tables, as Markdown
    python -m benchmarks.quality --update-floors  # raise the floors that were beaten
    python -m benchmarks.quality --lower generated.rules.recall=0.2

The generated corpus is always measured; the labelled real data where `--data` has them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.quality import gate
from benchmarks.quality.documents import read_labelled
from benchmarks.quality.generated import digest, generate
from benchmarks.quality.measure import (
    Measured,
    Modes,
    measure_languages,
    measure_lines,
    measure_pages,
    measure_seeds,
    measure_stories,
)
from benchmarks.quality.report import report

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SMALL, FULL = 3_000, 30_000


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
    sets = dict(measure(options))
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


SETS = ("generated", "scrapinghub", "newspaper4k", "pagebody", "seeds")


def measure(options: argparse.Namespace) -> Iterator[tuple[str, Measured]]:
    """Measure every set that was asked for and is there."""
    wanted = options.only or SETS
    folders = {
        "scrapinghub": options.data / "lines-scrapinghub",
        "newspaper4k": options.data / "lines-newspaper4k-tests",
        "pagebody": options.data / "pagebody-scrapinghub",
        "seeds": options.data / "seeds",
    }
    modes: Modes = {"raw": None, "rules": []}
    for name in wanted:
        if name == "generated":
            documents = generate(FULL if options.full else SMALL)
            name = "full" if options.full else name
            print(f"{name}: {len(documents)} documents, SHA-256 {digest(documents)}", file=sys.stderr)
            yield name, measure_stories(documents, name, modes)
        elif not folders[name].is_dir():
            print(f"{name}: not measured, {folders[name]} is not there", file=sys.stderr)
        elif name == "scrapinghub":
            yield name, measure_lines(read_labelled(folders[name] / "lines.jsonl"), name, modes)[0]
        elif name == "newspaper4k":
            yield name, measure_languages(read_labelled(folders[name] / "lines.jsonl"), name, modes)
        elif name == "pagebody":
            yield name, measure_pages(folders[name], name, modes)
        else:
            yield name, measure_seeds(folders[name], name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=str(__doc__).split("\n")[0]
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the labelled sets")
    parser.add_argument("--full", action="store_true", help=f"{FULL:,} generated documents, not {SMALL:,}")
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
