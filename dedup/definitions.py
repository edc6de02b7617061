"""The definitions, for people to look at: tokens, shingles, signatures, clean text, and what is learned for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from dedup import boilerplate
from dedup.boilerplate.learned import Learned
from dedup.boilerplate.learner import Learner
from dedup.config import MIN_DOCUMENTS, WORDS, Settings
from dedup.errors import UsageError
from dedup.model import U32, Removal, Texts
from dedup.native import Native
from dedup.reference.tokens import shingle


@dataclass(frozen=True, slots=True)
class Clean:
    """A text without its boilerplate.

    Attributes:
        text: What is left.
        removed: What was taken away, in the order of the lines; None unless asked for.
        guarded: Whether a guard rail kept a rule from acting.
    """

    text: str
    removed: tuple[Removal, ...] | None
    guarded: bool


def tokens(text: str) -> list[str]:
    """The tokens of a text: Unicode 14.0, NFKC, full case folding; one a character in scripts without spaces.

    Raises:
        TypeError: `text` is no string.
    """
    joined = _engine().tokenize(_texts([text])).bytes_at(0).decode()
    return joined.split(" ") if joined else []


def shingles(text: str, size: int = 5, unit: str = WORDS) -> list[str]:
    """The shingles of a text in text order, repeats included: `size` tokens joined by one space.

    With the unit `chars`, `size` code points of all its tokens joined by one space. A text of fewer has one shingle,
    all of it; one without tokens has none.

    Raises:
        UsageError: `size` is out of range, or `unit` unknown.
        TypeError: `text` is no string.
    """
    settings = Settings(shingle_size=size, shingle_unit=unit)
    return shingle(tokens(text), settings.shingle_size, settings.shingle_unit)


def signatures(
    texts: Sequence[str], num_perm: int = 128, size: int = 5, seed: int = 1, unit: str = WORDS
) -> U32:
    """MinHash signatures of texts as they are (nothing is stripped), uint32[n, num_perm].

    Row `i` equals, bit for bit, the `hashvalues` of `datasketch.MinHash(num_perm, seed=seed, scheme="affine32",
    hashfunc=lambda s: xxh3_64_intdigest(s) & 0xffffffff)` updated with `shingles(texts[i], size, unit)` as UTF-8.
    A text without tokens has all ones.

    Raises:
        UsageError: A parameter is out of range, or `texts` is one string.
        TypeError: One of `texts` is no string.
    """
    if isinstance(texts, (str, bytes)):
        raise UsageError("texts is one string", "pass a list of texts")
    settings = Settings(shingle_size=size, num_perm=num_perm, seed=seed, shingle_unit=unit)
    engine = _engine(unit=unit)
    found = engine.shingle(_texts(texts), settings.shingle_size)
    return engine.sign(found, settings.num_perm, settings.seed)


def strip(
    text: str, explain: bool = False, rules: Sequence[str] = (), learned: Learned | None = None
) -> Clean:
    """Remove the boilerplate of one article.

    Args:
        text: The article, one paragraph or heading a line.
        explain: Also say what was removed, and by which rule.
        rules: Files with further rules.
        learned: What `learn` found.

    Raises:
        UsageError: A rules file cannot be used.
        TypeError: `text` is no string.
    """
    files = (rules,) if isinstance(rules, str) else tuple(rules)
    stripped = _engine(files, learned).strip(_texts([text]), explain)
    removed = None if stripped.removals is None else tuple(stripped.removals[0])
    return Clean(stripped.texts.bytes_at(0).decode(), removed, bool(stripped.guarded[0]))


def learn(
    texts: Sequence[str], sources: Sequence[str] | None = None, min_documents: int = MIN_DOCUMENTS
) -> Learned:
    """Learn the boilerplate of a corpus: lines, prefixes and suffixes that recur in unrelated articles.

    `Learner` does the same in parts, and keeps the counts.

    Args:
        texts: The articles, one paragraph or heading a line.
        sources: Who published each, for instance the site; "" = unknown.
        min_documents: From fewer articles nothing is learned.

    Raises:
        UsageError: `texts` is one string, or there is not one source a text.
    """
    if isinstance(texts, (str, bytes)):
        raise UsageError("texts is one string", "pass a list of texts")
    if sources is not None and len(sources) != len(texts):
        raise UsageError(f"there are {len(sources)} sources for {len(texts)} texts", "pass one source a text")
    with Learner(spill=True) as learner:
        learner.add(texts, sources)
        return learner.learn(min_documents)


@cache
def _engine(rules: tuple[str, ...] = (), learned: Learned | None = None, unit: str = WORDS) -> Native:
    loaded = boilerplate.load(rules)
    return Native(Settings(shingle_unit=unit), loaded if learned is None else loaded + learned.rules())


def _texts(texts: Sequence[str]) -> Texts:
    """The texts in one buffer. Raises TypeError for what is no string."""
    given = list(texts)
    for text in given:
        if not isinstance(text, str):
            raise TypeError(f"a text is a string, not {type(text).__name__}")
    return Texts.from_strings(given)
