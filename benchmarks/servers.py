"""Servers of a benchmark's or a test's own, on loopback, where their programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UnavailableError(Exception):
    """The server cannot be had here; says why."""


@contextmanager
def postgres(*settings: str) -> Iterator[str]:
    """The address of a new, empty PostgreSQL server, stopped and removed at the end.

    Args:
        settings: Such as `fsync=off`.

    Raises:
        UnavailableError: It is not installed, or does not start.
    """
    programs, user = _postgres_programs(), _postgres_user()
    directory = Path(tempfile.mkdtemp(prefix="dedup-postgres-"))
    try:
        if user is not None:
            shutil.chown(directory, user)

        def run(program: str, *arguments: str) -> None:
            command = [programs / program, "-D", directory / "data", *arguments]
            done = subprocess.run(
                command, user=user, capture_output=True, text=True, check=False, cwd=directory, timeout=120
            )
            if done.returncode:
                said = done.stderr.strip() or done.stdout.strip()
                raise UnavailableError(f"{program} does not run here: {said}")

        run("initdb", "-A", "trust", "-U", "dedup", "-E", "UTF8", "--no-sync")
        port = _free_port()
        fixed = ("listen_addresses=127.0.0.1", "unix_socket_directories=")
        options = f"-p {port} " + " ".join(f"-c {setting}" for setting in (*fixed, *settings))
        run("pg_ctl", "-w", "-l", str(directory / "log"), "-o", options, "start")
        try:
            yield f"postgresql://dedup@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def redis() -> Iterator[int]:
    """The port of a new, empty Redis server that writes no files, stopped at the end.

    Raises:
        UnavailableError: It is not installed, or does not start.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise UnavailableError("needs a Redis server: apt-get install redis-server")
    port = _free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise UnavailableError("redis-server does not start")
        yield port
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _postgres_programs() -> Path:
    """Where initdb and pg_ctl are."""
    for directory in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (directory / "initdb").exists():
            return directory
    found = shutil.which("initdb")
    if found is None:
        raise UnavailableError("needs a PostgreSQL server: apt-get install postgresql")
    return Path(found).parent


def _postgres_user() -> str | None:
    """PostgreSQL refuses to run as root: who runs it then; None for this user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in names), None)
    if user is None:
        raise UnavailableError("PostgreSQL does not run as root, and there is no other user")
    return user
