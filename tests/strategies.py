"""Hypothesis strategies: texts that try to break a tokeniser, and small corpora of near-duplicates."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE = (
    "\u00ad\u034f\u061c\u200b\u200d\u202e\u2060\ufe0f\ufeff\u3164\uffa0\u115f\U000e0041"  # ignorables
    "\u0640\ufe71\ufcf2"  # tatweel, and forms that NFKC turns into it
    "\u0301\u0308\u0327\u05b0\u05bc\u064b\u0651\u0651\u064e\u093c\u094d\u0e48\u0e33\u302a\u3099"  # marks
    "éÉßẞſςΣİıŉǰﬁﬀｆＦ½²™…ﷺ㍿①℀Ⅷ"  # foldings and compatibility forms
    "中々〇ー仮ｶﾞ가각\u1100\u1161\u11a8ไทยລາວខ្មែရ\U00020000\U0002f800"  # scripts without spaces, jamo
    "हिन्दीড়য়\u0958عربيעברית"  # virama, nukta, right to left
    "ʼʹ\ua78b_'’-\x00\x1f\x7f\u2028\u00a0\u3000"  # not letters
    "\u0378\ue000\U000f0000\U0010ffff\ufdd0\ufffd\U0001faf9"  # unassigned (some only in 14.0), private, noncharacters
    "😀👍🏽🇩🇪👨‍👩‍👧#️⃣"
)

words = st.text("abcdefgXYZ019", min_size=1, max_size=20)
hostile = st.text(HOSTILE, min_size=1, max_size=4)
anything = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
spaces = st.sampled_from([" ", " ", "  ", "\n", ", ", ". ", "", "\u00a0", " — "])

texts = st.lists(st.tuples(st.one_of(words, words, hostile, anything), spaces), max_size=60).map(
    lambda parts: "".join(word + space for word, space in parts)
)


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """Up to 40 texts over few words: copies, edits, extensions, empties, so that all relations occur."""
    vocabulary = [f"w{i}" for i in range(30)]
    seeds = draw(st.lists(st.lists(st.sampled_from(vocabulary), max_size=40), min_size=1, max_size=6))
    corpus: list[str] = []
    for _ in range(draw(st.integers(1, 40))):
        tokens = list(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(0, 4))):
            if not tokens:
                break
            at = draw(st.integers(0, len(tokens) - 1))
            edit = draw(st.sampled_from(["drop", "swap", "cut", "case"]))
            if edit == "drop":
                del tokens[at]
            elif edit == "swap":
                tokens[at] = draw(st.sampled_from(vocabulary))
            elif edit == "cut":
                tokens = tokens[: max(at, 1)]
            else:
                tokens[at] = tokens[at].upper() + "!"
        corpus.append(" ".join(tokens))
    return corpus
