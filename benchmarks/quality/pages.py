"""Publishers and their pages: an article goes in, the labelled lines of a page around it come out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.quality.documents import BOILERPLATE, Line
from benchmarks.quality.words import name, pick, tables


@dataclass(frozen=True, slots=True)
class Publisher:
    """What one publisher puts around its articles; see `publishers.toml`."""

    name: str
    editions: tuple[str, ...]
    weight: int
    head: tuple[str, ...]
    inside: tuple[str, ...]
    tail: tuple[str, ...]
    prefix: tuple[str, ...]
    suffix: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """One edition of a publisher, with its own reporters."""

    name: str
    publisher: Publisher
    authors: tuple[str, ...]


def publishers() -> list[Publisher]:
    """All publishers of the file."""
    return [_publisher(table) for table in tables()["publisher"]]


def _publisher(table: dict[str, Any]) -> Publisher:
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return Publisher(**fields)


def sites_of(publisher: Publisher, dice: random.Random) -> Iterator[Site]:
    """The sites of a publisher."""
    for edition in publisher.editions:
        authors = tuple(name(dice) for _ in range(6))
        yield Site(publisher.name.replace("{edition}", edition), publisher, authors)


class Page:
    """The page that a site builds around an article."""

    def __init__(self, site: Site, headlines: list[str], dice: random.Random) -> None:
        self.site = site
        self.dice = dice
        self.headlines = headlines

    def lines(self, title: str, article: Sequence[Line], prefixed: bool = True) -> Iterator[Line]:
        """All lines of the page, labelled; `prefixed` if the article may begin with a credit."""
        look = self.site.publisher
        yield from self._block(look.head)
        heading = Line(title, "title")
        yield self._with_suffix(heading) if look.suffix and self.dice.random() < 0.5 else heading
        body = list(article)
        if prefixed and look.prefix and self.dice.random() < 0.5:
            opening = self._fill(self.dice.choice(look.prefix))
            body[0] = replace(body[0], text=opening + body[0].text, prefix=len(opening))
        inside = list(self._block(look.inside))
        places = sorted(self.dice.randrange(1, len(body) + 1) for _ in inside)
        for number, line in enumerate(body, 1):
            yield line
            while places and places[0] == number:
                places.pop(0)
                yield inside.pop(0)
        yield from self._block(look.tail)

    def _with_suffix(self, line: Line) -> Line:
        ending = self._fill(self.dice.choice(self.site.publisher.suffix))
        return replace(line, text=line.text + ending, suffix=len(ending))

    def _block(self, entries: tuple[str, ...]) -> Iterator[Line]:
        for entry in entries:
            mark, _, rest = entry.partition(": ")
            if mark.endswith("%") and mark[:-1].isdigit():
                if self.dice.randrange(100) >= int(mark[:-1]):
                    continue
                entry = rest
                mark, _, rest = entry.partition(": ")
            times = 1
            if mark.endswith("x") and mark[:-1].isdigit():
                times, entry = int(mark[:-1]), rest
            for _ in range(times):
                yield Line(self._fill(entry), BOILERPLATE)

    def _fill(self, text: str) -> str:
        while "{" in text:
            before, _, rest = text.partition("{")
            field, _, after = rest.partition("}")
            text = before + self._value(field) + after
        return text

    def _value(self, field: str) -> str:
        dice = self.dice
        match field:
            case "site":
                return self.site.name
            case "author":
                return dice.choice(self.site.authors)
            case "place":
                return pick("places", dice)
            case "topic":
                return pick("topics", dice)
            case "headline":
                return dice.choice(self.headlines)
            case "date":
                return f"{dice.randint(1, 28)} {pick('months', dice)} {dice.randint(2019, 2025)}"
            case "time":
                return f"{dice.randrange(24):02d}:{dice.randrange(60):02d}"
            case "year":
                return str(dice.randint(1998, 2025))
            case "n":
                return str(dice.randint(2, 90))
            case "handle":
                return self.site.name.split()[-1].lower()
        raise ValueError(f"publishers.toml: no such filling: {field}")
