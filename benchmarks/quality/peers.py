"""Which labelled pairs other tools find with their defaults, on the texts as they stand and on stripped ones.

    python -m benchmarks.quality.peers --work /tmp/work [--data DIR]

Not part of the gate: each tool needs an environment of its own, which is made under `--work`.

Bias. Defaults are for other texts than news: datasketch's threshold is 0.9, rensa's documentation has 0.8, text-dedup's
is 0.7, dedup's 0.5. datasketch and rensa leave shingling to their users; both get words, as in their own examples, and
datasketch also with the threshold of its example. The labels of `corpus` are dedup's own definition of a copy, on
stripped texts; on the other sets, some of which it was tuned on, they come from elsewhere. On `pagebody` any relation
is asked for, and nobody else looks for excerpts. Stripped texts are dedup's, given to all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import dedup
from benchmarks.measure import measure
from benchmarks.pairs import found_pairs
from benchmarks.peers.tools import PROGRAMS, Tool, program
from benchmarks.quality.__main__ import DATA, SETS
from benchmarks.quality.detection import QUESTIONS, Pair, Question, find, judge, read_set
from benchmarks.quality.report import table
from benchmarks.work import Work


def _text_dedup(python: Path, articles: Path, results: Path) -> list[str]:
    where = ["--path", "json", "--data_files", str(articles), "--split", "train", "--column", "text"]
    out = ["--cache_dir", str(results / "cache"), "--output", str(results / "kept")]
    return [str(python), "-m", "text_dedup.minhash", *where, *out, "--num_proc", "1", "--debug"]


TOOLS = (
    Tool(
        "datasketch 2.0.0, threshold .9",
        0,
        program("datasketch_defaults.py"),
        ("datasketch==2.0.0", "xxhash==4.1.0", "orjson==3.13.0"),
    ),
    Tool(
        "datasketch 2.0.0, threshold .5",
        0,
        program("datasketch_defaults.py", "0.5"),
        ("datasketch==2.0.0", "xxhash==4.1.0", "orjson==3.13.0"),
    ),
    Tool("rensa 0.5.0", 0, program("rensa_defaults.py"), ("rensa==0.5.0", "orjson==3.13.0")),
    Tool(
        "text-dedup 0.4.0",
        0,
        _text_dedup,
        ("text-dedup==0.4.0",),
        lambda python, _, results: [str(python), "-P", str(PROGRAMS / "text_dedup.py"), str(results)],
    ),
)
COMPARED = ("corpus", "spotify", "pagebody", "mccormick-1000", "tgcontest")
ALL = Question("exact or near", {"exact", "near"}, {"exact", "near"}, {"excerpt"})
"""What is asked of `corpus`: others know one relation only."""


def main() -> None:
    """Print a table of precision, recall and F1 of each tool on each set."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.peers")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the labelled sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for environments and results")
    options = parser.parse_args()
    work = Work(options.work)
    head, rows = ["set", "texts", "dedup", *(tool.name for tool in TOOLS)], []
    for name in COMPARED:
        folder = options.data / SETS[name]
        if not folder.is_dir():
            print(f"{name}: not compared, {folder} is not there", file=sys.stderr)
            continue
        labelled = read_set(folder)
        question = ALL if name == "corpus" else QUESTIONS[name][0]
        clean = {key: dedup.strip(text).text for key, text in labelled.texts.items()}
        for form, texts in (("raw", labelled.texts), ("stripped", clean)):
            found = [find(labelled.texts, strip=form == "stripped").pairs]
            found += [_find(texts, tool, work) for tool in TOOLS]
            scores = [judge(pairs, labelled.labels, question) for pairs in found]
            cells = [f"{score.precision:.3f} / {score.recall:.3f} / {score.f1:.3f}" for score in scores]
            rows.append([name, form, *cells])
    print("\n".join(table(head, rows)))


def _find(texts: Mapping[str, str], tool: Tool, work: Work) -> dict[Pair, str]:
    """What a tool finds, as near pairs."""
    names = list(texts)
    articles = work.directory / "labelled.jsonl"
    with articles.open("w", encoding="utf-8") as file:
        file.writelines(
            json.dumps({"id": str(at), "text": texts[name]}) + "\n" for at, name in enumerate(names)
        )
    results = work.results("labelled")
    python = work.python(tool.requirements[0].split("==")[0], tool.requirements)
    measure(tool.command(python, articles, results))
    if tool.after:
        measure(tool.after(python, articles, results))
    pairs: dict[Pair, str] = {}
    for a, b in found_pairs(results).tolist():
        one, other = sorted((names[a], names[b]))
        pairs[one, other] = "near"
    return pairs


if __name__ == "__main__":
    main()
