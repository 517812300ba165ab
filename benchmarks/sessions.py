"""Runs a program and notes the moment at which each of its lines arrives. Linux only: what is left over is found in /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

#: Settings of whoever runs the benchmark that would change what is measured.
UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH", "RELOADER_RUN", "RELOADER_RUN_MAIN")
#: signal.SIGKILL, which type checkers miss where they check for Windows.
KILL = 9
REPOSITORY = Path(__file__).resolve().parent.parent


class Session:
    """A running program with everything that it starts. ``started`` is the moment just before its start."""

    def __init__(
        self, argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str], stdin: str | None = None
    ) -> None:
        self._lines: SimpleQueue[tuple[float, str]] = SimpleQueue()
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        if stdin is not None and self._process.stdin is not None:
            self._process.stdin.write(stdin)
            self._process.stdin.close()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def moment_of(self, line: str, *, within: float) -> float | None:
        """When ``line`` was said, or None if that takes more than ``within`` seconds. Other lines are passed over."""
        limit = time.perf_counter() + within
        while (left := limit - time.perf_counter()) > 0:
            try:
                moment, said = self._lines.get(timeout=left)
            except Empty:
                return None
            if said == line:
                return moment
        return None

    def lines_until_quiet(self, quiet: float) -> list[str]:
        """All lines up to a silence of ``quiet`` seconds."""
        lines: list[str] = []
        try:
            while True:
                lines.append(self._lines.get(timeout=quiet)[1])
        except Empty:
            return lines

    def end(self, polite: int = signal.SIGTERM) -> None:
        """Ask, wait five seconds, and end whatever of the session is left."""
        self._process.send_signal(polite)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in members(self._process.pid):
            os.kill(pid, KILL)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put((time.perf_counter(), line.rstrip("\n")))


@contextmanager
def running(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: str | None = None,
    polite: int = signal.SIGTERM,
) -> Iterator[Session]:
    session = Session(argv, cwd=cwd, environment=environment, stdin=stdin)
    try:
        yield session
    finally:
        session.end(polite)


def bare_start(argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str], line: str) -> float:
    """Seconds from the start of ``argv``, under nobody, to its ``line``."""
    with running(argv, cwd=cwd, environment=environment, polite=KILL) as session:
        moment = session.moment_of(line, within=30)
        if moment is None:
            raise SystemExit(f"{argv[0]} did not say {line!r}")
        return moment - session.started


def clean_environment(**additions: str) -> dict[str, str]:
    """The environment for everything that is measured, with this checkout's ``reloader`` importable."""
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return {**kept, "PYTHONPATH": str(REPOSITORY), **additions}


def accept_interrupts() -> None:
    """A shell starts background jobs with SIGINT ignored, which every program here would inherit; some stop by it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pause(seconds: float) -> None:
    """A time between two measurements, in which nothing is waited for."""
    time.sleep(seconds)  # noqa: TID251


def members(session: int) -> Iterator[int]:
    """The processes of a session, whatever process group they have moved to."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _session_of(entry) == session:
            yield int(entry)


def _session_of(pid: str) -> int | None:
    try:
        after_name = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return None  # ended meanwhile
    state, _, _, session = after_name.split()[:4]
    return None if state == "Z" else int(session)
