"""Tokens and shingles: text in, lists of strings out."""

from __future__ import annotations

import unicodedata

from dedup import charclass
from dedup.config import WORDS


def tokenize(text: str) -> list[str]:
    """The tokens of a text.

    Characters that Unicode 14.0 does not assign become spaces, default-ignorable ones vanish; then NFKC, full
    case folding, and cutting by character class. NFKC of an Arabic presentation form can yield a tatweel, so
    ignorable characters are passed over once more when cutting. Lone surrogates count as separators.
    """
    classes, folds = charclass.load()
    known = "".join(
        " " if classes[ord(char)] == charclass.UNKNOWN else char
        for char in text
        if classes[ord(char)] != charclass.IGNORED
    )
    tokens: list[str] = []
    last = charclass.SEPARATOR
    for char in unicodedata.normalize("NFKC", known).translate(folds):
        kind = classes[ord(char)]
        if kind == charclass.IGNORED:
            continue
        if kind == charclass.MARK:
            if last != charclass.SEPARATOR:
                tokens[-1] += char
            continue
        if kind == charclass.WORD and last == charclass.WORD:
            tokens[-1] += char
        elif kind in (charclass.WORD, charclass.SINGLE):
            tokens.append(char)
        last = kind
    return tokens


def shingle(tokens: list[str], size: int, unit: str = WORDS) -> list[str]:
    """The shingles of a document in text order, repeats included.

    With the unit `words`, `size` tokens joined by one space; with `chars`, `size` code points of all its tokens joined
    by one space. A document of fewer has one shingle, all of it; one without tokens has none.
    """
    if not tokens:
        return []
    parts, joint = (tokens, " ") if unit == WORDS else (list(" ".join(tokens)), "")
    return [joint.join(parts[i : i + size]) for i in range(max(1, len(parts) - size + 1))]
