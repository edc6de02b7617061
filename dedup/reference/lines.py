"""The matching form of a line: a raw line in, normalised UTF-8 bytes and their origin out.

Rules are matched on this form; the raw line is what is emitted. A line is cut
into segments: a character with the marks that follow it (a mark begins a
segment of its own after white space, an ignorable, a quote, a dash, or a
character that is not normalised). Each segment becomes, in turn,

1. nothing, if it is a default-ignorable character;
2. ' " or -, if it is a curly quote or a dash;
3. else its NFKC, with white space and control characters as spaces and quotes and dashes as in 2.

Runs of spaces become one, none stay at the ends. Folding then lower-cases each
character below U+0530 or in U+1E00..1EFF that has a lower case of one
character. Characters that Unicode 14.0 does not assign are not normalised, so
that no version of Python or of a crate can change what a rule matches.

The plain form leaves out leading bullets and arrows, and trailing ones with
`:`; a line of nothing else is its own plain form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from dedup.charclass import UNKNOWN, load

LEADING = frozenset(" *|>‣·∙●•○◦■□▪▫▶▷▸▹►▻◀◁◂◃◄←→↑↓➔➜➤»«›‹")
TRAILING = frozenset(" :>|·•▶▷▸▹►▻▲△▴▼▽▾←→↑↓➔➜➤»«›‹⌄")

_STRAIGHT = dict.fromkeys("‘’‚‛′ʼ`´", "'") | dict.fromkeys("“”„‟″", '"') | dict.fromkeys("‐‑‒–—―−", "-")
_IGNORED = frozenset(
    map(
        chr,
        (
            *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x3164, 0xFEFF, 0xFFA0),
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            *range(0xFE00, 0xFE10),
            *range(0xE0000, 0xE1000),
        ),
    )
)
_SPACES = frozenset(
    map(
        chr,
        (
            *range(0x21),
            0x7F,
            0x85,
            0xA0,
            0x1680,
            *range(0x2000, 0x200B),
            0x2028,
            0x2029,
            0x202F,
            0x205F,
            0x3000,
        ),
    )
)
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_MARKS = frozenset(map(chr, (*range(0x0300, 0x034F), *range(0x0350, 0x0370), 0x0653, 0x0654, 0x0655)))
_MARKS |= frozenset(map(chr, (0x3099, 0x309A, *range(0x1161, 0x1200))))


@dataclass(frozen=True, slots=True)
class Form:
    """The matching form of one line.

    Attributes:
        data: All of it, as UTF-8.
        start, end: The plain form is `data[start:end]`.
        ends: Per segment, (characters of the raw line, bytes of `data`) up to its end.
    """

    data: bytes
    start: int
    end: int
    ends: tuple[tuple[int, int], ...]

    @property
    def plain(self) -> bytes:
        """The form without ornaments at its ends."""
        return self.data[self.start : self.end]

    @property
    def words(self) -> int:
        """Words of the plain form: what spaces separate."""
        return len(self.plain.split())


@lru_cache(4096)
def form(line: str, fold: bool) -> Form:
    """The matching form of `line`, case-folded if `fold`."""
    text = ""
    ends = []
    raw = size = 0
    for segment in _segments(line):
        piece = ""
        for char in _normalize(segment):
            if char != " " or (text + piece)[-1:] not in ("", " "):
                piece += _fold(char) if fold else char
        text += piece
        raw += len(segment)
        size += len(piece.encode())
        ends.append((raw, size))
    text = text.removesuffix(" ")
    start, end = 0, len(text)
    while start < end and text[start] in LEADING:
        start += 1
    while end > start and text[end - 1] in TRAILING:
        end -= 1
    if start == end:
        start, end = 0, len(text)
    data = text.encode()
    start_byte = len(text[:start].encode())
    return Form(data, start_byte, start_byte + len(text[start:end].encode()), tuple(ends))


def without_digits(plain: bytes) -> bytes:
    """What a learned rule knows of a line: the folded plain form with 0 for every ASCII digit."""
    return plain.translate(_ZEROS)


def count_words(line: str) -> int:
    """Words for the guard rails: runs between spaces; a Han, kana, Thai, Lao, Myanmar or Khmer character is one."""
    return words_of(form(line, fold=True).data)


def words_of(form: bytes) -> int:
    """The same, of a form or a part of one."""
    words = 0
    inside = False
    for char in form.decode():
        single = _is_word_of_its_own(ord(char))
        words += single or (char != " " and not inside)
        inside = char != " " and not single
    return words


CUT_BYTES = 80
CUT_WORDS = 8
DELIMITERS = tuple(mark.encode() for mark in (" - ", " | ", " · ", " • ", " » ", " > "))


def plain_of(form: bytes) -> bytes:
    """The plain form of a part of a form."""
    text = form.decode()
    return (text.lstrip("".join(LEADING)).rstrip("".join(TRAILING)) or text).encode()


def prefixes(form: Form) -> tuple[int, ...]:
    """Where a prefix of a line may end that `dedup learn` looks at: ends in `form.data`, ascending.

    A prefix ends with a delimiter (as in "london (ap) - "), with ": ", or with the bracket that closes one at the
    start of the plain form. It has at most `CUT_WORDS` words and `CUT_BYTES` bytes, and leaves something of the
    plain form.
    """
    plain = form.plain
    ends = set()
    for mark in (*DELIMITERS, b": "):
        at = plain.find(mark, 1)
        while at > 0:
            ends.add(at + len(mark))
            at = plain.find(mark, at + 1)
    for opening, closing in ((b"(", b")"), (b"[", b"]"), ("【".encode(), "】".encode())):
        at = plain.find(closing)
        if plain.startswith(opening) and at >= 0:
            at += len(closing)
            ends.add(at + (plain[at : at + 1] == b" "))
    return tuple(form.start + end for end in sorted(ends) if end < len(plain) and _is_cut(plain[:end]))


def suffixes(form: Form) -> tuple[int, ...]:
    """Where a suffix of a line may begin that `dedup learn` looks at: starts in `form.data`, ascending.

    A suffix begins with a delimiter (as in " - the daily example"), with a bracket that the end of the plain form
    closes, or with one to three words before ": " (as in "photo credit: example images"). Its limits are those of
    a prefix.
    """
    plain = form.plain
    starts = set()
    for mark in DELIMITERS:
        at = plain.rfind(mark)
        while at > 0:
            starts.add(at)
            at = plain.rfind(mark, 0, at + len(mark) - 1)
    for opening, closing in ((b" (", b")"), (b" [", b"]")):
        if plain.endswith(closing):
            starts.add(plain.rfind(opening))
    at = plain.rfind(b": ")
    for _ in range(3):
        at = plain.rfind(b" ", 0, max(at, 0))
        starts.add(at)
    return tuple(form.start + start for start in sorted(starts) if start > 0 and _is_cut(plain[start:]))


def _is_cut(part: bytes) -> bool:
    return len(part) <= CUT_BYTES and len(part.split()) <= CUT_WORDS


def _segments(line: str) -> Iterator[str]:
    start = 0
    for at in range(1, len(line) + 1):
        if at < len(line) and line[at] in _MARKS and _takes_marks(line[start]):
            continue
        yield line[start:at]
        start = at


def _takes_marks(char: str) -> bool:
    return char not in _SPACES and char not in _IGNORED and char not in _STRAIGHT and not _is_fixed(char)


def _is_fixed(char: str) -> bool:
    return load()[0][ord(char)] == UNKNOWN


def _normalize(segment: str) -> Iterator[str]:
    if segment in _IGNORED:
        return
    untouched = segment in _STRAIGHT or _is_fixed(segment[0])
    for char in segment if untouched else unicodedata.normalize("NFKC", segment):
        yield " " if char in _SPACES else _STRAIGHT.get(char, char)


def _fold(char: str) -> str:
    lower = char.lower() if char < "\u0530" or "\u1e00" <= char <= "\u1eff" else char
    return lower if len(lower) == 1 else char


def _is_word_of_its_own(code: int) -> bool:
    return (
        0x0E00 <= code <= 0x0EFF
        or 0x1000 <= code <= 0x109F
        or 0x1780 <= code <= 0x17FF
        or 0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )
