"""Headless Chromium, where it is installed, and a server on loopback that remembers what was asked for."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--enable-logging=stderr", "--log-level=0", "--timeout=20000"),
)
"""A browser that asks nobody for anything but the page, and prints its console."""


@dataclass
class Site:
    """Pages by path, and the paths that were asked for, in order."""

    address: str = ""
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Visit:
    """What a browser made of a page: its elements once it was loaded, and the lines of its console."""

    dom: str
    console: list[str]


@contextmanager
def serve(pages: Mapping[str, bytes]) -> Iterator[Site]:
    """A server of these pages on loopback."""
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that is called
            site.asked.append(self.path)
            page = pages.get(self.path)
            self.send_response(200 if page is not None else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page or b"")))
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def visit(address: str, profile: Path) -> Visit:
    """Open a page; skips the test where there is no browser."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    done = subprocess.run(
        [program, *QUIET, f"--user-data-dir={profile}", "--dump-dom", address],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "<html" not in done.stdout:
        pytest.skip(f"Chromium does not run here: {done.stderr.strip()[-300:]}")
    return Visit(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line])
