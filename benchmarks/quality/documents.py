"""Labelled documents: what the metrics are taken on, and reading them from files.

A line is `article` (body text), `boilerplate`, or anything else, which is not judged. Of an article line, some
characters at its start or end may be boilerplate: a credit, the name of the site.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dedup.model import Texts

BODY = "article"
BOILERPLATE = "boilerplate"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document.

    Attributes:
        text: The line, without its end.
        label: `article`, `boilerplate`, or another word for what is not judged.
        prefix: Characters of boilerplate that an article line begins with.
        suffix: Characters of boilerplate that it ends with.
    """

    text: str
    label: str
    prefix: int = 0
    suffix: int = 0

    @property
    def body(self) -> str:
        """The part that has to stay."""
        if self.label != BODY:
            return ""
        return self.text[self.prefix : len(self.text) - self.suffix]


@dataclass(frozen=True, slots=True)
class Document:
    """One labelled page.

    Attributes:
        id: Its name, unique in its set.
        source: Its site.
        lines: Its lines in order.
        kind: What sort of page it is; figures are also given for each kind.
        story: Documents of one story are versions of one article.
    """

    id: str
    source: str
    lines: tuple[Line, ...]
    kind: str = ""
    story: str = ""

    @property
    def text(self) -> str:
        """The page as `dedup` sees it."""
        return "\n".join(line.text for line in self.lines)

    @property
    def body(self) -> str:
        """The page as a perfect stripper leaves it."""
        return "\n".join(line.body for line in self.lines if line.body)


LANGUAGES = {
    "arabic": "ar",
    "burmese": "my",
    "chinese": "zh",
    "japanese": "ja",
    "latvian": "lv",
    "spanish": "es",
    "thai": "th",
    "yna": "ko",
}
"""Languages of lines-newspaper4k-tests, by the first part of the name; others are English."""


def read_labelled(path: Path) -> list[Document]:
    """The documents of a `lines.jsonl`; their kind is the language that the name tells, else `en`."""
    documents = []
    with path.open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            # The sets' own scorer splits at newlines only, and so do these lines.
            lines = tuple(Line(line["text"], line["label"]) for line in row["lines"])
            kind = LANGUAGES.get(row["doc"].split("_")[0], "en")
            documents.append(Document(row["doc"], row["site"], lines, kind, row["doc"]))
    return documents


def read_pages(path: Path) -> list[Document]:
    """The documents of a `docs.jsonl`, whose lines have no labels."""
    with path.open(encoding="utf-8") as file:
        rows = list(map(json.loads, file))
    return [
        Document(row["id"], row["source"], tuple(Line(text, "") for text in row["text"].split("\n")))
        for row in rows
    ]


def texts_of(documents: Sequence[Document]) -> Texts:
    """Their pages as one batch."""
    return Texts.from_strings([document.text for document in documents])
