"""What `find_duplicates` gives: what matching found goes in, positions and Arrow tables come out."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dedup.boilerplate.learned import Learned
from dedup.clusters import sizes_with_known
from dedup.errors import UsageError
from dedup.excerpts import Excerpts
from dedup.model import I64, Matches, Relation

RELATIONS = pa.array([None, "exact", "near", "excerpt"])
"""Names of the values of `model.Relation`."""


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """What `find_duplicates` found among `n` articles.

    Attributes:
        kept: int64[k], positions of the articles that stay, ascending.
        removed: int64[n - k], positions of the copies, ascending.
        clusters: One row an article, in input order, with the columns of `clusters.jsonl`; `location` is the position.
        learned: What was learned from the articles, with `learn`; else None.
    """

    kept: I64
    removed: I64
    clusters: pa.Table
    learned: Learned | None
    _pairs: pa.Table | None
    _families: list[dict[str, object]] | None
    _input: pa.Table

    def __repr__(self) -> str:
        return f"<dedup.Result: {len(self.kept):,} kept, {len(self.removed):,} removed>"

    @property
    def pairs(self) -> pa.Table:
        """Every verified pair, with the columns of `pairs.jsonl`. Raises UsageError unless asked for."""
        if self._pairs is None:
            raise UsageError("the pairs were not asked for", "pass pairs=True to find_duplicates")
        return self._pairs

    @property
    def families(self) -> list[dict[str, object]]:
        """What `families.jsonl` says, a dict a family; see `dedup.families`. Raises UsageError unless asked for."""
        if self._families is None:
            raise UsageError("the families were not asked for", "pass families=True to find_duplicates")
        return self._families

    def table(self) -> pa.Table:
        """The input with the columns `dedup_cluster_id`, `dedup_is_duplicate`, ... instead of such it had."""
        names = {
            f"dedup_{name}": name for name in self.clusters.column_names if name not in ("id", "location")
        }
        others = [i for i, name in enumerate(self._input.column_names) if name not in names]
        tagged = self._input.select(others)
        for tag, name in names.items():
            tagged = tagged.append_column(tag, self.clusters.column(name))
        return tagged


def cluster_table(ids: pa.Array, matches: Matches, excerpts: Excerpts | None, family: I64 | None) -> pa.Table:
    """The columns of `clusters.jsonl`, by position; `location` is the position.

    Args:
        ids: Ids of the articles and, after them, of known ones.
        matches: What matching found.
        excerpts: Which articles are excerpts; None if nobody looked.
        family: int64[n], position of the article that names each one's family; None if not asked for.
    """
    n = len(matches.representative)
    is_kept, cluster = matches.kept, ids.take(pa.array(matches.representative))
    original = cluster
    if excerpts is not None:
        article = ids.take(pa.array(excerpts.of, mask=excerpts.of < 0))
        original = pc.if_else(pa.array(matches.relation == Relation.EXCERPT), article, cluster)
    columns = {
        "id": ids.slice(0, n),
        "cluster_id": cluster,
        "cluster_size": pa.array(sizes_with_known(matches.representative, len(ids))),
        "is_duplicate": pa.array(~is_kept),
        "duplicate_of": pc.if_else(pa.array(is_kept), pa.scalar(None, pa.large_string()), original),
        "relation": RELATIONS.take(pa.array(matches.relation)),
        "similarity": pa.array(matches.similarity, from_pandas=True),
        "containment": pa.array(matches.containment, from_pandas=True),
        "location": pa.array([str(i) for i in range(n)], pa.large_string()),
    }
    if excerpts is not None:
        columns["excerpt_of"] = article
        columns["excerpt_containment"] = pa.array(excerpts.containment, from_pandas=True)
    if family is not None:
        columns["family_id"] = ids.take(pa.array(family))
    return pa.table(columns)


def pair_table(ids: pa.Array, matches: Matches) -> pa.Table:
    """The columns of `pairs.jsonl`."""
    return pa.table(
        {
            "a": ids.take(pa.array(matches.pairs[:, 0])),
            "b": ids.take(pa.array(matches.pairs[:, 1])),
            "relation": RELATIONS.take(pa.array(matches.pair_relation)),
            "similarity": pa.array(matches.pair_similarity),
            "containment": pa.array(matches.pair_containment),
        }
    )
