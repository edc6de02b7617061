"""What two texts share and what only one has: the texts in, `Passage`s or `Hunk`s of them as written out.

A passage is a stretch of both texts, a hunk what a person is shown of them: the places where they differ, each with a
few shared words around it, as in a unified diff of words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dedup.alignment import align
from dedup.model import Texts
from dedup.stages import Stages

CONTEXT = 12
"""Shared words that are shown on either side of a difference."""

LEAST = 8
"""Shared words that are worth leaving out: a line that says so takes as much room."""

ALIGNED = 100_000
"""Characters of a text that a page aligns with another: 0.1 s, where a whole book takes minutes."""

LONGEST = 2_000
"""Characters that are shown of a stretch that only one text has."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of both clean texts: shared, or what each has in place of the other's.

    Attributes:
        shared: Whether both have the same tokens here.
        a, b: The stretch as written on either side; one may be empty where they differ.
    """

    shared: bool
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of one side of a hunk.

    Attributes:
        own: Whether the other side lacks them.
        text: The words, as written.
    """

    own: bool
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place where two texts differ.

    Attributes:
        before: Shared words in front of it that are not shown.
        a, b: The place on either side, with the shared words around it that are shown.
        after: Shared words behind the last hunk that are not shown; 0 for the others.
    """

    before: int
    a: tuple[Part, ...]
    b: tuple[Part, ...]
    after: int = 0


def passages(engine: Stages, a: str, b: str, size: int) -> list[Passage]:
    """Both texts, cut where they begin or cease to agree.

    Args:
        engine: Says what the tokens are.
        a: A text.
        b: Another.
        size: Tokens of a shingle; runs that long anchor the alignment.

    Returns:
        At least one passage. The `a` of all of them, joined, are `a` up to white space at its end, and so for `b`.
    """
    (tokens_a, spans_a), (tokens_b, spans_b) = _spans(engine, a), _spans(engine, b)
    found: list[Passage] = []
    at_a = at_b = 0  # tokens
    done_a = done_b = 0  # characters

    def cut(end_a: int, end_b: int, shared: bool) -> None:
        """A passage up to where a token begins, with the white space in front of it."""
        nonlocal done_a, done_b
        stop_a = spans_a[end_a] if end_a < len(spans_a) else len(a)
        stop_b = spans_b[end_b] if end_b < len(spans_b) else len(b)
        part_a, part_b = a[done_a:stop_a], b[done_b:stop_b]
        if part_a.strip() or part_b.strip():  # else it goes with the next
            found.append(Passage(shared, part_a, part_b))
            done_a, done_b = max(done_a, stop_a), max(done_b, stop_b)

    for run in align(tokens_a, tokens_b, size):
        if run.a > at_a or run.b > at_b:
            cut(run.a, run.b, False)
        at_a, at_b = run.a + run.length, run.b + run.length
        cut(at_a, at_b, True)
    if at_a < len(tokens_a) or at_b < len(tokens_b) or not found:
        cut(len(tokens_a), len(tokens_b), False)
    return found


def hunks(found: Sequence[Passage], context: int = CONTEXT) -> list[Hunk]:
    """The places where two texts differ; none where they share everything.

    Args:
        found: Their passages.
        context: Shared words to show on either side; places about as near as twice that are one hunk.
    """
    if all(passage.shared for passage in found):
        return []
    places: list[Hunk] = []
    left: list[Part] = []
    right: list[Part] = []
    hidden = 0

    def add(own: bool, a: str, b: str) -> None:
        for side, text in ((left, a), (right, b)):
            if text:
                side.append(Part(own, text))

    for i, passage in enumerate(found):
        if not passage.shared:
            add(True, _capped(passage.a), _capped(passage.b))
            continue
        behind, ahead = context * (i > 0), context * (i < len(found) - 1)
        words = sum(1 for _ in _WORD.finditer(passage.a))
        if words < behind + ahead + LEAST:
            add(False, passage.a, passage.b)
            continue
        if behind:
            add(False, _begin(passage.a, behind), _begin(passage.b, behind))
            places.append(Hunk(hidden, tuple(left), tuple(right)))
            left.clear()
            right.clear()
        hidden = words - behind - ahead
        if ahead:
            add(False, _end(passage.a, ahead), _end(passage.b, ahead))
    if left or right:
        places.append(Hunk(hidden, tuple(left), tuple(right)))
    elif places:
        places[-1] = replace(places[-1], after=hidden)
    return places


_WORD = re.compile(r"\S{1,20}\s*")
"""A word; of a script without spaces, or of an address, a piece."""


def _begin(text: str, words: int) -> str:
    """The first words of a text."""
    found = [match.end() for _, match in zip(range(words), _WORD.finditer(text), strict=False)]
    return text[: found[-1]] if found else text


def _end(text: str, words: int) -> str:
    """The last words of a text."""
    starts = [match.start() for match in _WORD.finditer(text)]
    return text[starts[-words] :] if len(starts) > words else text


def _capped(text: str) -> str:
    """A text without what is beyond `LONGEST`."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST].rstrip()} [… {len(text) - LONGEST:,} more characters]"


_SINGLE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""A character of a script without spaces, in which each is a token."""


def _spans(engine: Stages, text: str) -> tuple[list[str], list[int]]:
    """The tokens of a text, and the character at which the piece of each begins."""
    pieces = list(_pieces(text))
    tokens: list[str] = []
    spans: list[int] = []
    joined = engine.tokenize(Texts.from_strings([piece for _, piece in pieces])).strings()
    for (start, _), some in zip(pieces, joined, strict=True):
        parts = some.split()
        tokens += parts
        spans += [start] * len(parts)
    return tokens, spans


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Stretches of a text that no token spans, and where they begin.

    White space separates them, and a character of a script without spaces is one, with its marks.
    """
    for word in re.finditer(r"\S+", text):
        if not _SINGLE.search(word[0]):
            yield word.start(), word[0]
            continue
        start, is_single = word.start(), False
        for at in range(*word.span()):
            single = _SINGLE.match(text, at) is not None
            if (single or is_single) and not unicodedata.category(text[at]).startswith("M"):
                if at > start:
                    yield start, text[start:at]
                start, is_single = at, single
        yield start, text[start : word.end()]
