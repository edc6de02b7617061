"""Clusters of given pairs: what matching decides, decided again from arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.clusters import components, representatives
from dedup.model import F64, I64


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, I64, F64]:
    """Some documents, pairs of them with the earlier first, and few different similarities."""
    n = draw(st.integers(1, 12))
    every = [(a, b) for b in range(n) for a in range(b)]
    some = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    similarity = [draw(st.sampled_from([0.5, 0.75, 1.0])) for _ in some]
    return n, np.array(some, np.int64).reshape(-1, 2), np.array(similarity, np.float64)


@given(graphs())
def test_representatives_are_those_of_one_document_after_the_other(graph: tuple[int, I64, F64]) -> None:
    n, pairs, similarity = graph
    near = {(a, b): s for (a, b), s in zip(pairs.tolist(), similarity.tolist(), strict=True)}
    expected: list[int] = []
    for doc in range(n):
        choices = [
            (-near[other, doc], other)
            for other in range(doc)
            if (other, doc) in near and expected[other] == other
        ]
        expected.append(min(choices)[1] if choices else doc)
    assert representatives(n, pairs, similarity).tolist() == expected


@given(graphs())
def test_components_have_the_name_of_their_first_node(graph: tuple[int, I64, F64]) -> None:
    n, pairs, _ = graph
    expected = list(range(n))
    for a, b in pairs.tolist():
        low, high = sorted((expected[a], expected[b]))
        expected = [low if name == high else name for name in expected]
    assert components(n, pairs).tolist() == expected
