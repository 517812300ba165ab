"""Runs a program and records the time of each of its lines. It needs Linux, where /proc lists the processes left over."""

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

#: Variables of the user's environment that would change what is measured.
UNWANTED = (
    "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH", "RELOADER_RUN", "RELOADER_RUN_MAIN", "WATCHMAN_SOCK",
)  # fmt: skip
#: signal.SIGKILL, which type checkers do not find when they check for Windows.
KILL = 9
REPOSITORY = Path(__file__).resolve().parent.parent


class Session:
    """A running program with everything that it starts. ``started`` is the time just before its start.

    ``silenced`` is True once every process that could write a line has ended.
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
        """Return the next line and its time, or None after ``within`` seconds or if there can be none."""
        try:
            found = self._lines.get(timeout=within)
        except Empty:
            return None
        if found is None:
            self.silenced = True
            self._lines.put(None)  # the end stays the end
        return found

    def moment_of(self, line: str, *, within: float) -> float | None:
        """Return the time of ``line``, or None after ``within`` seconds. Other lines are skipped."""
        limit = time.perf_counter() + within
        while (left := limit - time.perf_counter()) > 0 and (found := self.next_line(within=left)) is not None:
            if found[1] == line:
                return found[0]
        return None

    def lines_until_quiet(self, quiet: float) -> list[str]:
        """Return all lines up to a silence of ``quiet`` seconds."""
        lines: list[str] = []
        while (found := self.next_line(within=quiet)) is not None:
            lines.append(found[1])
        return lines

    def last_words(self) -> str:
        """Return the last line that the program wrote to standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def end(self, polite: int = signal.SIGTERM) -> None:
        """Send a signal, wait five seconds, and kill what is left of the session."""
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
    """Return the seconds from the start of ``argv``, without a reloader, to its ``line``."""
    with running(argv, cwd=cwd, environment=environment, polite=KILL) as session:
        moment = session.moment_of(line, within=30)
        if moment is None:
            raise SystemExit(f"{argv[0]} did not say {line!r}: {session.last_words()}")
        return moment - session.started


def clean_environment(**additions: str) -> dict[str, str]:
    """Return the environment for everything that is measured."""
    return {**{name: value for name, value in os.environ.items() if name not in UNWANTED}, **additions}


def accept_signals() -> None:
    """Let SIGINT and SIGTERM end the benchmark as an exception does, so that it leaves nothing running.

    A shell starts background jobs with SIGINT ignored. Every program here would inherit that, and some are stopped by SIGINT.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def pause(seconds: float) -> None:
    """Sleep between two measurements."""
    time.sleep(seconds)  # noqa: TID251
