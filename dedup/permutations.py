"""The permutations of MinHash: their number and a seed go in, the multipliers and summands of datasketch come out."""

from __future__ import annotations

import random

import numpy as np

from dedup.model import U32


def permutations(num_perm: int, seed: int) -> tuple[U32, U32]:
    """The (a, b) of datasketch 2's `affine32` scheme, uint32[num_perm] each.

    Drawn as `datasketch.MinHash(num_perm, seed, scheme="affine32")` draws them from `numpy.random.RandomState(seed)`,
    without importing either: the same Mersenne twister (Matsumoto and Nishimura 1998), seeded by `init_genrand`.
    """
    state = [seed]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ state[-1] >> 30) + i) & 0xFFFFFFFF)
    generator = random.Random()
    generator.setstate((3, (*state, 624), None))
    draws = np.array([generator.getrandbits(32) for _ in range(2 * num_perm)], np.uint32)
    # The low 31 bits, times two, plus one: the multipliers are odd, and the top bit drops out.
    return draws[:num_perm] << np.uint32(1) | np.uint32(1), draws[num_perm:]
