"""Signatures to and from datasketch: the same numbers, either side's types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from dedup.errors import UsageError
from dedup.model import U32

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHash

SCHEME: Final = "affine32"


def to_datasketch(signature: U32, seed: int = 1, *, lean: bool = True) -> LeanMinHash | MinHash:
    """One signature as a datasketch object, fit for `MinHashLSH` and `MinHash.jaccard`.

    Args:
        signature: uint32[num_perm], as from `dedup.signatures(...)[i]`.
        seed: The seed it was made with.
        lean: A `LeanMinHash` (smaller, cannot be updated), else a `MinHash`, whose further updates hash like
            `xxh3_64_intdigest(shingle) & 0xffffffff`.

    Raises:
        UsageError: `signature` is not uint32[num_perm].
    """
    import xxhash
    from datasketch import LeanMinHash, MinHash

    values = np.asarray(signature)
    if values.dtype != np.uint32 or values.ndim != 1 or not len(values):
        raise UsageError(
            f"a signature is uint32[num_perm], not {values.dtype}[{', '.join(map(str, values.shape))}]",
            "pass one row of dedup.signatures(...)",
        )
    if lean:
        return LeanMinHash(seed=seed, hashvalues=values, scheme=SCHEME)

    def hashfunc(shingle: bytes) -> int:
        return xxhash.xxh3_64_intdigest(shingle) & 0xFFFFFFFF

    return MinHash(num_perm=len(values), seed=seed, hashvalues=values, scheme=SCHEME, hashfunc=hashfunc)


def from_datasketch(minhash: LeanMinHash | MinHash) -> U32:
    """The signature of a datasketch object, uint32[num_perm].

    It is comparable with those of `dedup.signatures` of the same seed if its shingles and hash function were
    those of dedup.

    Raises:
        UsageError: It was made with another scheme than `affine32`.
    """
    scheme = getattr(minhash, "scheme", None)
    if scheme != SCHEME:
        raise UsageError(
            f"the MinHash has scheme {scheme}, dedup's signatures have {SCHEME}",
            f'make it with datasketch 2 and scheme="{SCHEME}"',
        )
    return np.array(minhash.hashvalues, np.uint32)
