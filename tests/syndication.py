"""Strategies for syndicated articles: a few stories, and what publishers make of them."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from tests.articles import story
from tests.strategies import corpora, hostile

Lines = list[str]

PARAGRAPHS = 5
FURNITURE = ["Share this article", "Topics", "Read more", "Advertisement", "4", "NEWS", ""]


def paragraphs(seed: int) -> Lines:
    """Story `seed` in paragraphs of 16 words."""
    words = story(seed).split()
    size = len(words) // PARAGRAPHS
    return [" ".join(words[i * size : (i + 1) * size]) + "." for i in range(PARAGRAPHS)]


def reword(lines: Lines, at: int) -> Lines:
    """Another word in one paragraph."""
    words = lines[at % len(lines)].split(" ")
    words[at // len(lines) % len(words)] = f"reworded{at % 3}"
    return [*lines[: at % len(lines)], " ".join(words), *lines[at % len(lines) + 1 :]]


def drop(lines: Lines, at: int) -> Lines:
    """One paragraph less, if there are several."""
    return [line for i, line in enumerate(lines) if i != at % len(lines)] if len(lines) > 1 else lines


def cut(lines: Lines, at: int) -> Lines:
    """Only the beginning."""
    return lines[: 1 + at % len(lines)]


def typeset(lines: Lines, at: int) -> Lines:
    """The same words in another dress."""
    old, new = [(" ", "\u00a0"), (" ", "  "), (".", "!"), ("a", "A"), ("e", "e\u00ad"), ("\n", "\r\n")][
        at % 6
    ]
    return [line.replace(old, new) for line in lines]


def furnish(lines: Lines, at: int) -> Lines:
    """A line of boilerplate at the head or the tail."""
    line = FURNITURE[at % len(FURNITURE)]
    return [line, *lines] if at % 2 else [*lines, line]


EDITS: list[Callable[[Lines, int], Lines]] = [reword, drop, cut, typeset, furnish]


@st.composite
def versions(draw: st.DrawFn) -> str:
    """One publisher's version of one of four stories."""
    lines = paragraphs(draw(st.integers(0, 3)))
    for edit, at in draw(st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 79)), max_size=4)):
        lines = edit(lines, at)
    return "\n".join(lines)


articles = st.one_of(
    versions(),
    versions(),
    st.sampled_from(["", "…", "one two three", "Share this article"]),
    st.lists(hostile, max_size=12).map(" ".join),
)


def window(start: int, size: int) -> str:
    """`size` words of a long text: how similar two windows are depends on how far they overlap."""
    return " ".join(story(9, 120).split()[start : start + size])


windows = st.builds(window, st.integers(0, 60), st.integers(30, 60))
collections = st.one_of(
    st.lists(articles, max_size=12), st.lists(windows, min_size=3, max_size=12), corpora()
)
"""Texts among which all relations occur."""
