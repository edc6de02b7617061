"""Compression in one place: a path and a codec go in, a binary stream of plain bytes comes out, and back.

Concatenated members (`cat a.gz b.gz`) are read as one stream. What is
truncated or corrupt raises `InputError`, never a silent end of file.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, Self, cast

from dedup.errors import InputError
from dedup.model import Buffer
from dedup.readers.formats import Codec

CHUNK = 1 << 20
"""Bytes read at a time."""

_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_ZSTD_FRAME = 8 << 20

_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError)


def decompressed(file: BinaryIO, codec: Codec, path: str) -> Iterator[bytes]:
    """The plain bytes of `file` in chunks.

    Args:
        file: Open for reading, positioned at the first byte.
        codec: How it is compressed.
        path: For the message.

    Raises:
        InputError: The data is truncated or corrupt.
    """
    try:
        stream = _reader(file, codec)
        while chunk := stream.read(CHUNK):
            yield chunk
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(
                f"{path} cannot be read: {error.strerror}", "check the disk or the network that it is on"
            ) from error
        raise InputError(
            f"{path} is truncated or corrupt: {_first_line(error)}",
            f"fetch the file again, or decompress what is left of it (.{codec}) and give that",
        ) from error


def compressor(file: IO[bytes], codec: Codec) -> IO[bytes]:
    """A stream that writes compressed bytes into `file`; closing it ends the stream and leaves `file` open."""
    match codec:
        case Codec.NONE:
            return cast(IO[bytes], _Plain(file))
        case Codec.GZIP:
            # No name and no time in the header: the same records give the same bytes.
            return cast(IO[bytes], gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0))
        case Codec.BZIP2:
            return cast(IO[bytes], bz2.BZ2File(file, "wb"))
        case Codec.XZ:
            return cast(IO[bytes], lzma.LZMAFile(file, "wb"))
        case Codec.ZSTD:
            return cast(IO[bytes], _ZstdFrames(file))


def _reader(file: BinaryIO, codec: Codec) -> IO[bytes]:
    match codec:
        case Codec.NONE:
            return file
        case Codec.GZIP:
            return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb"))
        case Codec.BZIP2:
            return cast(IO[bytes], bz2.BZ2File(file, "rb"))
        case Codec.XZ:
            return cast(IO[bytes], lzma.LZMAFile(file, "rb"))
        case Codec.ZSTD:
            import pyarrow as pa

            return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


class _Plain:
    """Writes through to a file that stays open when this is closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.closed = False

    def write(self, data: Buffer) -> int:
        return self._file.write(data)

    def flush(self) -> None:
        """The owner of the file flushes it."""

    def close(self) -> None:
        """Nothing to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _ZstdFrames(_Plain):
    """A sequence of zstd frames: pyarrow's own output stream takes no level."""

    def __init__(self, file: IO[bytes]) -> None:
        import pyarrow as pa

        super().__init__(file)
        self._codec = pa.Codec("zstd", compression_level=_ZSTD_LEVEL)
        self._pending = bytearray()
        self._frames = 0

    def write(self, data: Buffer) -> int:
        before = len(self._pending)
        self._pending.extend(memoryview(data))  # `+=` would let an array add itself element by element
        written = len(self._pending) - before
        if len(self._pending) >= _ZSTD_FRAME:
            self._end_frame()
        return written

    def close(self) -> None:
        if self._pending or not self._frames:
            self._end_frame()

    def _end_frame(self) -> None:
        self._file.write(self._codec.compress(bytes(self._pending), asbytes=True))
        self._pending.clear()
        self._frames += 1
