"""All metrics of one set: documents in, a flat table of names and values out.

Each is taken in several modes: `raw` (nothing stripped), `rules` (the packaged rules), and, where something was
learned from the set itself, `learned` and `sourced` (learned with the source of each document).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.quality.documents import Document, texts_of
from benchmarks.quality.lines import Judgement, judge, strip
from benchmarks.quality.similarity import found_pairs, jaccard, story_pairs
from dedup import boilerplate
from dedup.config import Settings
from dedup.model import Texts
from dedup.native import Native

Modes = Mapping[str, Sequence[Path] | None]
"""Names of modes, and the rules files of each besides the packaged rules; None strips nothing."""


@dataclass
class Measured:
    """What was found out about one set.

    Attributes:
        metrics: Values by name, `SET.MODE.METRIC`.
        judgements: Of labelled lines, by mode.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    judgements: dict[str, Judgement] = field(default_factory=dict)

    def add(self, name: str, values: Mapping[str, float]) -> None:
        """Add metrics whose names begin with `name`."""
        self.metrics |= {f"{name}.{key}": float(value) for key, value in values.items()}


def measure_lines(documents: Sequence[Document], name: str, modes: Modes) -> Measured:
    """Labelled lines."""
    measured = Measured()
    for mode, files in modes.items():
        if files is not None:
            rules = boilerplate.load(files)
            judgement = measured.judgements[mode] = judge(documents, strip(documents, rules), rules)
            measured.add(f"{name}.{mode}", judgement.total.rates())
    return measured


def measure_stories(documents: Sequence[Document], name: str, modes: Modes) -> Measured:
    """The generated corpus: lines, what learning takes from stories with many copies, and pairs."""
    measured = measure_lines(documents, name, modes)
    for mode, judgement in measured.judgements.items():
        measured.add(f"{name}.{mode}", _losses_by_kind(judgement, measured.judgements["rules"]))
    pairs = story_pairs(documents)
    similarities = jaccard(Texts.from_strings([document.body for document in documents]), pairs)
    copies = {pair for pair, similarity in zip(pairs, similarities, strict=True) if similarity >= 0.5}
    for mode, files in modes.items():
        clean = texts_of(documents) if files is None else strip(documents, boilerplate.load(files)).texts
        listed, implied = found_pairs([document.text for document in documents], files)
        values = {
            "jaccard": float(jaccard(clean, pairs).mean()),
            "pair_precision": len(listed & set(pairs)) / len(listed),
            "pair_recall": len(implied & copies) / len(copies),
        }
        if mode != "raw":
            values["jaccard_gain"] = values["jaccard"] - measured.metrics[f"{name}.raw.jaccard"]
        measured.add(f"{name}.{mode}", values)
    return measured


def _losses_by_kind(judgement: Judgement, rules: Judgement) -> dict[str, float]:
    """Body lines lost of each kind of page; of syndicated stories also those that the rules alone leave."""
    losses = {}
    for kind, score in sorted(judgement.kinds.items()):
        losses[f"{kind}_body_lines_lost"] = score.rates()["body_lines_lost"]
        if kind.startswith("syndicated") and judgement is not rules:
            by_learning = len(judgement.lost[kind] - rules.lost[kind])
            losses[f"{kind}_by_learning_lost"] = by_learning / score.body
    return losses


def measure_languages(documents: Sequence[Document], name: str, modes: Modes) -> Measured:
    """Labelled lines in several languages; also the worst loss of any language."""
    measured = measure_lines(documents, name, modes)
    for mode, judgement in measured.judgements.items():
        losses = {kind: score.rates()["body_lines_lost"] for kind, score in sorted(judgement.kinds.items())}
        measured.add(f"{name}.{mode}", {f"{kind}_body_lines_lost": loss for kind, loss in losses.items()})
        measured.metrics[f"{name}.{mode}.worst_language_lost"] = max(losses.values())
    return measured


def measure_pages(pages: Sequence[Document], labels: Path, name: str, modes: Modes) -> Measured:
    """Pages against their own bodies: precision and recall of the pairs, as `near` or `exact`."""
    at = {page.id: number for number, page in enumerate(pages)}
    with labels.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    same = {(min(at[a], at[b]), max(at[a], at[b])) for a, b, label in rows if label == "same"}
    measured = Measured()
    for mode, files in modes.items():
        listed, _ = found_pairs([page.text for page in pages], files)
        right = len(listed & same)
        values = {"pair_precision": right / len(listed) if listed else 1.0, "pair_recall": right / len(same)}
        if mode != "raw":
            values["pair_recall_gain"] = values["pair_recall"] - measured.metrics[f"{name}.raw.pair_recall"]
        measured.add(f"{name}.{mode}", values)
    return measured


def measure_seeds(folder: Path, name: str) -> Measured:
    """Five articles: similarity of the first two, which are copies, and characters that the other three lose."""
    raw = Texts.from_strings([path.read_bytes() for path in sorted(folder.glob("*.txt"))])
    stripped = Native(Settings(), boilerplate.load()).strip(raw)
    untouched, dated = stripped.removed_bytes[2:4].sum(), stripped.removed_bytes[4]
    measured = Measured()
    values = {
        "copies_jaccard": jaccard(stripped.texts, [(0, 1)])[0],
        "untouched_bytes_lost": untouched,
        "date_prefix_bytes_lost": dated,
    }
    measured.add(f"{name}.rules", values)
    return measured
