"""A generated corpus of labelled pages: publishers x articles x ways of publishing, seeded.

Publishers come from `publishers.toml`. Words are drawn by Zipf's law from the vocabulary of `benchmarks.generate`, so
that two articles share a paragraph only where one was copied. The kinds of page:

- `ordinary`: an article that only one site has;
- `syndicated_3`, `_6`, `_20`, `_75`: a story that so many sites publish, lightly edited: paragraphs trimmed, a few
  words changed, another title, other quotes and spaces. Seven in ten copies go to sites that do not have it yet;
- `updates`: one site publishes 2 to 8 versions of one story, paragraphs added above, others reworded;
- `live`: a live blog, short entries below times of day;
- `template`: weather and results, mostly figures in fixed wording. A few sites have such pages, and all of
  it is labelled article: a reader came for it;
- `refrain`: lines that come again though they are body text: within one article, as the fixed questions of a
  series, or as common subheadings.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.quality.documents import BODY, BOILERPLATE, Document, Line
from benchmarks.quality.pages import Page, Site, publishers, sites_of
from benchmarks.quality.words import Words, pick, tables

SHARES = {
    "syndicated_75": 0.15,
    "syndicated_20": 0.10,
    "syndicated_6": 0.08,
    "syndicated_3": 0.06,
    "updates": 0.05,
    "live": 0.02,
    "template": 0.03,
    "refrain": 0.03,
}
"""Share of the documents of each kind; the others are ordinary."""


@dataclass(frozen=True, slots=True)
class Version:
    """An article as one site has it, before the page is built around it."""

    story: str
    kind: str
    site: Site
    title: str
    lines: tuple[Line, ...]


def generate(count: int, seed: int = 1) -> list[Document]:
    """About `count` documents, in random order."""
    dice = random.Random(seed)
    words = Words(dice)
    sites = [site for publisher in publishers() for site in sites_of(publisher, dice)]
    versions = list(_versions(count, sites, words, dice))
    dice.shuffle(versions)
    titles: dict[str, list[str]] = {}
    for version in versions:
        titles.setdefault(version.site.name, []).append(version.title)
    seen: dict[str, int] = dict.fromkeys(titles, 0)
    documents = []
    for number, version in enumerate(versions):
        own = titles[version.site.name]
        at = seen[version.site.name] = seen[version.site.name] + 1
        # A page links to what its site published at about the same time.
        headlines = [title for title in own[max(0, at - 12) : at + 12] if title != version.title] or own
        page = Page(version.site, headlines, dice)
        lines = tuple(page.lines(version.title, version.lines, version.kind != "template"))
        documents.append(Document(f"d{number:06d}", version.site.name, lines, version.kind, version.story))
    return documents


def digest(documents: list[Document]) -> str:
    """SHA-256 of all pages and labels: the figures of two machines can be compared where it is the same."""
    sha = hashlib.sha256()
    for document in documents:
        sha.update(repr((document.id, document.source, document.story, document.lines)).encode())
    return sha.hexdigest()


def _versions(count: int, sites: list[Site], words: Words, dice: random.Random) -> Iterator[Version]:
    """Articles of all kinds until each has its share."""
    weights = [site.publisher.weight / len(site.publisher.editions) for site in sites]
    makers: dict[str, Callable[[str, list[Site]], Iterator[Version]]] = {
        "updates": lambda story, some: _updates(story, some[0], words, dice),
        "live": lambda story, some: _live(story, some[0], words, dice),
        "template": lambda story, some: _template(story, some[0], dice),
        "refrain": lambda story, some: _refrain(story, some[0], words, dice),
    }
    number = 0
    for kind in ("ordinary", *SHARES):
        share = SHARES.get(kind, 1 - sum(SHARES.values()))
        made = 0
        while made < round(count * share):
            number += 1
            story = f"s{number:06d}"
            some = dice.choices(sites, weights, k=4)
            if kind == "ordinary":
                lines = tuple(Line(text, BODY) for text in words.body())
                new = [Version(story, kind, some[0], words.title(), lines)]
            elif kind in makers:
                # Pages of a series come from few sites, as they do.
                few = [sites[dice.randrange(5) * 7 % len(sites)]] if kind in ("template", "refrain") else some
                new = list(makers[kind](story, few))
            else:
                new = list(_syndicated(story, int(kind.split("_")[1]), sites, words, dice))
            made += len(new)
            yield from new


def _syndicated(
    story: str, copies: int, sites: list[Site], words: Words, dice: random.Random
) -> Iterator[Version]:
    title = words.title()
    body = words.body(8, 22)
    fresh = list(sites)
    dice.shuffle(fresh)
    for _ in range(copies):
        site = fresh.pop() if fresh and dice.random() < 0.7 else dice.choice(sites)
        own = title if dice.random() < 0.5 else words.title()
        lines = tuple(Line(text, BODY) for text in edited(body, words, dice))
        yield Version(story, f"syndicated_{copies}", site, own, lines)


def edited(body: list[str], words: Words, dice: random.Random) -> list[str]:
    """A publisher's version: trimmed, a few words changed, set in its own quotes and spaces."""
    lines = list(body)
    if dice.random() < 0.5:
        lines = lines[: max(4, len(lines) - dice.randint(1, max(1, len(lines) // 3)))]
    if dice.random() < 0.3:
        del lines[dice.randrange(1, len(lines))]
    for _ in range(dice.choice([0, 0, 1, 2])):
        at = dice.randrange(len(lines))
        lines[at] = _reworded(lines[at], words, dice)
    if dice.random() < 0.15:
        lines.insert(dice.randrange(1, len(lines)), words.paragraph())
    dress = dice.random()
    if dress < 0.4:
        lines = [line.replace("“", '"').replace("”", '"') for line in lines]
    elif dress < 0.6:
        lines = [line.replace(", ", ",\u00a0").replace(". ", ".  ") for line in lines]
    return lines


def _reworded(text: str, words: Words, dice: random.Random) -> str:
    parts = text.split(" ")
    for _ in range(1 + len(parts) // 20):
        parts[dice.randrange(len(parts))] = words.draw(1)[0]
    return " ".join(parts)


def _updates(story: str, site: Site, words: Words, dice: random.Random) -> Iterator[Version]:
    title = words.title()
    body = words.body(4, 8)
    for _ in range(dice.choice([2, 2, 3, 5, 8])):
        yield Version(story, "updates", site, title, tuple(Line(text, BODY) for text in body))
        body = [*(words.paragraph() for _ in range(dice.randint(1, 3))), *body]
        body = [_reworded(text, words, dice) if dice.random() < 0.15 else text for text in body]
        if dice.random() < 0.5:
            title = words.title()


def _live(story: str, site: Site, words: Words, dice: random.Random) -> Iterator[Version]:
    lines = [Line("LIVE: this page updates by itself, newest entries first", BOILERPLATE)]
    lines += [Line("Key events", BOILERPLATE), *(Line(words.sentence(5, 10), BODY) for _ in range(3))]
    hour = 20
    for _ in range(dice.randint(8, 20)):
        hour = max(6, hour - dice.randint(0, 1))
        lines.append(Line(f"{hour:02d}:{dice.randrange(60):02d}", "time"))
        lines += [Line(words.paragraph(), BODY) for _ in range(dice.randint(1, 2))]
    lines.append(
        Line("That is all from the live desk for today. Thank you for staying with us.", BOILERPLATE)
    )
    yield Version(story, "live", site, words.title(), tuple(lines))


def _template(story: str, site: Site, dice: random.Random) -> Iterator[Version]:
    place = pick("places", dice)
    if dice.random() < 0.5:
        title = f"Weather for {place}: {pick('months', dice)} {dice.randint(1, 28)}"
        texts = [
            f"High {dice.randint(2, 33)} degrees, low {dice.randint(-9, 19)} degrees",
            f"Wind from the {dice.choice(['north', 'south', 'east', 'west'])} at {dice.randint(1, 70)} km/h",
            f"Chance of rain: {dice.randint(0, 20) * 5}%",
            f"Sunrise {dice.randint(5, 8)}:{dice.randint(10, 59)}, "
            f"sunset {dice.randint(16, 21)}:{dice.randint(10, 59)}",
            f"Outlook for {place}: {dice.choice(['dry', 'showers', 'fog at first', 'bright'])} and "
            f"{dice.choice(['mild', 'cold', 'warm', 'windy'])} for the rest of the week",
        ]
    else:
        title = f"Results from the {place} district league, round {dice.randint(1, 30)}"
        texts = [
            f"{home} {dice.randint(0, 6)} {away} {dice.randint(0, 6)}"
            for home, away in (dice.sample(tables()["words"]["places"], 2) for _ in range(dice.randint(5, 9)))
        ]
        texts.append(
            f"Attendance at {place} was {dice.randint(90, 4000)}, with {dice.randint(0, 3)} players sent off"
        )
    yield Version(story, "template", site, title, tuple(Line(text, BODY) for text in texts))


def _refrain(story: str, site: Site, words: Words, dice: random.Random) -> Iterator[Version]:
    body = [Line(text, BODY) for text in words.body()]
    sort = dice.randrange(3)
    if sort == 0:
        again = Line(words.sentence(8, 14), BODY)
        body = [line for text in body for line in (text, again)]
    elif sort == 1:
        body = [
            line
            for question, text in zip(tables()["words"]["questions"], body, strict=False)
            for line in (Line(question, BODY), text)
        ]
    else:
        for _ in range(2):
            body.insert(dice.randrange(2, len(body)), Line(pick("subheadings", dice), BODY))
    yield Version(story, "refrain", site, words.title(), tuple(body))
