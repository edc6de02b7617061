"""Texts at rest: zstd, with a dictionary of the index's own articles; a copy by how it differs from its original.

A frame says which dictionary it needs, so frames of several can stand side by side; all are kept in the store. A copy
has the text of its representative for a dictionary, and a byte in front that says so: it goes when that one goes.
Generated articles of 3.9 kB take 1.8 kB so, copies of them 170 bytes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import zstandard

from dedup.errors import InputError
from dedup.index.articles import split
from dedup.index.helpers import Helpers, Task
from dedup.index.store import Document, Reader, Writer
from dedup.model import I64, U8, Texts
from dedup.native import Compressor, array_of

DICTIONARY_BYTES = 112_640
"""What the zstd command trains by default."""

SAMPLES = 3000
"""Texts that a dictionary is trained on: about a hundred times its size, as the manual of zstd advises."""

ENOUGH = 1000
"""Texts that an index must hold before one is trained."""

TOGETHER = 1024
"""Texts that a thread compresses at a time: 40 ms. Then it may have to wait some ms for the interpreter's lock."""

_TRAINING = {"k": 1024, "d": 8}
"""Lengths of a segment and of a match. A search for the best takes three times as long and saves 0.6% of the room."""

_COPY = b"\x01"
"""In front of the frame of a copy. Other frames begin with zstd's magic number, 28 B5 2F FD."""


class Held(NamedTuple):
    """Texts on their way into the store.

    Attributes:
        numbers: The numbers of their documents.
        texts: The texts.
        positions: Number -> position among `texts`, of those that are no copies.
        frames: What is stored of them, in the order of their numbers, and where each ends, once it has been compressed.
    """

    numbers: Sequence[int]
    texts: Texts
    positions: dict[int, int]
    frames: Sequence[Task[tuple[U8, I64]]]

    def originals(self, numbers: Iterable[int]) -> dict[int, bytes]:
        """Those of some raw texts that are here."""
        return {n: self.texts.bytes_at(i) for n in numbers if (i := self.positions.get(n)) is not None}


class TextCodec:
    """Compresses with the current dictionary, decompresses with whichever is named."""

    def __init__(self) -> None:
        self._name = b""
        self._compressor = Compressor()
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {0: zstandard.ZstdDecompressor()}
        self._held: deque[Held] = deque()

    @property
    def trained(self) -> bool:
        """Whether there is a dictionary."""
        return bool(self._name)

    def load(self, reader: Reader) -> None:
        """Take over the store's current dictionary, which another process may have trained."""
        name = reader.value("dictionary") or b""
        if name != self._name:
            self._name, self._compressor = name, Compressor(reader.value(name.decode()))

    def train(self, writer: Writer, samples: Sequence[bytes]) -> None:
        """Make a dictionary and compress with it from now on."""
        try:
            trained = zstandard.train_dictionary(DICTIONARY_BYTES, list(samples), **_TRAINING)
        except zstandard.ZstdError:
            return  # the samples are too few or too much alike: frames do without
        name = f"dictionary.{trained.dict_id()}"
        writer.set_value(name, trained.as_bytes())
        writer.set_value("dictionary", name.encode())
        self.load(writer)

    def hold(
        self,
        numbers: Sequence[int],
        texts: Texts,
        positions: I64,
        originals: Mapping[int, bytes],
        helpers: Helpers,
    ) -> None:
        """Have some texts compressed; `write` stores them.

        Until then `originals` finds them, if they are no copies, and nothing else does.

        Args:
            numbers: The numbers of their documents.
            texts: Raw texts.
            positions: Which of them, ascending.
            originals: Position -> the raw text of the representative, of copies.
            helpers: Who compresses. They shall not need the interpreter's lock, which the caller has.
        """
        with_texts = {
            number: i for number, i in zip(numbers, positions.tolist(), strict=True) if i not in originals
        }
        parts = np.array_split(positions, -(-len(positions) // TOGETHER))
        frames = []
        for part in parts:
            copies = [i for i in part.tolist() if i in originals]
            others = Texts.from_strings([originals[i] for i in copies])
            original = np.full(len(part), -1, np.int64)
            original[np.isin(part, copies)] = np.arange(len(copies))
            given = _arrays(texts), part, _arrays(others), original
            frames.append(helpers.task(partial(self._compressor.compress, *given)))
        self._held.append(Held(numbers, texts, with_texts, frames))

    def write(self, writer: Writer, but: int = 0) -> None:
        """Store the texts that are held, but for those of the last calls of `hold`."""
        while len(self._held) > but:
            held = self._held.popleft()
            parts = (task.result() for task in held.frames)
            frames = chain.from_iterable(split(Texts(data.data, ends)) for data, ends in parts)
            writer.insert_texts(held.numbers, frames)

    def originals(self, reader: Reader, numbers: Sequence[int]) -> dict[int, bytes]:
        """The raw texts of some representatives, those that are there.

        Raises:
            InputError: One is damaged.
        """
        held = {number: text for one in self._held for number, text in one.originals(numbers).items()}
        stored = reader.texts([number for number in numbers if number not in held])
        blobs = {number: blob for number, blob in stored.items() if not blob.startswith(_COPY)}
        return held | dict(zip(blobs, self._decode(reader, list(blobs.values())), strict=True))

    def read(self, reader: Reader, documents: Sequence[Document]) -> list[bytes]:
        """The raw texts of some documents.

        Raises:
            InputError: One is missing or damaged.
        """
        blobs = reader.texts([document.number for document in documents])
        missing = [document.id.decode() for document in documents if document.number not in blobs]
        if missing:
            raise InputError(f"the text of {missing[0]} is missing", _HINT)
        copies = [document for document in documents if blobs[document.number].startswith(_COPY)]
        originals = self.originals(reader, sorted({copy.representative for copy in copies}))
        decoded = {copy.number: _decode_copy(copy, blobs[copy.number], originals) for copy in copies}
        others = [document.number for document in documents if document.number not in decoded]
        decoded |= zip(others, self._decode(reader, [blobs[number] for number in others]), strict=True)
        return [decoded[document.number] for document in documents]

    def _decode(self, reader: Reader, blobs: Sequence[bytes]) -> list[bytes]:
        """The texts of some frames, none of them a copy's."""
        groups: dict[int, list[int]] = defaultdict(list)
        texts = [b""] * len(blobs)
        try:
            for i, blob in enumerate(blobs):
                if blob:
                    groups[zstandard.get_frame_parameters(blob).dict_id].append(i)
            for dictionary, members in groups.items():
                frames: list[bytes | bytearray | memoryview] = [blobs[i] for i in members]
                decompressor = self._decompressor(reader, dictionary)
                plain: Any = decompressor.multi_decompress_to_buffer(frames, threads=_threads(len(frames)))
                for i, text in zip(members, plain, strict=True):
                    texts[i] = text.tobytes()
        except zstandard.ZstdError as error:
            raise InputError(f"a stored text is damaged: {error}", _HINT) from error
        return texts

    def _decompressor(self, reader: Reader, dictionary: int) -> zstandard.ZstdDecompressor:
        if dictionary not in self._decompressors:
            data = reader.value(f"dictionary.{dictionary}")
            if data is None:
                raise InputError(f"the dictionary {dictionary} of some texts is missing", _HINT)
            trained = zstandard.ZstdCompressionDict(data)
            self._decompressors[dictionary] = zstandard.ZstdDecompressor(dict_data=trained)
        return self._decompressors[dictionary]


_HINT = "`dedup index verify` says what is damaged"


def sample(count: int) -> I64:
    """Positions of up to `SAMPLES` of `count` texts, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, SAMPLES)).astype(np.int64))


def _decode_copy(document: Document, blob: bytes, originals: Mapping[int, bytes]) -> bytes:
    original = originals.get(document.representative)
    if original is None:
        raise InputError(f"{document.id.decode()} is a copy of an article that is missing", _HINT)
    try:
        return zstandard.ZstdDecompressor(dict_data=_content(original)).decompress(blob[len(_COPY) :])
    except zstandard.ZstdError as error:
        raise InputError(f"the text of {document.id.decode()} is damaged: {error}", _HINT) from error


def _content(original: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(original, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _arrays(texts: Texts) -> tuple[U8, I64]:
    return array_of(texts.data), texts.offsets


def _threads(count: int) -> int:
    """All cores, where starting the threads is worth it."""
    return -1 if count > 64 else 1
