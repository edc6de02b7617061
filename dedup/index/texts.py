"""Texts at rest: zstd, with a dictionary trained on the index's own articles.

A frame says which dictionary it needs, so frames of several can stand side by side; all are kept in the store. News of
4 kB takes 1.5 kB so, and 2 kB without a dictionary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import zstandard

from dedup.errors import InputError
from dedup.index.store import Reader, Writer
from dedup.model import I64, Texts

LEVEL = 3
"""30 µs an article of 4 kB. Level 6 takes three times as long and saves 2%."""

DICTIONARY_BYTES = 112_640
"""What the zstd command trains by default; half of it costs 3% more room."""

SAMPLES = 3000
"""Texts that a dictionary is trained on: about a hundred times its size, as the manual of zstd advises."""

ENOUGH = 1000
"""Texts that an index must hold before one is trained."""

_THREADS = -1  # as many as there are cores


class TextCodec:
    """Compresses with the current dictionary, decompresses with whichever is named."""

    def __init__(self) -> None:
        self._name = b""
        self._compressor = _compressor(None)
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {0: zstandard.ZstdDecompressor()}

    @property
    def trained(self) -> bool:
        """Whether there is a dictionary."""
        return bool(self._name)

    def load(self, reader: Reader) -> None:
        """Take over the store's current dictionary, which another process may have trained."""
        name = reader.value("dictionary") or b""
        if name != self._name:
            data = reader.value(name.decode()) if name else None
            self._use(name, data)

    def train(self, writer: Writer, samples: Sequence[bytes]) -> None:
        """Make a dictionary and compress with it from now on."""
        try:
            trained = zstandard.train_dictionary(DICTIONARY_BYTES, list(samples), level=LEVEL)
        except zstandard.ZstdError:
            return  # the samples are too few or too much alike: frames do without
        name = b"dictionary.%d" % trained.dict_id()
        writer.set_value(name.decode(), trained.as_bytes())
        writer.set_value("dictionary", name)
        self._use(name, trained.as_bytes())

    def encode(self, texts: Texts) -> list[bytes]:
        """One frame a text; nothing for an empty one."""
        lengths = np.diff(texts.offsets)
        some = np.flatnonzero(lengths)
        if not len(some):
            return [b""] * len(texts)
        segments = np.stack([texts.offsets[:-1][some], lengths[some]], axis=1).astype("=u8").tobytes()
        buffer = zstandard.BufferWithSegments(memoryview(texts.data), segments)
        frames: Any = self._compressor.multi_compress_to_buffer(
            buffer, threads=_THREADS if len(some) > 64 else 1
        )  # iterable, which its stub does not know
        blobs = [b""] * len(texts)
        for i, frame in zip(some.tolist(), frames, strict=True):
            blobs[i] = frame.tobytes()
        return blobs

    def decode(self, reader: Reader, blobs: Sequence[bytes]) -> Texts:
        """The texts of some frames.

        Raises:
            InputError: A frame is damaged.
        """
        groups: dict[int, list[int]] = defaultdict(list)
        parts: list[bytes] = [b""] * len(blobs)
        try:
            for i, blob in enumerate(blobs):
                if blob:
                    groups[zstandard.get_frame_parameters(blob).dict_id].append(i)
            for dictionary, members in groups.items():
                decompressor = self._decompressor(reader, dictionary)
                frames: list[bytes | bytearray | memoryview] = [blobs[i] for i in members]
                threads = _THREADS if len(frames) > 64 else 1
                plain: Any = decompressor.multi_decompress_to_buffer(frames, threads=threads)
                for i, text in zip(members, plain, strict=True):
                    parts[i] = text.tobytes()
        except zstandard.ZstdError as error:
            raise InputError(
                f"a stored text is damaged: {error}", "`dedup index verify` says which"
            ) from error
        return Texts.from_strings(parts)

    def _decompressor(self, reader: Reader, dictionary: int) -> zstandard.ZstdDecompressor:
        if dictionary not in self._decompressors:
            data = reader.value(f"dictionary.{dictionary}")
            if data is None:
                raise zstandard.ZstdError(f"its dictionary {dictionary} is not there")
            self._decompressors[dictionary] = zstandard.ZstdDecompressor(
                dict_data=zstandard.ZstdCompressionDict(data)
            )
        return self._decompressors[dictionary]

    def _use(self, name: bytes, data: bytes | None) -> None:
        self._compressor = _compressor(data)
        self._name = name


def sample(count: int, most: int = SAMPLES) -> I64:
    """Positions of up to `most` of `count` texts, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _compressor(data: bytes | None) -> zstandard.ZstdCompressor:
    if data is None:
        return zstandard.ZstdCompressor(level=LEVEL)
    dictionary = zstandard.ZstdCompressionDict(data)
    dictionary.precompute_compress(level=LEVEL)
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary)
