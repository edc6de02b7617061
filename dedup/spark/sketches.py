"""Sketches and shingle sets of a job: texts go in, batch by batch; columns of bytes come out, ready to be exchanged.

Nothing here knows of Spark: record batches in, record batches out, on the kernel. A row of sketches has

- `position`, `id`, `tokens` as everywhere (`dedup.spark.articles`, `dedup.model.Sketches`);
- `digest_high`, `digest_low`: the halves of the digest, with the top bit flipped, since Spark's integers have a sign;
- `keys`, `low`, `minimizers`: uint32[bands], uint8[num_perm] and uint32[m] as bytes;
- `rule_0`, `rule_1`, ...: what the rules of the keep policy go by, ascending from what they like best;
- `removed`: in one row of a batch what stripping did in all of it, int64[1 + 2 * (r + 2)] as bytes: documents that it
  guarded, then removed lines, then removed characters, as in `dedup.model.Sketches`; else null.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.config import Settings
from dedup.keep import Policy
from dedup.model import Rule
from dedup.native import Native, unique
from dedup.readers.columns import value_column
from dedup.spark.columns import Batches, binary, longs, ragged, texts_of

SLICE = 2048
"""Texts that are sketched at a time: 10 MB."""


@dataclass(frozen=True, slots=True)
class Sketcher:
    """What makes sketches. It goes to the executors.

    Attributes:
        settings: What decides a match.
        rules: Boilerplate rules, used when `settings.strip`.
        policy: The keep policy.
        window: Shingles of which one is kept as a minimizer; None = none are wanted.
    """

    settings: Settings
    rules: tuple[Rule, ...]
    policy: Policy
    window: int | None

    @property
    def schema(self) -> str:
        """The columns of sketches, as Spark reads them."""
        rules = "".join(f", rule_{i} long" for i in range(len(self.policy.rules)))
        return (
            "position long, id string, tokens int, digest_high long, digest_low long, keys binary, low binary, "
            f"minimizers binary, removed binary{rules}"
        )

    def sketch(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Sketches of the articles."""
        engine = _engine(self.settings, self.rules)
        for whole in batches:
            for start in range(0, len(whole), SLICE):
                batch = whole.slice(start, SLICE)
                sketches = engine.sketch(texts_of(batch["text"]), self.window)
                everything = np.ones(len(batch), np.bool_)
                fields = [value_column(batch, name, everything) for name in self.policy.fields()]
                position = longs(batch["position"])
                rules = self.policy.keys(self.policy.values(fields), sketches.tokens, position)
                counts = sketches.minimizer_counts
                if self.window is None:
                    counts = np.zeros(len(batch), np.uint32)
                guarded = np.count_nonzero(sketches.guarded)
                removed = np.concatenate([[guarded], sketches.removed_lines, sketches.removed_chars])
                columns = {
                    "position": position,
                    "id": _ids(batch["id"]),
                    "tokens": sketches.tokens.astype(np.int32),
                    "digest_high": _signed(sketches.digest[:, 0]),
                    "digest_low": _signed(sketches.digest[:, 1]),
                    "keys": binary(sketches.keys.T),
                    "low": binary(sketches.low),
                    "minimizers": ragged(sketches.minimizers, counts),
                    "removed": pa.array(
                        [removed.astype(np.int64).tobytes()] + [None] * (len(batch) - 1), pa.binary()
                    ),
                    **{f"rule_{i}": values for i, values in enumerate(rules)},
                }
                yield pa.RecordBatch.from_pydict(columns)

    def shingle(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Shingle sets of the articles: `position`, and `hashes`, uint64[s] ascending as bytes."""
        engine = _engine(self.settings, self.rules)
        for whole in batches:
            for start in range(0, len(whole), SLICE):
                batch = whole.slice(start, SLICE)
                texts = texts_of(batch["text"])
                clean = engine.strip(texts).texts if self.settings.strip else texts
                shingles = engine.shingle(clean, self.settings.shingle_size)
                hashes, offsets = unique(shingles.hashes, shingles.offsets)
                columns = {"position": longs(batch["position"]), "hashes": ragged(hashes, np.diff(offsets))}
                yield pa.RecordBatch.from_pydict(columns)


SETS = "position long, hashes binary"
"""The columns of shingle sets, as Spark reads them."""


@lru_cache(maxsize=4)
def _engine(settings: Settings, rules: tuple[Rule, ...]) -> Native:
    """One thread: Spark runs a task a core."""
    return Native(settings, rules, threads=1)


def _ids(column: pa.Array) -> pa.Array:
    """Ids as strings, null where there is none."""
    ids = column.cast(pa.string())
    return pc.if_else(pc.equal(pc.binary_length(ids), 0), pa.scalar(None, pa.string()), ids)


def _signed(
    halves: np.ndarray[tuple[int], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return (halves ^ np.uint64(1 << 63)).view(np.int64)
