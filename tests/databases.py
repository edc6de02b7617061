"""A PostgreSQL server of the tests' own, where its programs are installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.servers import UnavailableError, postgres


@contextmanager
def server() -> Iterator[str]:
    """The address of a new, empty server; skips the test where there is none."""
    try:
        with postgres("fsync=off") as address:
            yield address
    except UnavailableError as error:
        pytest.skip(str(error))
