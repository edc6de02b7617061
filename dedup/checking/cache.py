"""Sketches of articles seen before: texts go in, sketches come out, of which only those of new texts are computed.

A cache file belongs to one corpus and one set of settings: after a check it holds the sketches of the articles of that
check and no others. It knows texts by their 64-bit hash; among a million articles two that differ share one with a
probability of 3e-8. Without a cache file the result is the same.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.boilerplate.learned import whole_file
from dedup.errors import InputError
from dedup.identities import gather
from dedup.model import Sketches, Texts
from dedup.native import array_of, hash_texts
from dedup.stages import Stages

FORMAT = 1
"""Version of the file; what one of another version holds is not used."""

Rows: TypeAlias = NDArray[Any]
"""One record a text: its hash and the fields of `Sketches` but for what stripping took."""


class SketchCache:
    """Sketches by text.

    Args:
        stages: The engine that makes them.
        path: The file; it need not exist.
        fingerprint: Of the settings and rules: sketches made with others are not used.

    Raises:
        InputError: The file is there and is no cache.
    """

    def __init__(self, stages: Stages, path: Path, fingerprint: str) -> None:
        self._stages = stages
        self._path = path
        self._fingerprint = fingerprint
        self._known = _load(path, fingerprint)
        self._used: list[Rows] = []

    def sketch(self, texts: Texts) -> Sketches:
        """The sketches of some texts. What stripping took counts as nothing: it is not remembered."""
        hashes = hash_texts(array_of(texts.data), texts.offsets)
        if self._known is None or not len(self._known):
            rows = self._make(texts)
        else:
            at = np.minimum(np.searchsorted(self._known["hash"], hashes), len(self._known) - 1)
            rows = self._known[at]
            new = np.flatnonzero(rows["hash"] != hashes)
            if len(new):
                rows[new] = self._make(gather(texts, new))
        rows["hash"] = hashes
        self._used.append(rows)
        nothing = np.zeros(0, np.int64)
        return Sketches(
            keys=np.ascontiguousarray(rows["keys"].T),
            low=np.ascontiguousarray(rows["low"]),
            tokens=np.ascontiguousarray(rows["tokens"]),
            digest=np.ascontiguousarray(rows["digest"]),
            removed_lines=nothing,
            removed_chars=nothing,
            guarded=np.ascontiguousarray(rows["guarded"]),
        )

    def save(self) -> None:
        """Write the file whole or not at all, unless it holds just these texts already. Raises OutputError."""
        used = [*self._used, *([] if self._known is None else [self._known[:0]])]
        if not used:
            return
        rows = np.concatenate(used)
        _, first = np.unique(rows["hash"], return_index=True)
        rows = rows[first]
        if self._known is not None and np.array_equal(rows["hash"], self._known["hash"]):
            return
        with whole_file(self._path) as file:
            np.savez(file, dedup_cache=np.int64(FORMAT), fingerprint=np.array(self._fingerprint), rows=rows)

    def _make(self, texts: Texts) -> Rows:
        sketches = self._stages.sketch(texts)
        bands, count = sketches.keys.shape
        layout = [
            ("hash", np.uint64),
            ("digest", np.uint64, 2),
            ("keys", np.uint32, bands),
            ("low", np.uint8, sketches.low.shape[1]),
            ("tokens", np.uint32),
            ("guarded", np.uint8),
        ]
        rows = np.zeros(count, layout)
        rows["keys"] = sketches.keys.T
        for name in ("digest", "low", "tokens", "guarded"):
            rows[name] = getattr(sketches, name)
        return rows


def _load(path: Path, fingerprint: str) -> Rows | None:
    """The rows of a cache, ascending by hash; None where there is none that can be used."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            if "dedup_cache" not in stored:
                raise ValueError("it has no version")
            if stored["dedup_cache"] != FORMAT or stored["fingerprint"] != fingerprint:
                return None
            rows: Rows = stored["rows"]
            return rows
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        # Whatever it is, it may be somebody's only copy: it is not written over.
        raise InputError(
            f"{path} is no cache of dedup, or a damaged one", "remove it, or name another file: --cache"
        ) from error
