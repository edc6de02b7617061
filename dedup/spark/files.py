"""Which files a job reads: addresses go in, each file with articles comes out once, in the order of one machine.

Spark lists them, so that an address is whatever Spark reads: a file, a folder, a pattern, on any file system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.errors import InputError, UsageError
from dedup.readers.formats import Codec, Format, classify
from dedup.spark.failures import UNCHANGED
from dedup.spark.storage import Storage

ROW_BITS = 40
"""Bits of a position that hold the row in a file, from 1; those above hold the number of the file, from 0."""

READABLE = (Format.JSONL, Format.CSV, Format.TSV, Format.PARQUET)
"""Formats that Spark can read in parts, or that are rows."""

ADDRESS = "_metadata.file_path as file"
CHANGED = "unix_micros(_metadata.file_modification_time) as changed"
"""What Spark tells of the file that a row is from."""

MAGIC = frozenset("*?[]{}\\")


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a job, all of one format; a file's number is its place in these lists.

    Attributes:
        format: How articles lie in them.
        codec: How the first is compressed.
        addresses: As Spark gives them in `_metadata.file_path`.
        names: What they are called in places: as given, or below what was given.
        sizes: Bytes.
        changed: When each was last changed, in microseconds.
    """

    format: Format
    codec: Codec
    addresses: list[str]
    names: list[str]
    sizes: list[int]
    changed: list[int]

    def paths(self) -> list[str]:
        """The files for a reader of Spark, which takes unquoted addresses for patterns."""
        return ["".join(f"\\{c}" if c in MAGIC else c for c in unquote(a)) for a in self.addresses]

    def numbers(self, spark: SparkSession) -> DataFrame:
        """`file` (address) and `number` of each."""
        rows = [(address, number) for number, address in enumerate(self.addresses)]
        return spark.createDataFrame(rows, "file string, number long")

    @contextmanager
    def unchanged(self, spark: SparkSession) -> Iterator[None]:
        """Raise InputError when a file changed during the block, also where it fails: that is the reason to give."""
        try:
            yield
        except Exception:
            self._check(spark)
            raise
        self._check(spark)

    def _check(self, spark: SparkSession) -> None:
        now = {one.address: (one.size, one.changed) for one in _list(spark, self.paths())}
        for i, address in enumerate(self.addresses):
            if now.get(address) != (self.sizes[i], self.changed[i]):
                raise InputError(f"{self.names[i]} changed while it was read", UNCHANGED)

    def locate(self, frame: DataFrame) -> DataFrame:
        """The frame, which has positions, with the column `location`: `name:row`."""
        rows = list(enumerate(self.names))
        names = frame.sparkSession.createDataFrame(rows, "number_of_file long, name_of_file string")
        number = F.shiftright("position", ROW_BITS)
        row = F.col("position").bitwiseAND(F.lit((1 << ROW_BITS) - 1)).cast("string")
        located = frame.join(F.broadcast(names), number == F.col("number_of_file"), "left")
        location = F.concat("name_of_file", F.lit(":"), row)
        return located.withColumn("location", location).drop("number_of_file", "name_of_file")


def find_files(spark: SparkSession, inputs: Sequence[str], output: str | None = None) -> Files:
    """The files that `inputs` stand for, in the order given, by name within a folder, each once.

    Names that begin with a dot or an underscore are hidden in folders and to patterns, as everywhere in Spark; so is
    what lies in `output`.

    Raises:
        InputError: An input is missing or holds no articles.
        UsageError: An input is of a kind that Spark does not read, or they are of several kinds.
    """
    storage = Storage(spark)
    found: dict[str, _File] = {}
    plain = [given for given in inputs if not MAGIC & {*given}]
    listed = _list(spark, plain) if plain else []
    for given in inputs:
        if given in plain:
            some = _below(storage.whole(given), given, listed)
        else:
            some = _matching(given, _list(spark, [given]), storage)
        results = None if output is None else f"{storage.whole(output).rstrip('/')}/"
        if results is not None and f"{storage.whole(given)}/".startswith(results):
            raise UsageError(f"{given} is inside the output directory {output}", "write to another directory")
        some = [one for one in some if results is None or not unquote(one.address).startswith(results)]
        if not some:
            raise InputError(f"{given} holds no articles", f"Spark reads {_READABLE}")
        for one in some:
            found.setdefault(one.address, one)
    every = list(found.values())
    names = [one.name for one in every]
    kinds = [classify(name) for name in names]
    formats = {kind[0]: name for kind, name in zip(kinds, names, strict=True) if kind}
    for form, name in formats.items():
        if form not in READABLE:
            raise UsageError(f"{name} is {form}: Spark reads {_READABLE}", "leave out --engine spark")
    if len(formats) > 1:
        different = " and ".join(formats.values())
        raise UsageError(
            f"{different} are of different formats", "give Spark one format at a time: 'news/*.jsonl'"
        )
    (form,) = formats
    codec = next(kind[1] for kind in kinds if kind)
    return Files(form, codec, list(found), names, [one.size for one in every], [one.changed for one in every])


def find_known(
    spark: SparkSession, against: Sequence[str], inputs: Files, output: str | None
) -> Files | None:
    """The files of known articles that are no inputs; None where there is nothing to hold these against.

    Raises UsageError where all of them are inputs, too.
    """
    if not against:
        return None
    found = find_files(spark, against, output)
    inputs_too = set(inputs.addresses)
    others = [i for i, address in enumerate(found.addresses) if address not in inputs_too]
    if not others:
        hint = "leave the known articles out of the inputs"
        raise UsageError("all files of --against are inputs, too", hint)
    return replace(
        found,
        addresses=[found.addresses[i] for i in others],
        names=[found.names[i] for i in others],
        sizes=[found.sizes[i] for i in others],
        changed=[found.changed[i] for i in others],
    )


_READABLE = ", ".join(str(form) for form in READABLE[:-1]) + f" and {READABLE[-1]}"


class _File(NamedTuple):
    name: str
    address: str
    size: int
    changed: int


def _list(spark: SparkSession, inputs: Sequence[str]) -> list[_File]:
    """The files with articles in what is given, named by their unquoted address."""
    try:
        frame = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(list(inputs))
        rows = frame.selectExpr(ADDRESS, "_metadata.file_size", CHANGED).collect()
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        path = (error.getMessageParameters() or {}).get("path", inputs[0])
        raise InputError(
            f"{path} does not exist", "check the address; quote a pattern: 'news/*.jsonl'"
        ) from error
    files = [_File(unquote(address), address, size, changed) for address, size, changed in rows]
    return [one for one in files if classify(one.name.rpartition("/")[2])]


def _below(root: str, given: str, listed: Sequence[_File]) -> list[_File]:
    """The files that are `root` or lie in it, named as it was given, by name."""
    start, given = f"{root.rstrip('/')}/", given.rstrip("/")
    found = [one._replace(name=given) for one in listed if one.name == root]
    found += [
        one._replace(name=f"{given}/{one.name.removeprefix(start)}")
        for one in listed
        if one.name.startswith(start)
    ]
    return sorted(found, key=lambda one: one.name.split("/"))


def _matching(given: str, listed: Sequence[_File], storage: Storage) -> list[_File]:
    """The files that match a pattern or lie in folders that do, named in its style, by name."""
    if urlsplit(given).scheme:
        start = ""
    elif given.startswith("/"):
        start = storage.whole("/").rstrip("/")
    else:
        start = f"{storage.whole('.').rstrip('/')}/"
    return sorted(one._replace(name=one.name.removeprefix(start)) for one in listed)
