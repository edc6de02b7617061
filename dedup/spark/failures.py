"""Errors on their way from a task to whoever waits for the job: Spark hands on nothing of them but a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup import errors
from dedup.errors import DedupError, InputError

MARK = "dedup-error:"

UNCHANGED = "let nothing write to the inputs during a run"


class TaskError(Exception):
    """A DedupError as a text that `reported` knows again."""


@contextmanager
def handed_on() -> Iterator[None]:
    """In a task: let a DedupError of the block be known again where the job was started."""
    try:
        yield
    except DedupError as error:
        document = json.dumps([type(error).__name__, error.message, error.hint])
        raise TaskError(f"{MARK}{document}") from error


@contextmanager
def reported() -> Iterator[None]:
    """Where a job is started: raise the DedupError that a task met, or an InputError with what Spark says."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        text = str(error)
        if found := re.search(rf"{MARK}(\[.*\])", text):
            name, message, hint = json.loads(found[1])
            kind = getattr(errors, name, InputError)
            if issubclass(kind, DedupError):
                raise kind(message, hint) from error
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        told = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b.*: ", line)]
        reason = (told or lines or [type(error).__name__])[-1 if told else 0]
        raise InputError(f"Spark gave up: {reason}", "the whole message is in Spark's own log") from error


def appeared(file: str) -> Column:
    """A column that ends the job where it is evaluated: the column `file` names one, or a part of one, that was not."""
    message = F.concat(F.url_decode(file), F.lit(" changed while it was read"))
    parts = F.array(F.lit("InputError"), message, F.lit(UNCHANGED))
    return F.raise_error(F.concat(F.lit(MARK), F.to_json(parts)))
