"""Spark for tests: a session of this process, and a real standalone master with two workers on loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WAIT = 120
"""Seconds for a master or a worker to start; it takes three where nothing else is going on."""

SMALL = {
    "spark.ui.enabled": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.files.openCostInBytes": "0",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
"""Settings of a job that is over in seconds."""

QUICK = {
    "SPARK_LOCAL_IP": "127.0.0.1",
    "PYSPARK_PYTHON": sys.executable,
    # Half of the time of such a job is that of the compiler. Where it may not optimise it has room for 48 MB of code;
    # three jobs fill that, and from then on everything would be interpreted.
    "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m",
}
"""The environment of such a job."""


def required() -> None:
    """Skip where Spark cannot run."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("needs pyspark: pip install 'pyspark>=4,<5'")
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and Path(home, "bin/java").exists())):
        pytest.skip("needs Java 17: apt-get install openjdk-17-jre-headless")


@contextmanager
def session() -> Iterator[SparkSession]:
    """A session of this process with two threads."""
    required()
    os.environ.update(QUICK)
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    for name, value in SMALL.items():
        builder = builder.config(name, value)
    made = builder.master("local[2]").getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()


class Cluster:
    """A standalone master with workers of one core each; `stop` ends every process.

    Args:
        directory: For logs, and what workers and executors write.
        workers: How many.
        memory: For the executors of each.
        environment: Of all processes, beside what they need.

    Attributes:
        url: Of the master.
        workers: Their processes; each starts executors, which end with it.
    """

    def __init__(
        self,
        directory: Path,
        workers: int = 2,
        memory: str = "1500M",
        environment: Mapping[str, str] = QUICK,
    ) -> None:
        import pyspark

        home = Path(pyspark.__file__).parent
        self.directory = directory
        self.memory = memory
        self.environment = {
            **os.environ,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            **environment,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_DIRS": str(directory),
            "PYSPARK_SUBMIT_ARGS": " ".join(f"--conf {name}={value}" for name, value in SMALL.items())
            + " --conf spark.executor.memory=1g pyspark-shell",
        }
        self._command = [str(home / "bin" / "spark-class"), "org.apache.spark.deploy"]
        self._processes: list[subprocess.Popen[bytes]] = []
        self.url = ""
        self.workers: list[subprocess.Popen[bytes]] = []
        try:
            self._start("master.Master", "master", "--host", "127.0.0.1", "--port", "0")
            self.url = self._said("master", r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
            for number in range(workers):
                self.add_worker(f"worker{number}")
            for number in range(workers):
                self._said(f"worker{number}", "(Successfully registered with master)")
        except BaseException:
            self.stop()
            raise

    def add_worker(self, name: str) -> None:
        """Start a worker of one core."""
        local, where = self.directory / f"local{len(self.workers)}", str(self.directory / name)
        local.mkdir()
        options = ("-h", "127.0.0.1", "-c", "1", "-m", self.memory, "-d", where, self.url)
        self.workers.append(self._start("worker.Worker", name, *options, local=local))

    def kill_worker(self, number: int) -> None:
        """End a worker and its executors at once, as a machine that loses power."""
        worker = self.workers[number]
        for child in below(worker.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        worker.kill()
        worker.wait()

    def python_memory(self) -> float:
        """The most that a Python process of a worker has ever held, MB."""
        most = 0
        for pid in (pid for worker in self.workers for pid in below(worker.pid)):
            with contextlib.suppress(OSError):
                if b"pyspark.daemon" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    status = Path(f"/proc/{pid}/status").read_text()
                    most = max(most, int(status.partition("VmHWM:")[2].split()[0]))
        return most / 1e3

    def local_files(self, number: int, pattern: str) -> list[Path]:
        """Files that the executors of a worker hold for exchanges."""
        return list((self.directory / f"local{number}").rglob(pattern))

    def stop(self) -> None:
        """End everything."""
        for process in reversed(self._processes):
            for pid in (*below(process.pid), process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()

    def _start(
        self, main: str, name: str, *options: str, local: Path | None = None
    ) -> subprocess.Popen[bytes]:
        program, package = self._command
        with (self.directory / f"{name}.log").open("wb") as log:
            # The system ends it with this process, should that be killed.
            follow = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
            process = subprocess.Popen(
                [*follow, program, f"{package}.{main}", *options, "--webui-port", "0"],
                stdout=log,
                stderr=log,
                env={**self.environment, "SPARK_LOCAL_DIRS": str(local or self.directory)},
            )
        self._processes.append(process)
        return process

    def _said(self, name: str, pattern: str) -> str:
        """What a process said in its log that matches the group of `pattern`."""
        end = time.monotonic() + WAIT
        text = ""
        while time.monotonic() < end:
            text = (self.directory / f"{name}.log").read_text("utf-8", "replace")
            if found := re.search(pattern, text):
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f"the {name} of the cluster does not start:\n{text}")


@contextmanager
def cluster(workers: int = 2) -> Iterator[Cluster]:
    """A cluster in a directory of its own."""
    required()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        made = Cluster(Path(directory), workers)
        try:
            yield made
        finally:
            made.stop()


def below(pid: int) -> list[int]:
    """The children of a process and theirs, found before it ends: then they would be nobody's."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, path.read_text().split()):
                found += [child, *below(child)]
    return found
