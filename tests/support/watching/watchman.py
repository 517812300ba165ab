"""A Watchman of a test's own: the real one, with a private socket and private state, and never the user's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.assertions.eventually import eventually

HAS_WATCHMAN = sys.platform != "win32" and shutil.which("watchman") is not None and find_spec("pywatchman") is not None
needs_watchman = pytest.mark.skipif(
    not HAS_WATCHMAN, reason="watchman, or pywatchman, is not installed (Debian and Ubuntu: apt-get install watchman)"
)


@dataclass(frozen=True)
class Service:
    """A running Watchman. ``ask`` is what a user could ask of it on the side."""

    process: subprocess.Popen[bytes]
    socket: str

    def ask(self, *request: object) -> dict[str, object]:
        import pywatchman

        with pywatchman.client(sockpath=self.socket, timeout=10.0) as client:
            answer: dict[str, object] = client.query(*request)
            return answer

    def roots(self) -> list[str]:
        roots = self.ask("watch-list")["roots"]
        assert isinstance(roots, list)
        return sorted(roots)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10.0)

    @contextmanager
    def pending(self) -> Iterator[None]:
        """Stopped as by Ctrl-Z: its socket takes what is sent, and nobody answers."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            eventually(self._is_pending, what="Watchman is held")  # a thread that is busy stops a little later
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def _is_pending(self) -> bool:
        if sys.platform != "linux":
            return True  # the state of its threads is not to be seen
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads)


@contextmanager
def running_watchman() -> Iterator[Service]:
    """Also names it in WATCHMAN_SOCK, which is where clients look first."""
    directory = Path(tempfile.mkdtemp(prefix="wm"))  # not below tmp_path: a socket's path may have about 100 bytes
    process = subprocess.Popen(
        [
            *("watchman", "--foreground", f"--sockname={directory}/sock", f"--pidfile={directory}/pid"),
            *(f"--statefile={directory}/state", f"--logfile={directory}/log"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    before = os.environ.get("WATCHMAN_SOCK")
    try:
        service = Service(process, f"{directory}/sock")
        eventually(lambda: _answers(service), what="Watchman answers")
        os.environ["WATCHMAN_SOCK"] = service.socket
        yield service
    finally:
        if before is None:
            os.environ.pop("WATCHMAN_SOCK", None)
        else:
            os.environ["WATCHMAN_SOCK"] = before
        process.kill()
        process.wait(10.0)
        shutil.rmtree(directory)


def _answers(service: Service) -> bool:
    import pywatchman

    assert service.process.poll() is None, "Watchman has ended"
    try:
        return bool(service.ask("version"))
    except (pywatchman.WatchmanError, OSError):
        return False
