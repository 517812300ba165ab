"""Who is killed cannot tidy up: the guard does it. Each test kills a process that is a host with one run."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("on Windows the job object does what the guard does", allow_module_level=True)

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reloader import frozen
from reloader.system.posix import guard as guard_module
from reloader.system.posix.guard import Guard
from reloader.system.posix.process_host import ProcessHost
from reloader.system.posix.process_tag import ProcessTag
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only
from tests.support.programs.announcements import FACT_TIMEOUT, Announcements, environment
from tests.support.programs.processes import is_guard, is_running, reaping_orphans

#: From the end of the host to the end of all that it ran.
SECONDS = 2.0

HOST = """
import os, signal, sys, time
from reloader.system.posix.process_host import ProcessHost
host = ProcessHost(lambda event: None, int(sys.argv[1]))
child = host.launch(sys.argv[2:], cwd=os.getcwd(), environment=dict(os.environ), run=1)
print(child.pid, flush=True)
signal.pause()
"""


class Host:
    """A process with one run. ``kill`` kills it, and nobody else."""

    def __init__(self, argv: list[str], cwd: Path, stop_signal: int = signal.SIGTERM) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOST, str(int(stop_signal)), *argv],
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.group = int(self.process.stdout.readline())

    def guards(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [pid for pid in map(int, listed) if is_guard([command_of(pid)])]

    def kill(self) -> float:
        """The moment of its end."""
        self.process.kill()
        self.process.wait()
        return time.monotonic()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


@pytest.fixture
def programs() -> Iterator[Announcements]:
    made = Announcements()
    with reaping_orphans():
        yield made
        made.close()


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_the_run_is_sent_the_stop_signal(programs: Announcements, tmp_path: Path, stop_signal: signal.Signals) -> None:
    host = Host(programs.command("polite"), tmp_path, stop_signal)
    started = programs.wait_for("started", "polite")
    killed_at = host.kill()
    assert programs.wait_for("asked", "polite")["signal"] == stop_signal
    programs.wait_for_end_of(started)
    assert time.monotonic() - killed_at < SECONDS
    host.close()


def test_the_stop_signal_is_sent_once(programs: Announcements, tmp_path: Path) -> None:
    """Some programs take a second request for leave to end at once."""
    host = Host(programs.command("stubborn"), tmp_path)
    started = programs.wait_for("started", "stubborn")
    host.kill()
    programs.wait_for("asked", "stubborn")
    programs.wait_for_end_of(started)
    assert not programs.has_announced("asked", "stubborn")
    host.close()


@pytest.mark.parametrize("program", ["stubborn", "slow", "forking"])
def test_the_run_has_ended_within_two_seconds(programs: Announcements, tmp_path: Path, program: str) -> None:
    host = Host(programs.command(program), tmp_path)
    started = programs.wait_for("started", program)
    killed_at = host.kill()
    programs.wait_for_end_of(started)
    assert time.monotonic() - killed_at < SECONDS
    host.close()


@linux_only
def test_a_process_that_left_group_session_and_environment_is_ended_too(
    programs: Announcements, tmp_path: Path
) -> None:
    host = Host(programs.command("daemonising"), tmp_path)
    programs.wait_for("started", "daemonising")
    daemon = programs.wait_for("started", "stubborn")
    assert os.getsid(daemon["pid"]) != os.getsid(host.group)
    killed_at = host.kill()
    programs.wait_for_end_of(daemon)
    assert time.monotonic() - killed_at < SECONDS
    host.close()


@linux_only
def test_the_guard_ends_afterwards(programs: Announcements, tmp_path: Path) -> None:
    host = Host(programs.command("stubborn"), tmp_path)
    programs.wait_for("started", "stubborn")
    (guard,) = host.guards()
    host.kill()
    eventually(lambda: not is_running(guard), within=SECONDS + 1, what="the guard has ended")
    host.close()


@linux_only
def test_ctrl_c_does_not_reach_the_guard_and_it_holds_none_of_our_streams(
    programs: Announcements, tmp_path: Path
) -> None:
    host = Host(programs.command("waiting"), tmp_path)
    programs.wait_for("started", "waiting")
    (guard,) = host.guards()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        os.kill(guard, number)
    assert os.getpgid(guard) == guard
    pending = {os.readlink(entry) for entry in Path(f"/proc/{guard}/fd").iterdir()}
    assert {name for name in pending if not name.startswith("pipe:")} == {os.devnull}
    assert len(pending) == 2
    eventually(lambda: Path(f"/proc/{guard}/cwd").readlink() == Path("/"), what="it holds no directory")
    assert is_running(guard)
    host.kill()
    eventually(lambda: not is_running(guard), what="the guard has ended")
    host.close()


@linux_only
@pytest.mark.measures
def test_the_guard_costs_less_than_a_mebibyte(programs: Announcements, tmp_path: Path) -> None:
    host = Host(programs.command("waiting"), tmp_path)
    programs.wait_for("started", "waiting")
    (guard,) = host.guards()
    lines = Path(f"/proc/{guard}/smaps_rollup").read_text().splitlines()
    assert sum(int(line.split()[1]) for line in lines if line.startswith("Private")) < 1024
    host.kill()
    eventually(lambda: not is_running(guard), what="the guard has ended")
    host.close()


@linux_only
def test_a_guard_that_was_killed_is_not_an_error(tmp_path: Path) -> None:
    guard = Guard(ProcessTag(), signal.SIGTERM, os.getpgrp())
    assert guard.error is None
    assert guard._pid is not None
    os.kill(guard._pid, signal.SIGKILL)
    os.waitid(os.P_PID, guard._pid, os.WEXITED | os.WNOWAIT)
    guard.protect(os.getpid(), None)
    assert guard._pid is None
    guard.release()
    guard.shutdown()


def test_it_removes_the_directory_of_the_session_and_nothing_else(tmp_path: Path) -> None:
    ours, beside = tmp_path / "-rf * 'of us'\n", tmp_path / "beside"
    for directory in (ours, beside):
        (directory / "deep").mkdir(parents=True)
        (directory / "deep" / "file").touch()
    guard = Guard(ProcessTag(), signal.SIGTERM, os.getpgrp(), str(ours))
    guard.detach()
    guard._reap()
    assert not ours.exists()
    assert (beside / "deep" / "file").exists()


def test_without_a_shell_there_is_no_guard_and_the_reason_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "_SHELL", "/there/is/no/shell")
    host = ProcessHost(lambda event: None)
    assert host.unguarded_reason == os.strerror(2)
    host.close()


def test_a_stop_signal_without_a_name_is_replaced_by_sigterm() -> None:
    assert guard_module._name_of(signal.SIGUSR1) == "USR1"
    assert guard_module._name_of(63) == "TERM"


@linux_only
class TestTheTag:
    LOCKS = 10

    def test_applies_to_processes_that_are_started_meanwhile(self) -> None:
        tag = ProcessTag()
        before = resource.getrlimit(self.LOCKS)
        with tag.applied():
            assert resource.getrlimit(self.LOCKS) == (tag.number, before[1])
        assert resource.getrlimit(self.LOCKS) == before

    def test_of_an_outer_session_can_be_cleared(self) -> None:
        before = resource.getrlimit(self.LOCKS)
        with ProcessTag().applied():
            inner = ProcessTag()
            with inner.cleared():
                assert resource.getrlimit(self.LOCKS) == (before[1], before[1])
            with inner.applied():
                assert resource.getrlimit(self.LOCKS)[0] == inner.number

    def test_is_absent_where_the_limit_cannot_be_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*arguments: object) -> None:
            raise PermissionError

        monkeypatch.setattr(resource, "setrlimit", refuse)
        tag = ProcessTag()
        assert tag.number is None
        with tag.applied(), tag.cleared():
            assert tag.number is None

    def test_is_not_needed_to_end_the_group(self, programs: Announcements, tmp_path: Path) -> None:
        tag = ProcessTag()
        tag.number = None
        guard = Guard(tag, signal.SIGTERM, os.getpgrp())
        with subprocess.Popen(programs.command("stubborn"), env=environment(), start_new_session=True) as process:
            programs.wait_for("started", "stubborn")
            guard.protect(process.pid, None)
            guard.detach()
            assert process.wait(FACT_TIMEOUT) == -signal.SIGKILL
        guard._reap()


def test_our_frozen_program_restores_the_terminal_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard_module._restore_command()[:4] == [sys.executable, "-I", "-S", "-c"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setitem(sys.modules, "reloader.frozen", frozen)
    assert guard_module._restore_command() == [sys.executable, frozen.RESTORE_TERMINAL_FLAG]
    monkeypatch.delitem(sys.modules, "reloader.frozen")
    assert guard_module._restore_command() == []  # the program of somebody who uses the library


def test_an_interpreter_without_a_file_cannot_restore_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    assert guard_module._restore_command() == []
