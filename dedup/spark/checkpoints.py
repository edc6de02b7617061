"""Checkpoints of a job: a stage goes in as a recipe, its rows come out, written once and read back."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession


class Checkpoints:
    """Where the outputs of stages lie.

    Args:
        spark: The session.
        directory: An address that every executor can write to, such as `hdfs://...`; on one machine a folder.
    """

    def __init__(self, spark: SparkSession, directory: str) -> None:
        self._spark = spark
        self._directory = directory.rstrip("/")

    def stage(self, name: str, frame: DataFrame) -> DataFrame:
        """The rows of a frame, which is but a recipe, made once: what reads them later reads a file."""
        path = f"{self._directory}/{name}"
        frame.write.mode("overwrite").parquet(path)
        return self._spark.read.schema(frame.schema).parquet(path)
