"""Learning from a set itself: its pages in, the modes to measure it in out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.measure import Modes
from dedup.boilerplate.learned import write_learned
from dedup.boilerplate.learner import Learner


def modes_of(texts: Sequence[str], sources: Sequence[str], folder: Path) -> Modes:
    """All modes for some pages; what they teach is written under `folder`, as `dedup learn --min-documents 0` does.

    Args:
        texts: The pages.
        sources: The site of each.
        folder: A folder of its own for this set; made here.
    """
    folder.mkdir()
    modes: dict[str, Sequence[Path] | None] = {"raw": None, "rules": []}
    for mode, known in (("learned", None), ("sourced", sources)):
        file = folder / f"{mode}.toml"
        # As for files: bounded memory would forget lines of the largest corpus.
        with Learner(spill=True, temp_dir=folder) as learner:
            learner.add(texts, known, [str(number) for number in range(len(texts))])
            write_learned(file, learner.learn(min_documents=0))
        modes[mode] = [file]
    return modes
