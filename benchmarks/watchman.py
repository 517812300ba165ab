"""Starts a private Watchman for each tool that uses one, with its own socket, state and watches."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sessions import clean_environment, pause

PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Watchman:
    """A running Watchman. ``address`` is the path of its socket, which clients read from WATCHMAN_SOCK."""

    address: str
    pid: int


@contextmanager
def private_watchman() -> Iterator[Watchman]:
    """Start a Watchman that watches nothing yet."""
    with tempfile.TemporaryDirectory(prefix="watchman-") as directory:
        files = {"sockname": "sock", "statefile": "state", "logfile": "log", "pidfile": "pid"}
        options = [f"--{option}={directory}/{name}" for option, name in files.items()]
        daemon = subprocess.Popen(
            ["watchman", "--foreground", *options],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            address = f"{directory}/sock"
            _wait_for(address)
            yield Watchman(address, daemon.pid)
        finally:
            daemon.terminate()
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _wait_for(address: str) -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        with socket.socket(socket.AF_UNIX) as client:
            if Path(address).exists() and client.connect_ex(address) == 0:
                return
        pause(0.02)
    raise SystemExit("watchman did not open its socket")
