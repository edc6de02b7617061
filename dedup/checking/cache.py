"""Sketches of articles seen before: texts go in, sketches come out, of which only those of new texts are computed.

A cache file belongs to one corpus and one set of settings: after a check it holds the sketches of the articles of that
check and no others. It knows texts by their 64-bit hash; among a million articles two that differ share one with a
probability of 3e-8. Without a cache file the result is the same.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.boilerplate.learned import whole_file
from dedup.errors import InputError
from dedup.identities import concatenate, gather
from dedup.model import I64, U64, Sketches, Texts
from dedup.native import array_of, hash_texts
from dedup.stages import Stages

FORMAT = 1
"""Version of the file; what one of another version holds is not used."""

Rows: TypeAlias = NDArray[Any]
"""One record a text: its hash and the fields of `Sketches` but for minimizers and what stripping took."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Sketches of `n` texts.

    Attributes:
        rows: A record each.
        minimizers: The bytes of the minimizers of each, uint32.
    """

    rows: Rows
    minimizers: Texts

    def __getitem__(self, positions: I64) -> Stored:
        return Stored(self.rows[positions], gather(self.minimizers, positions))

    @classmethod
    def join(cls, parts: Sequence[Stored]) -> Stored:
        """All of several, one after the other."""
        rows = np.concatenate([part.rows for part in parts])
        return cls(rows, concatenate([part.minimizers for part in parts]))


class SketchCache:
    """Sketches by text.

    Args:
        stages: The engine that makes them.
        path: The file; it need not exist.
        fingerprint: Of the settings and rules: sketches made with others are not used.
        window: As for `Stages.sketch`.

    Raises:
        InputError: The file is there and is no cache.
    """

    def __init__(self, stages: Stages, path: Path, fingerprint: str, window: int | None = None) -> None:
        self._stages = stages
        self._path = path
        self._fingerprint = f"{fingerprint} {window}"
        self._window = window
        self._known = _load(path, self._fingerprint)
        self._used: list[Stored] = []

    def sketch(self, texts: Texts) -> Sketches:
        """The sketches of some texts. What stripping took counts as nothing: it is not remembered."""
        hashes = hash_texts(array_of(texts.data), texts.offsets)
        if self._known is None or not len(self._known.rows):
            found = self._make(texts, hashes)
        else:
            known = self._known.rows["hash"]
            at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            is_new = known[at] != hashes
            found = self._known[at[~is_new]]
            if is_new.any():
                new = np.flatnonzero(is_new)
                made = self._make(gather(texts, new), hashes[new])
                order = np.argsort(np.concatenate([np.flatnonzero(~is_new), new]))
                found = Stored.join([found, made])[order]
        self._used.append(found)
        rows, nothing = found.rows, np.zeros(0, np.int64)
        counts = np.diff(found.minimizers.offsets) // 4
        return Sketches(
            keys=np.ascontiguousarray(rows["keys"].T),
            low=np.ascontiguousarray(rows["low"]),
            tokens=np.ascontiguousarray(rows["tokens"]),
            digest=np.ascontiguousarray(rows["digest"]),
            removed_lines=nothing,
            removed_chars=nothing,
            guarded=np.ascontiguousarray(rows["guarded"]),
            minimizers=np.frombuffer(memoryview(found.minimizers.data), np.uint32),
            minimizer_counts=counts.astype(np.uint32) if self._window else np.zeros(0, np.uint32),
        )

    def save(self) -> None:
        """Write the file whole or not at all, unless it holds just these texts already. Raises OutputError."""
        if not self._used:
            return
        used = Stored.join(self._used)
        hashes, first = np.unique(used.rows["hash"], return_index=True)
        if self._known is not None and np.array_equal(hashes, self._known.rows["hash"]):
            return
        used = used[first]
        with whole_file(self._path) as file:
            np.savez(
                file,
                dedup_cache=np.int64(FORMAT),
                fingerprint=np.array(self._fingerprint),
                rows=used.rows,
                minimizers=array_of(used.minimizers.data),
                offsets=used.minimizers.offsets,
            )

    def _make(self, texts: Texts, hashes: U64) -> Stored:
        sketches = self._stages.sketch(texts, self._window)
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
        rows["hash"] = hashes
        rows["keys"] = sketches.keys.T
        for name in ("digest", "low", "tokens", "guarded"):
            rows[name] = getattr(sketches, name)
        offsets = np.zeros(count + 1, np.int64)
        if self._window:
            np.cumsum(sketches.minimizer_counts * np.int64(4), out=offsets[1:])
        return Stored(rows, Texts(np.ascontiguousarray(sketches.minimizers).tobytes(), offsets))


def _load(path: Path, fingerprint: str) -> Stored | None:
    """What a cache holds, ascending by hash; None where there is none that can be used."""
    try:
        if not path.exists() or path.is_char_device() or (path.is_file() and not path.stat().st_size):
            return None  # /dev/null, or what mktemp made: nothing is lost by writing there
        with np.load(path, allow_pickle=False) as stored:
            if "dedup_cache" not in stored:
                raise ValueError("it has no version")
            if stored["dedup_cache"] != FORMAT or stored["fingerprint"] != fingerprint:
                return None
            return Stored(stored["rows"], Texts(stored["minimizers"].data, stored["offsets"]))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        # Whatever it is, it may be somebody's only copy: it is not written over.
        raise InputError(
            f"{path} is no cache of dedup, or a damaged one", "remove it, or name another file: --cache"
        ) from error
