"""The definitions that people look at, and that anybody can check in five lines of Python."""

from __future__ import annotations

import datasketch
import numpy as np
import pytest
import xxhash

import dedup


def test_tokens() -> None:
    assert dedup.tokens("The Café’s — 2nd ﬁne DAY…") == ["the", "café", "s", "2nd", "fine", "day"]
    assert dedup.tokens("Straße ΟΔΟΣ İstanbul") == ["strasse", "οδοσ", "i\u0307stanbul"]
    assert dedup.tokens("港の新しい埠頭") == list("港の新しい埠頭")
    assert dedup.tokens("ก็ดี") == ["ก็", "ดี"]
    assert dedup.tokens("soft\u00adhyphen zero\u200bwidth كتـاب") == ["softhyphen", "zerowidth", "كتاب"]
    assert dedup.tokens("") == dedup.tokens("— … 😀") == []


def test_shingles() -> None:
    assert dedup.shingles("a b c d e f") == ["a b c d e", "b c d e f"]
    assert dedup.shingles("a b", 5) == ["a b"]
    assert dedup.shingles("a b a b", 2) == ["a b", "b a", "a b"]
    assert dedup.shingles("") == []
    with pytest.raises(dedup.UsageError, match="shingle size 0"):
        dedup.shingles("a", 0)


def test_shingles_of_characters() -> None:
    assert dedup.shingles("Ab, Çd!", 4, "chars") == ["ab ç", "b çd"]
    assert dedup.shingles("港の", 9, "chars") == ["港 の"]
    assert dedup.shingles("…", 9, "chars") == []
    words, chars = (
        dedup.signatures(["Ab, Çd!"], num_perm=64, size=4, unit=unit) for unit in ("words", "chars")
    )
    hashes = [xxhash.xxh3_64_intdigest(shingle.encode()) & 0xFFFFFFFF for shingle in ("ab ç", "b çd")]
    minhash = datasketch.MinHash(num_perm=64, scheme="affine32", hashfunc=lambda value: value)
    minhash.update_batch(hashes)
    np.testing.assert_array_equal(chars[0], minhash.hashvalues)
    assert not np.array_equal(words, chars)
    with pytest.raises(dedup.UsageError, match='shingle unit "bytes"'):
        dedup.shingles("a", 9, "bytes")


def test_signatures_are_checked_in_five_lines() -> None:
    text = "The lighthouse keeper retired after forty years of service on the rock."
    minhash = datasketch.MinHash(
        num_perm=64, seed=7, scheme="affine32", hashfunc=lambda s: xxhash.xxh3_64_intdigest(s) & 0xFFFFFFFF
    )
    minhash.update_batch([shingle.encode() for shingle in dedup.shingles(text, 3)])
    signature = dedup.signatures([text], num_perm=64, size=3, seed=7)[0]
    np.testing.assert_array_equal(signature, minhash.hashvalues)


def test_signatures_of_one_string_are_refused() -> None:
    with pytest.raises(dedup.UsageError, match="one string"):
        dedup.signatures("a text")


def test_what_is_no_text_is_refused() -> None:
    for call in (dedup.tokens, dedup.shingles, dedup.strip, lambda value: dedup.signatures(["a", value])):
        for value in (None, 3, b"bytes", float("nan")):
            with pytest.raises(TypeError, match=f"a text is a string, not {type(value).__name__}"):
                call(value)


def test_signature_values_are_pinned() -> None:
    """A change of these is a change of the format: see config.FORMAT_VERSION."""
    signature = dedup.signatures(["the quick brown fox jumps over the lazy dog"], num_perm=4)[0]
    assert signature.dtype == np.uint32
    assert signature.tolist() == PINNED


PINNED = [555277304, 1204144677, 273341886, 387702665]


def test_datasketch_both_ways() -> None:
    signature = dedup.signatures(["one two three four five six seven"])[0]
    for lean in (True, False):
        minhash = dedup.to_datasketch(signature, lean=lean)
        np.testing.assert_array_equal(dedup.from_datasketch(minhash), signature)
        assert minhash.jaccard(dedup.to_datasketch(signature, lean=lean)) == 1.0
    lsh = datasketch.MinHashLSH(threshold=0.5, num_perm=128)
    lsh.insert("a", dedup.to_datasketch(signature))
    assert lsh.query(dedup.to_datasketch(signature)) == ["a"]


def test_a_minhash_goes_on_with_the_same_hash() -> None:
    text = "one two three four five six"
    first, second = dedup.shingles(text)
    minhash = dedup.to_datasketch(dedup.signatures([first])[0], lean=False)
    minhash.update(second.encode())
    np.testing.assert_array_equal(dedup.from_datasketch(minhash), dedup.signatures([text])[0])


def test_foreign_signatures_are_refused() -> None:
    with pytest.raises(dedup.UsageError, match="legacy"):
        dedup.from_datasketch(datasketch.MinHash(scheme="legacy"))
    with pytest.raises(dedup.UsageError, match="int64"):
        dedup.to_datasketch(np.array([1, 2], np.int64))


def test_strip() -> None:
    body = (
        "The council met on Monday to talk about the new bridge over the river, and it will meet again in May. "
        * 3
    )
    clean = dedup.strip(f"Skip to main content\n{body}\nShare this article", explain=True)
    assert clean.text.strip() == body.strip()
    assert clean.removed is not None
    assert [(r.line_no, r.action) for r in clean.removed] == [(1, "drop"), (3, "drop")]
    assert dedup.strip(body).removed is None
