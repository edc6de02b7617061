"""What stripping did to labelled lines: documents and rules in, counts and rates out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.quality.documents import BODY, BOILERPLATE, Document, Line, texts_of
from dedup.config import Settings
from dedup.model import Removal, Rule, Stripped
from dedup.native import Native


@dataclass
class LineScore:
    """Counts of lines and characters.

    Attributes:
        boilerplate, removed: Boilerplate lines, and those of them that were removed.
        body, lost: Body lines, and those that were removed.
        body_chars, lost_chars: Characters of body lines, and those in lines that were removed.
        cut_chars: Characters of the body that were cut off lines that stayed.
        edge_chars, cleared_chars: Characters of boilerplate at the ends of lines that stayed, and those cut off.
    """

    boilerplate: int = 0
    removed: int = 0
    body: int = 0
    lost: int = 0
    body_chars: int = 0
    lost_chars: int = 0
    cut_chars: int = 0
    edge_chars: int = 0
    cleared_chars: int = 0

    @property
    def precision(self) -> float:
        """Share of boilerplate among the judged lines that were removed; 1 where none was."""
        return self.removed / (self.removed + self.lost) if self.removed + self.lost else 1.0

    @property
    def recall(self) -> float:
        """Share of the boilerplate lines that were removed."""
        return _share(self.removed, self.boilerplate)

    def rates(self) -> dict[str, float]:
        """The metrics, by name. What is lost is better small; the rest is better large."""
        rates = {
            "precision": self.precision,
            "recall": self.recall,
            "body_lines_lost": _share(self.lost, self.body),
            "body_chars_lost": _share(self.lost_chars, self.body_chars),
            "body_chars_cut_lost": _share(self.cut_chars, self.body_chars),
        }
        return rates | ({"edge_recall": self.cleared_chars / self.edge_chars} if self.edge_chars else {})


@dataclass
class Judgement:
    """Scores of one set of documents under one set of rules.

    Attributes:
        total: Over all documents.
        kinds: For each kind of document.
        classes: For each class of rules, lines removed: [boilerplate, body, not judged].
        lost: For each kind of document, (document, line number) of each body line that was removed.
    """

    total: LineScore = field(default_factory=LineScore)
    kinds: defaultdict[str, LineScore] = field(default_factory=lambda: defaultdict(LineScore))
    classes: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lost: defaultdict[str, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))


def strip(documents: Sequence[Document], rules: Sequence[Rule]) -> Stripped:
    """Strip the documents, with account."""
    return Native(Settings(), rules).strip(texts_of(documents), explain=True)


def judge(documents: Sequence[Document], stripped: Stripped, rules: Sequence[Rule]) -> Judgement:
    """Compare what was removed with the labels."""
    classes = {rule.id: rule.cls for rule in rules}
    judgement = Judgement()
    for document, removals in zip(documents, stripped.removals or [], strict=True):
        dropped = {one.line_no: one for one in removals if one.action == "drop"}
        cuts = [one for one in removals if one.action != "drop"]
        for number, removal in dropped.items():
            label = document.lines[number - 1].label
            name = classes.get(removal.rule, "structure")
            judgement.classes[name][label if label in (BODY, BOILERPLATE) else "other"] += 1
        for score in (judgement.total, judgement.kinds[document.kind]):
            for number, line in enumerate(document.lines, 1):
                _count(score, line, number in dropped)
            for cut in cuts:
                _count_cut(score, document.lines[cut.line_no - 1], cut)
        judgement.lost[document.kind] |= {
            (document.id, number) for number in dropped if document.lines[number - 1].label == BODY
        }
    return judgement


def _count(score: LineScore, line: Line, gone: bool) -> None:
    if line.label == BOILERPLATE:
        score.boilerplate += 1
        score.removed += gone
    elif line.label == BODY:
        score.body += 1
        score.lost += gone
        score.body_chars += len(line.text)
        score.lost_chars += len(line.text) * gone
    score.edge_chars += 0 if gone else line.prefix + line.suffix


def _count_cut(score: LineScore, line: Line, cut: Removal) -> None:
    due = line.prefix if cut.action == "strip_prefix" else line.suffix
    score.cleared_chars += min(due, len(cut.text))
    if line.label == BODY:
        score.cut_chars += max(0, len(cut.text) - due)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
