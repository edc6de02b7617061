"""A PostgreSQL server of the tests' own, on loopback, where its programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def programs() -> Path:
    """Where initdb and pg_ctl are; skips the test where they are not."""
    for directory in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (directory / "initdb").exists():
            return directory
    found = shutil.which("initdb")
    if found is None:
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql")
    return Path(found).parent


def owner() -> str | None:
    """PostgreSQL refuses to run as root: who runs it then; None for this user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in names), None)
    if user is None:
        pytest.skip("PostgreSQL does not run as root, and there is no other user")
    return user


@contextmanager
def server() -> Iterator[str]:
    """The address of a new, empty server, stopped and removed at the end."""
    bin_ = programs()
    user = owner()
    directory = Path(tempfile.mkdtemp(prefix="dedup-postgres-"))
    try:
        if user is not None:
            shutil.chown(directory, user)
        data, log = directory / "data", directory / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]

        def run(program: str, *arguments: str) -> None:
            command = [bin_ / program, "-D", data, *arguments]
            done = subprocess.run(
                command, user=user, capture_output=True, text=True, check=False, cwd=directory, timeout=120
            )
            if done.returncode:
                pytest.skip(f"{program} does not run here: {done.stderr.strip() or done.stdout.strip()}")

        run("initdb", "-A", "trust", "-U", "dedup", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "-w", "-l", str(log), "-o", options, "start")
        try:
            yield f"postgresql://dedup@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
