"""Checkpoints of a job: the recipe of a stage goes in, its rows come out, written once and read back.

A stage that is complete is not made again: a job that was ended continues after it, if it is the same job. What the
job is stands in a document beside the stages, so that no stage of one job ever becomes part of another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from dedup.errors import InputError, UsageError
from dedup.progress import Progress, Silent
from dedup.spark.session import described
from dedup.spark.storage import Storage

JOB = "job.json"
"""What the job is."""

COMPLETE = "_SUCCESS"
"""What Spark writes into a folder when all of it is there."""


class Checkpoints:
    """Where the outputs of stages lie.

    Args:
        spark: The session.
        directory: An address that every executor can write to, such as `hdfs://...`; on one machine a folder.
        job: All that decides what stages hold, ready for JSON; None = what lies there is made anew.
        progress: Told of each stage.

    Attributes:
        seconds: Time of each stage that was made.
        found: Stages that were there.

    Raises:
        UsageError: The directory has stages of another job.
    """

    def __init__(
        self,
        spark: SparkSession,
        directory: str,
        job: Mapping[str, object] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.seconds: dict[str, float] = {}
        self.found: list[str] = []
        self._spark = spark
        self._storage = Storage(spark)
        self._directory = self._storage.whole(directory)
        self._progress = progress or Silent()
        self._resumes = job is not None
        if job is not None:
            self._claim(directory, json.loads(json.dumps(job)))

    def stage(self, name: str, frame: DataFrame) -> DataFrame:
        """The rows of a frame, which is but a recipe, made once: what reads them later reads a file."""
        path = f"{self._directory}/{name}"
        if self._resumes and self._storage.exists(f"{path}/{COMPLETE}"):
            self.found.append(name)
        else:
            self._progress.start(name, None, "articles")
            start = time.perf_counter()
            with described(self._spark, name):
                frame.write.mode("overwrite").parquet(path)
            self.seconds[name] = time.perf_counter() - start
        return self._spark.read.schema(frame.schema).parquet(path)

    def _claim(self, given: str, job: dict[str, Any]) -> None:
        """Raise UsageError where stages of another job are; else note that these are of `job`."""
        path = f"{self._directory}/{JOB}"
        if not self._storage.exists(path):
            if names := self._storage.names(self._directory):
                raise UsageError(
                    f"{given} holds no stages, but {names[0]}", "choose an empty directory: --work-dir"
                )
            self._storage.make(self._directory)
            self._storage.write(path, json.dumps(job, indent=1).encode())
            return
        try:
            other = json.loads(self._storage.read(path))
        except ValueError as error:
            raise InputError(f"{path} cannot be read", "remove the directory to begin anew") from error
        for name in dict.fromkeys((*job, *other)):
            if job.get(name) != other.get(name):
                raise UsageError(
                    f"{given} has stages of another job: {name} {_said(other.get(name), job.get(name))}",
                    "choose another --work-dir, or remove this one to begin anew",
                )


def _said(old: object, new: object) -> str:
    """How a value differs: both, if a person can see it."""
    both = json.dumps(old, ensure_ascii=False), json.dumps(new, ensure_ascii=False)
    return f"was {both[0]}, is {both[1]}" if max(map(len, both)) <= 60 else "differs"
