"""Two copies of a program are never alive, and none at the end: each program is restarted and stopped at random times.

How often is a number in RANDOM_RESTARTS and RANDOM_ENDS, for each program; RANDOM_SEED draws other moments, and RANDOM_TERMINAL
gives all of them a terminal.
"""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("the programs' locks are of POSIX alone", allow_module_level=True)

import fcntl
import os
import pty
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only
from tests.support.programs.announcements import Announcements
from tests.support.programs.processes import reaping_orphans
from tests.support.programs.projects import project
from tests.support.programs.terminals import in_terminal
from tests.support.sessions.program import Reloader, is_onefile, marked

RESTARTS = int(os.environ.get("RANDOM_RESTARTS", "4"))
ENDS = int(os.environ.get("RANDOM_ENDS", "1"))
SEED = os.environ.get("RANDOM_SEED", "0")

STOP_TIMEOUT = 0.2
#: What is killed itself leaves nothing that lives longer than this, in seconds.
SECONDS = 2.0
#: Seconds between two restarts, and until the end of a session, at most: from before the launch to long after it.
PAUSE = 0.25
LIFE = 0.7

PROGRAMS = [
    "polite", "stubborn", "forking", "pipeline", "daemonising", "slow_to_start", "slow_to_stop", "crashing_at_import",
    "reading", "full_screen", "holding_port",
]  # fmt: skip
IN_TERMINAL = PROGRAMS if "RANDOM_TERMINAL" in os.environ else ["full_screen"]
#: Where the sessions of a user without a runtime directory can be met: the next session looks through it.
LASTING = {f"reloader-{os.getuid()}"}
ENDINGS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.fixture
def programs() -> Iterator[Announcements]:
    made = Announcements()
    with reaping_orphans():
        yield made
        made.close()


@contextmanager
def session(program: str, programs: Announcements, directory: Path) -> Iterator[Reloader]:
    """A session with ``program``, in a terminal if the program needs one."""
    directory.mkdir(exist_ok=True)
    for name in ("locks", "temporary"):
        (directory / name).mkdir(exist_ok=True)
    config = project(directory, {}, command=command(program, programs), on_exit="wait", stop_timeout=STOP_TIMEOUT)
    temporary = {} if is_onefile() else {"TMPDIR": str(directory / "temporary")}  # it may die while it is unpacked
    environment = {"LOCKS": str(directory / "locks"), "TERM": "xterm", **temporary}
    master, slave = pty.openpty() if program in IN_TERMINAL else os.pipe()
    try:
        with Reloader(
            "--config",
            config,
            cwd=directory,
            environment=environment,
            through=in_terminal() if program in IN_TERMINAL else (),
            stdin=slave if program in IN_TERMINAL else master,
        ) as reloader:
            yield reloader
    finally:
        os.close(master)
        os.close(slave)


def command(program: str, programs: Announcements) -> list[str]:
    if program == "pipeline":
        return ["sh", "-c", '"$@" | cat', "sh", *programs.command("polite")]
    if program == "holding_port":
        with socket.create_server(("127.0.0.1", 0)) as server:
            return programs.command(program, str(server.getsockname()[1]))
    return programs.command(program)


def let_pass(seconds: float, programs: Announcements) -> None:
    """Sleep until the random time, which is what the test is about."""
    moment = time.monotonic() + seconds

    def has_come() -> bool:
        programs.discard_pending()
        return time.monotonic() >= moment

    eventually(has_come, what="the moment")


def complaints(directory: Path) -> str:
    path = directory / "locks" / "complaints"
    return path.read_text() if path.exists() else ""


def is_all_gone(directory: Path, reloader: Reloader) -> bool:
    is_over = not list(marked(reloader.mark)) and all(map(is_free, (directory / "locks").glob("*.lock")))
    return is_over and all(place.name in LASTING for place in (directory / "temporary").iterdir())


def is_free(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def pid_of_program(reloader: Reloader, program: str) -> int:
    """Return the pid of reloader itself: in a terminal, another process has started it."""
    return int(reloader.wait_for("job_started")["pid"]) if program in IN_TERMINAL else reloader.pid


@linux_only
@pytest.mark.parametrize("program", PROGRAMS)
def test_two_copies_are_never_alive_even_with_fast_restarts(
    programs: Announcements, tmp_path: Path, program: str
) -> None:
    draw = Random(f"restarts {program} {SEED}")  # noqa: S311 - nobody is to be surprised but us
    with session(program, programs, tmp_path / "p") as reloader:
        pid = pid_of_program(reloader, program)
        reloader.wait_for("launched", run=1)
        while len(reloader.all_of("launched")) <= RESTARTS:
            let_pass(draw.uniform(0, PAUSE), programs)
            os.kill(pid, signal.SIGUSR1)
        os.kill(pid, signal.SIGTERM)
        assert reloader.wait_for_exit() in {137, 143}
        assert complaints(tmp_path / "p") == ""
        assert is_all_gone(tmp_path / "p", reloader)


@linux_only
@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_left_for_any_end_at_any_time(programs: Announcements, tmp_path: Path, program: str) -> None:
    draw = Random(f"ends {program} {SEED}")  # noqa: S311 - as above
    for number in range(ENDS):
        directory = tmp_path / str(number)
        with session(program, programs, directory) as reloader:
            pid = pid_of_program(reloader, program)
            let_pass(draw.uniform(0, LIFE), programs)
            ending = draw.choice(ENDINGS)
            os.kill(pid, ending)
            reloader.wait_for_exit()
            within = SECONDS if ending == signal.SIGKILL else 0.0
            eventually(lambda: is_all_gone(directory, reloader), within, f"nothing is left after {ending.name}")  # noqa: B023
            assert complaints(directory) == ""
