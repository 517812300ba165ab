"""Runs a program and notes the moment at which each of its lines arrives. Linux only: what is left over is found in /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from benchmarks.processes import family

#: Settings of whoever runs the benchmark that would change what is measured.
UNWANTED = (
    "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH", "RELOADER_RUN", "RELOADER_RUN_MAIN", "WATCHMAN_SOCK",
)  # fmt: skip
#: signal.SIGKILL, which type checkers miss where they check for Windows.
KILL = 9
REPOSITORY = Path(__file__).resolve().parent.parent


class Session:
    """A running program with everything that it starts. ``started`` is the moment just before its start.

    ``silenced``: all that could say a line has ended.
    """

    def __init__(
        self, argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str], stdin: str | None = None
    ) -> None:
        self._lines: SimpleQueue[tuple[float, str] | None] = SimpleQueue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 closed by end()
        self.silenced = False
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
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

    @property
    def pids(self) -> list[int]:
        return family(self.pid)

    def next_line(self, *, within: float) -> tuple[float, str] | None:
        """The next line and its moment, or None if it takes more than ``within`` seconds or there can be none."""
        try:
            found = self._lines.get(timeout=within)
        except Empty:
            return None
        if found is None:
            self.silenced = True
            self._lines.put(None)  # the end stays the end
        return found

    def moment_of(self, line: str, *, within: float) -> float | None:
        """When ``line`` was said, or None if that takes more than ``within`` seconds. Other lines are passed over."""
        limit = time.perf_counter() + within
        while (left := limit - time.perf_counter()) > 0 and (found := self.next_line(within=left)) is not None:
            if found[1] == line:
                return found[0]
        return None

    def lines_until_quiet(self, quiet: float) -> list[str]:
        """All lines up to a silence of ``quiet`` seconds."""
        lines: list[str] = []
        while (found := self.next_line(within=quiet)) is not None:
            lines.append(found[1])
        return lines

    def last_words(self) -> str:
        """The last line of what the program wrote to standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def end(self, polite: int = signal.SIGTERM) -> None:
        """Ask, wait five seconds, and end whatever of the session is left."""
        self._process.send_signal(polite)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, KILL)
        self._errors.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put((time.perf_counter(), line.rstrip("\n")))
        self._lines.put(None)


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
            raise SystemExit(f"{argv[0]} did not say {line!r}: {session.last_words()}")
        return moment - session.started


def clean_environment(**additions: str) -> dict[str, str]:
    """The environment for everything that is measured."""
    return {**{name: value for name, value in os.environ.items() if name not in UNWANTED}, **additions}


def accept_signals() -> None:
    """A shell starts background jobs with SIGINT ignored, which every program here would inherit; some stop by it.

    SIGTERM ends the benchmark as an exception does, so that it leaves nothing running.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def pause(seconds: float) -> None:
    """A time between two measurements, in which nothing is waited for."""
    time.sleep(seconds)  # noqa: TID251
