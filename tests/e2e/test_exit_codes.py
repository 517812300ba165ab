"""The exit codes of the program, as a shell sees them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader

KILLED = 128 + 9  # as a shell tells of SIGKILL
#: Leaves signals to the kernel: between two instructions, Python hears of one only after the call that it is about to make.
STAY = """\
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("ready", flush=True)
sys.stdin.read()
"""
STUBBORN = """\
import signal
requests = {signal.SIGTERM, signal.SIGINT}
signal.pthread_sigmask(signal.SIG_BLOCK, requests)
print("ready", flush=True)
while True:
    print("asked by", signal.Signals(signal.sigwait(requests)).name, flush=True)
"""


def exit_code_of(directory: Path, *command: str) -> int:
    with Reloader("--", *command, cwd=directory) as reloader:
        code = reloader.wait_for_exit()
        assert reloader.wait_for("finished")["exit_code"] == code
        return code


@pytest.mark.parametrize("code", [0, 1, 2, 42, 255])
def test_the_exit_code_of_the_first_run_is_passed_on(tmp_path: Path, code: int) -> None:
    assert exit_code_of(tmp_path, *python("-c", f"import sys; sys.exit({code})")) == code


@posix_only
@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGABRT"])
def test_a_signal_that_ended_the_command_gives_the_code_of_a_shell(tmp_path: Path, number: str) -> None:
    """The command sets the limit itself, so no core is dumped."""
    end = f"import os, resource, signal; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.kill(os.getpid(), signal.{number})"
    assert exit_code_of(tmp_path, *python("-c", end)) == 128 + getattr(signal, number)


def test_a_command_that_is_not_found_is_127(tmp_path: Path) -> None:
    assert exit_code_of(tmp_path, "no-such-command-anywhere") == 127


@posix_only
def test_a_file_that_cannot_be_executed_is_126(tmp_path: Path) -> None:
    save(tmp_path / "notes.txt", "no program\n")
    assert exit_code_of(tmp_path, "./notes.txt") == 126


@posix_only
def test_a_script_without_its_first_line_is_126(tmp_path: Path) -> None:
    save(tmp_path / "script", "echo hello\n")
    (tmp_path / "script").chmod(0o755)
    assert exit_code_of(tmp_path, "./script") == 126


@posix_only
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_stops_the_command_first_and_gives_the_exit_code(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    with Reloader("--", *python("-c", STAY), cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        reloader.signal(number)
        assert reloader.wait_for_exit() == 128 + number
        assert reloader.wait_for("ended", run=1)["stopped"] is True
        assert reloader.all_of("killed") == []


@posix_only
def test_a_command_that_does_not_stop_is_killed_and_reported_so(tmp_path: Path) -> None:
    with Reloader("--stop-timeout", "0.2", "--", *python("-c", STUBBORN), cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        reloader.signal(signal.SIGTERM)
        assert reloader.wait_for_exit() == KILLED
        assert "asked by SIGTERM" in reloader.lines
        assert reloader.wait_for("killed", run=1)["after"] >= 0.2


@posix_only
def test_a_second_interrupt_kills_long_before_the_timeout(tmp_path: Path) -> None:
    with Reloader("--stop-timeout", "1h", "--", *python("-c", STUBBORN), cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        reloader.signal(signal.SIGINT)
        reloader.wait_for_line("asked by SIGINT")
        eventually(lambda: is_forced_by_another_interrupt(reloader), what="a later interrupt forces")
        assert reloader.wait_for_exit() == KILLED


def is_forced_by_another_interrupt(reloader: Reloader) -> bool:
    """The first of them may come so early that it counts as an echo of the one before."""
    if reloader.all_of("killed"):
        return True
    reloader.signal(signal.SIGINT)
    return False


@posix_only
def test_orphans_of_the_command_end_before_the_session(tmp_path: Path) -> None:
    """This includes one that left the process group and ignores signals: the context manager looks for it."""
    escaping = (
        f"import subprocess, sys; subprocess.Popen({python('-c', STUBBORN)!r}, start_new_session=True); sys.exit(9)"
    )
    with Reloader("--stop-timeout", "0.2", "--", *python("-c", escaping), cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 9
        reloader.wait_for("orphans_found", run=1)


@posix_only
def test_a_run_after_a_restart_may_fail_without_ending_the_session(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": STAY}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        save(tmp_path / "app.py", "raise SystemExit(7)")
        assert reloader.wait_for("waiting_for_change")["outcome"]["code"] == 7
        reloader.signal(signal.SIGINT)
        assert reloader.wait_for_exit() == 130


@posix_only
def test_a_clean_exit_after_a_restart_ends_the_session(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": STAY}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        save(tmp_path / "app.py", "raise SystemExit(0)")
        assert reloader.wait_for_exit() == 0
        assert reloader.runs_up_to(2) == [1, 2]
