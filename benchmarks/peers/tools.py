"""The tools that are compared: what to install, what to run, what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.work import NEAR_ONLY, dedup

PROGRAMS = Path(__file__).parent / "programs"

Command = Callable[[Path, Path, Path], list[str]]
"""Interpreter, articles and results -> a command line."""


@dataclass(frozen=True)
class Tool:
    """One way to find copies in a file of articles.

    Attributes:
        name: With its version.
        count: Most articles it is given, so that a comparison takes minutes.
        command: What is measured.
        requirements: What its interpreter needs; none for dedup itself.
        after: What turns its results into pairs, not measured, where that takes another program.
        does: What it does and what it leaves out, for the reader.
    """

    name: str
    count: int
    command: Command
    requirements: tuple[str, ...] = ()
    after: Command | None = None
    does: str = ""


def program(file: str, *options: str) -> Command:
    """A program of this package, run by the tool's interpreter; -P because it is named like what it imports."""

    def command(python: Path, articles: Path, results: Path) -> list[str]:
        return [str(python), "-P", str(PROGRAMS / file), str(articles), str(results), *options]

    return command


def _dedup(*options: str) -> Command:
    return lambda _, articles, results: dedup(articles, results, *options)


def _text_dedup(python: Path, articles: Path, results: Path) -> list[str]:
    where = ["--path", "json", "--data_files", str(articles), "--split", "train", "--column", "text"]
    bands = ["--ngram", "5", "--num_perm", "105", "--b", "35", "--r", "3"]
    how = ["--hash_func", "xxh3", "--hash_bits", "32", "--num_proc", "1", "--debug"]
    out = ["--cache_dir", str(results / "cache"), "--output", str(results / "kept")]
    return [str(python), "-m", "text_dedup.minhash", *where, *bands, *how, *out]


def _text_dedup_clusters(python: Path, _: Path, results: Path) -> list[str]:
    return [str(python), "-P", str(PROGRAMS / "text_dedup.py"), str(results)]


FAST, SLOW = 100_000, 10_000

RENSA = ("rensa==0.5.0", "orjson==3.13.0")
DATASKETCH = ("datasketch==2.0.0", "xxhash==4.1.0", "orjson==3.13.0")

DEDUP = "dedup, near copies only"
"""What all others are compared with."""

TOOLS = (
    Tool(DEDUP, FAST, _dedup(*NEAR_ONLY), does="verified clusters, records written"),
    Tool("dedup", FAST, _dedup(), does="the same with boilerplate stripped, and excerpts"),
    Tool(
        "gaoya 0.2.2",
        FAST,
        program("gaoya.py"),
        ("gaoya==0.2.2", "orjson==3.13.0"),
        does="pairs by estimated similarity",
    ),
    Tool(
        "rensa 0.5.0, flags",
        FAST,
        program("rensa.py", "flags"),
        RENSA,
        does="which articles share a band",
    ),
    Tool(
        "rensa 0.5.0, flags of words",
        FAST,
        program("rensa.py", "flags", "words"),
        RENSA,
        does="which articles share a band, punctuation left out as dedup and gaoya do",
    ),
    Tool(
        "datasketch 2.0.0, xxhash",
        FAST,
        program("datasketch.py", "xxhash"),
        DATASKETCH,
        does="pairs that share a band",
    ),
    Tool(
        "rensa 0.5.0, pairs",
        FAST,
        program("rensa.py", "pairs"),
        RENSA,
        does="pairs by estimated similarity",
    ),
    Tool(
        "datasketch 2.0.0, sha1",
        FAST,
        program("datasketch.py", "sha1"),
        DATASKETCH,
        does="pairs that share a band",
    ),
    Tool(
        "text-dedup 0.4.0",
        FAST,
        _text_dedup,
        ("text-dedup==0.4.0",),
        _text_dedup_clusters,
        does="connected components, records written",
    ),
    Tool(
        "datatrove 0.10.1",
        SLOW,
        program("datatrove.py"),
        (
            "datatrove==0.10.1",
            "orjson==3.13.0",
            "regex==2026.11.15",
            "spacy==3.8.18",
            "tokenizers==0.23.3",
            "xxhash==3.8.2",
        ),
        does="connected components, records written",
    ),
)
