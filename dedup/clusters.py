"""Clusters and families of a run, from what matching found."""

from __future__ import annotations

import numpy as np

from dedup.model import I64, Matches


def sizes(representative: I64) -> I64:
    """int64[n]: at each representative's position the size of its cluster, 0 elsewhere."""
    return np.bincount(representative, minlength=len(representative)).astype(np.int64)


def largest(cluster_sizes: I64, count: int) -> list[int]:
    """Positions of the representatives of the largest clusters of at least two; ties in input order."""
    order = np.argsort(-cluster_sizes, kind="stable")[:count]
    return [int(position) for position in order if cluster_sizes[position] > 1]


def families(matches: Matches, order: I64) -> I64:
    """The family of each document, named by the position of its first member in priority order.

    Families are the connected components over every near relation found between a document and a representative, and
    the relation of each exact copy with its representative. Minimum labels spread along the links, with pointer
    jumping, as in Shiloach and Vishkin 1982: O(log n) rounds of whole-array operations.

    Args:
        matches: With its links.
        order: int64[n], the priority order.

    Returns:
        int64[n].
    """
    n = len(order)
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    copies = np.stack([np.arange(n), matches.representative], axis=1)
    links = rank[np.concatenate([copies, matches.links.reshape(-1, 2)])]
    label = np.arange(n)
    while True:
        ends = label[links]
        low = ends.min(axis=1)
        before = label.copy()
        np.minimum.at(label, ends[:, 0], low)
        np.minimum.at(label, ends[:, 1], low)
        while not np.array_equal(jumped := label[label], label):
            label = jumped
        if np.array_equal(label, before):
            break
    return order[label[rank]]
