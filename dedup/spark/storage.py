"""Files as Spark sees them: addresses of any file system go in, what Hadoop knows of them or does with them comes out.

Addresses are those that a user gives: `s3a://...`, `hdfs://...`, or a path of the default file system.
"""

from __future__ import annotations

from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from dedup.errors import OutputError


class Storage:
    """File systems, by address.

    Args:
        spark: A classic session: Spark Connect gives nobody its file systems.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark._jvm
        self._configuration: Any = spark.sparkContext._jsc.hadoopConfiguration()

    def whole(self, address: str) -> str:
        """The address with its scheme and all folders above: the same for all ways to give it."""
        path = self._path(address)
        return str(path.getFileSystem(self._configuration).makeQualified(path).toString())

    def exists(self, address: str) -> bool:
        """Whether there is a file or folder."""
        path = self._path(address)
        return bool(path.getFileSystem(self._configuration).exists(path))

    def names(self, address: str) -> list[str]:
        """The names in a folder, sorted; none where it does not exist."""
        path = self._path(address)
        system = path.getFileSystem(self._configuration)
        if not system.exists(path):
            return []
        return sorted(str(status.getPath().getName()) for status in system.listStatus(path))

    def read(self, address: str) -> bytes:
        """The content of a small file."""
        path = self._path(address)
        stream = path.getFileSystem(self._configuration).open(path)
        try:
            return bytes(self._jvm.org.apache.hadoop.io.IOUtils.readFullyToByteArray(stream))
        finally:
            stream.close()

    def write(self, address: str, content: bytes) -> None:
        """Write a small file, also over another. Raises OutputError."""

        def write(system: Any, path: Any) -> None:
            stream = system.create(path, True)
            stream.write(bytearray(content))
            stream.close()

        self._change(address, write)

    def move(self, old: str, new: str) -> None:
        """Rename a file or folder; the folder it goes to is there. Raises OutputError."""

        def move(system: Any, path: Any) -> None:
            if not system.rename(self._path(old), path):
                raise OutputError(f"cannot write {new}: something is in the way", _HINT)

        self._change(new, move)

    def make(self, address: str) -> None:
        """Make a folder, with those above it. Raises OutputError."""
        self._change(address, lambda system, path: system.mkdirs(path))

    def remove(self, address: str) -> None:
        """Remove a file, or a folder with all that is in it. Raises OutputError."""
        self._change(address, lambda system, path: system.delete(path, True))

    def _change(self, address: str, change: Any) -> None:
        try:
            path = self._path(address)
            change(path.getFileSystem(self._configuration), path)
        except Py4JJavaError as error:
            reason = str(error.java_exception.getMessage() or error.java_exception.getClass().getName())
            raise OutputError(f"cannot write {address}: {reason.splitlines()[0]}", _HINT) from error

    def _path(self, address: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(address)


_HINT = "check the address and its permissions"
