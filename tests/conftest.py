"""Shared fixtures: both engines, and hypothesis profiles."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import cluster as clusters
from tests.articles import Cli

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# "ci" tries the same examples each time, so that a failure is of the change that it shows; "explore" tries new ones.
for profile, derandomize in {"ci": True, "explore": False}.items():
    hypothesis.settings.register_profile(
        profile,
        deadline=None,
        derandomize=derandomize,
        suppress_health_check=[
            hypothesis.HealthCheck.too_slow,
            hypothesis.HealthCheck.function_scoped_fixture,
        ],
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _no_developer_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the developer's settings files and environment out of every test."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def dedup(capfd: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """The command line."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield Cli(capfd)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def corpus() -> Path:
    """The project's labelled corpus."""
    return ROOT / "corpus"


@pytest.fixture
def shared_data() -> Path:
    """Labelled real data, for measuring only."""
    data = SHARED / "data"
    if not data.is_dir():
        pytest.skip("needs the labelled real data beside the project (../shared/data)")
    return data


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark session of this process; see `tests.cluster`."""
    with clusters.session() as session:
        yield session


@pytest.fixture(scope="session")
def cluster() -> Iterator[clusters.Cluster]:
    """A Spark cluster on loopback, for commands in processes of their own."""
    with clusters.cluster() as made:
        yield made
