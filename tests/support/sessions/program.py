"""Runs the real program, hears what it tells, and holds it to its promise that nothing is left behind.

RELOADER_PROGRAM names another build of it (an installed script, a frozen one); else it is what this Python imports.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil
from typing_extensions import Self

from reloader.core.outcome import KILL
from tests.support.programs.announcements import FACT_TIMEOUT, ROOT
from tests.support.programs.processes import is_alive
from tests.support.sessions.output import Hearing

PROGRAM_VARIABLE = "RELOADER_PROGRAM"
#: By this variable all processes of a session are known, wherever they have gone.
MARK = "STARTED_BY_TEST"
#: What would decide on colours, or configure the program or its command, in place of the test.
_NOT_HANDED_ON = ("RELOADER_", "NO_COLOR", "FORCE_COLOR", "PYTHONUNBUFFERED", "FLASK_", "DJANGO_")

if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP  # a Ctrl-C for it would reach the test too
else:
    _FLAGS = 0


def program() -> list[str]:
    """The command that starts reloader."""
    other = os.environ.get(PROGRAM_VARIABLE)
    return [other] if other else [sys.executable, "-m", "reloader"]


def is_frozen() -> bool:
    """Whether it brings its own Python."""
    return PROGRAM_VARIABLE in os.environ and Path(program()[0]).read_bytes()[:2] != b"#!"


def is_onefile() -> bool:
    """Whether it unpacks itself at each start, into a directory that is gone when it ends."""
    return is_frozen() and not Path(program()[0]).with_name("_internal").exists()


def environment_of_program(**more: str) -> dict[str, str]:
    """The environment of the test, less what would configure the program, with the program's source where it is needed."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_HANDED_ON)}
    source = {} if PROGRAM_VARIABLE in os.environ else {"PYTHONPATH": str(ROOT)}
    return {**ours, **source, **more}


class Reloader(Hearing):
    """One session of the real program. Use it as a context manager: on the way out it is ended, and all of it must be gone.

    ``arguments`` are its own; ``talk`` is how it tells what happens; ``through`` is a command that starts it in its turn;
    ``start`` is what starts it in place of the usual.
    """

    def __init__(
        self,
        *arguments: str | Path,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        talk: Sequence[str] = ("--json", "--verbose"),
        through: Sequence[str] = (),
        stdin: int = subprocess.PIPE,
        start: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.mark = f"{MARK}={os.getpid()}-{id(self)}"
        self._command = [*through, *(start or program()), *talk, *map(str, arguments)]
        self._cwd = cwd
        self._environment = environment_of_program(**{**(environment or {}), MARK: self.mark.partition("=")[2]})
        self._stdin = stdin

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._environment,
            stdin=self._stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
            creationflags=_FLAGS,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.listen(self.process.stdout, for_notices=False)
        self.listen(self.process.stderr, for_notices=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.stop()
        finally:
            left = self._end_by_force()
        if kind is not None:
            sys.stderr.write(self.transcript())  # pytest shows it with the failure
        assert kind is not None or left == [], f"processes were left behind: {left}\n{self.transcript()}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def working_pid(self) -> int:
        """Of the process that does the work: it is below the bootloader of a program in one file."""
        return int(psutil.Process(self.pid).children()[0].pid) if is_onefile() else self.pid

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def say(self, text: str) -> None:
        """Write ``text`` to the standard input that the program hands on to its command."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end, as ``kill`` does, and return its exit code. Nothing happens if it has ended already."""
        if self.is_running:
            self.process.terminate()
        return self.wait_for_exit()

    def wait_for_exit(self, within: float = FACT_TIMEOUT) -> int:
        """The exit code, when all that was written has been heard."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {within:g} seconds") from None
        self.join()
        return code

    def _end_by_force(self) -> list[int]:
        """What is left of a session that should be over. It is ended, so that one failure does not become many."""
        if self.is_running:
            self.process.kill()
            self.process.wait()
        left = list(self._left_behind())
        for pid in left:
            with suppress(OSError):
                os.kill(pid, KILL)
        self.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        return left

    def _left_behind(self) -> Iterator[int]:
        if sys.platform == "linux":
            yield from marked(self.mark)
        else:
            yield from (one["pid"] for one in self.all_of("launched") if is_alive(one["pid"]))


def marked(mark: str) -> Iterator[int]:
    """The living processes on Linux with ``mark`` in their environment. A zombie has none left."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    yield int(folder.name)
