"""Clusters and families of a run, from what matching found."""

from __future__ import annotations

import numpy as np

from dedup.model import F64, I64, Mask, Matches


def sizes(representative: I64) -> I64:
    """int64[n]: at each representative's position the size of its cluster, 0 elsewhere.

    A representative from `n` on is a known article (`dedup.against`), whose copies are no cluster of the run.
    """
    n = len(representative)
    return np.bincount(representative, minlength=n)[:n].astype(np.int64)


def sizes_with_known(representative: I64, count: int) -> I64:
    """int64[n]: the size of the cluster of each document; a known article, one of the `count` - n last, counts too."""
    members = np.bincount(representative, minlength=count).astype(np.int64)
    members[len(representative) :] += 1
    return members[representative]


def largest(cluster_sizes: I64, count: int) -> list[int]:
    """Positions of the representatives of the largest clusters of at least two; ties in input order."""
    order = np.argsort(-cluster_sizes, kind="stable")[:count]
    return [int(position) for position in order if cluster_sizes[position] > 1]


def families(matches: Matches, order: I64) -> I64:
    """The family of each document, named by the position of its first member in priority order.

    Families are the connected components over every near relation found between a document and a representative, and
    the relation of each exact copy with its representative.

    Args:
        matches: With its links.
        order: int64[n], the priority order.

    Returns:
        int64[n].
    """
    n = len(order)
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    own = np.flatnonzero(matches.representative < n)  # others copy known articles, see `sizes`
    copies = np.stack([own, matches.representative[own]], axis=1)
    links = rank[np.concatenate([copies, matches.links.reshape(-1, 2)])]
    return order[components(n, links)[rank]]


def components(n: int, links: I64) -> I64:
    """The connected component of each of `n` nodes, named by its first node: int64[n].

    Minimum labels spread along the links, with pointer jumping, as in Shiloach and Vishkin 1982: O(log n) rounds of
    whole-array operations.

    Args:
        n: Number of nodes.
        links: int64[l, 2].
    """
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
            return label


def representatives(n: int, pairs: I64, similarity: F64) -> I64:
    """The clusters that matching makes of some near pairs: int64[n], the representative of each document.

    A document without an earlier representative near it becomes one, else it joins the most similar, the earlier of
    equals.

    Args:
        n: Number of documents, in priority order.
        pairs: int64[p, 2], all near pairs, the earlier document first.
        similarity: float64[p].
    """
    stays, _ = independent(n, pairs)
    found = np.arange(n)
    earlier, later = pairs.T
    joined = stays[earlier] & ~stays[later]
    # Written in this order, so that the most similar comes last, and the earlier of equals after the later.
    order = np.lexsort((-earlier[joined], similarity[joined]))
    found[later[joined][order]] = earlier[joined][order]
    return found


def independent(n: int, pairs: I64, held: Mask | None = None) -> tuple[Mask, Mask]:
    """Who stays of documents of which each goes that is near an earlier one which stays.

    All documents whose earlier neighbours are decided are decided at once (Blelloch, Fineman, Shun 2012): as many
    rounds of whole-array operations as the longest chain of documents that wait for one another.

    Args:
        n: Number of documents.
        pairs: int64[p, 2], near pairs, the earlier document first.
        held: bool[n], documents that may go, but cannot be said to stay.

    Returns:
        bool[n] who does not go, and bool[n] of these who cannot be decided, since they are held or wait for such
        a document.
    """
    held = np.zeros(n, np.bool_) if held is None else held
    stays, waits = np.ones(n, np.bool_), held.copy()
    waits[pairs[:, 1]] = True
    earlier, later = pairs.T
    while len(later):
        joins, blocked = np.zeros(n, np.bool_), held.copy()
        joins[later[stays[earlier] & ~waits[earlier]]] = True
        blocked[later[waits[earlier]]] = True
        stays &= ~joins
        before = np.count_nonzero(waits)
        waits &= blocked & ~joins
        if np.count_nonzero(waits) == before:
            break
        left = waits[later]
        earlier, later = earlier[left], later[left]
    return stays, waits
