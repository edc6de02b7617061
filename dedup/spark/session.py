"""The Spark session of a command: a master goes in, a session comes out, or what is missing for one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from dedup.errors import UsageError

BYTES = 256 << 20
"""Bytes of input for each partition of an exchange: 20 MB of band keys."""

SETTINGS = {
    "spark.sql.caseSensitive": "true",  # as on one machine
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # with its zone; Spark's own default has none
}
"""What a job needs Spark to do."""


@contextmanager
def session(master: str | None) -> Iterator[SparkSession]:
    """The session of this process; one that was made for it ends with the block.

    Args:
        master: Address of the cluster, or `local[*]`; None = what `spark-submit` was told.

    Raises:
        UsageError: There is no master, no Java, or the cluster cannot be reached.
    """
    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    is_submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if master is None and not is_submitted:
        raise UsageError(
            "no Spark to run on", "add --master spark://HOST:7077, yarn, k8s://... or 'local[*]'"
        )
    home = os.environ.get("JAVA_HOME")
    if not is_submitted and not (shutil.which("java") or (home and Path(home, "bin", "java").exists())):
        raise UsageError("Spark needs Java 17 or later", "install it, or set JAVA_HOME")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder: Any = SparkSession.builder
    builder = builder.appName("dedup").config("spark.ui.showConsoleProgress", "false")
    if master is not None:
        builder = builder.master(master)
    try:
        made: SparkSession = builder.getOrCreate()
    except Exception as error:  # what py4j raises has no common class but this
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UsageError(f"Spark does not start: {reason.strip()}", "see what it says above") from error
    try:
        made.sparkContext.setLogLevel("ERROR")
        yield made
    finally:
        made.stop()


@contextmanager
def set_up(spark: SparkSession, size: int) -> Iterator[None]:
    """Settings of a job over so many bytes of input, for the block."""
    settings = dict(SETTINGS)
    if not spark.sparkContext.getConf().contains("spark.sql.shuffle.partitions"):
        partitions = max(spark.sparkContext.defaultParallelism, size // BYTES)
        settings["spark.sql.shuffle.partitions"] = str(partitions)
    with settings_of(spark, settings):
        yield


@contextmanager
def settings_of(spark: SparkSession, settings: dict[str, str]) -> Iterator[None]:
    """Settings of a session for a block."""
    before = {name: spark.conf.get(name) for name in settings}
    for name, value in settings.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            spark.conf.set(name, str(old))


@contextmanager
def described(spark: SparkSession, what: str) -> Iterator[None]:
    """Have Spark's own pages and logs call the jobs of the block by what they do."""
    spark.sparkContext.setJobDescription(what)
    try:
        yield
    finally:
        spark.sparkContext.setJobDescription("dedup")
