"""The command has the terminal: it reads the input, gets Ctrl-C, and the terminal is restored."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs.announcements import FACT_TIMEOUT
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import environment_of_program, program

if sys.platform == "win32":
    pytest.skip("terminals with a foreground process group are of POSIX alone", allow_module_level=True)

assert sys.platform != "win32"

import pty  # noqa: E402 - what comes after the skip

from tests.support.programs.terminals import CTRL_C, CTRL_Z, ENTER, reloader_in_terminal  # noqa: E402

ASKING = """\
import sys
print("what is it?", flush=True)
print("it is", sys.stdin.readline().strip(), flush=True)
sys.stdin.readline()
"""
COUNTING = """\
import signal, sys
count = 0
def interrupted(number, frame):
    global count
    count += 1
signal.signal(signal.SIGINT, interrupted)
signal.siginterrupt(signal.SIGINT, False)
print("ready", flush=True)
sys.stdin.readline()
print("interrupts:", count, flush=True)
sys.exit(130)
"""
DYING_OF_IT = """\
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("ready", flush=True)
sys.stdin.read()
"""
#: A debugger's prompt looks like this to the terminal.
WITHOUT_ECHO = """\
import sys, termios
attributes = termios.tcgetattr(0)
attributes[3] &= ~(termios.ECHO | termios.ICANON)
termios.tcsetattr(0, termios.TCSANOW, attributes)
print("echo is off", flush=True)
sys.stdin.read()
"""
PRINTING_ECHO = """\
import signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
flags = termios.tcgetattr(0)[3]
print("echo:", bool(flags & termios.ECHO), "lines:", bool(flags & termios.ICANON), flush=True)
sys.stdin.read()
"""


def test_the_command_reads_what_is_typed_in_every_run(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": ASKING}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("what is it?")
        keyboard.type(f"a word{ENTER}")
        reloader.wait_for_line("it is a word")
        save(tmp_path / "app.py", ASKING + DYING_OF_IT)
        reloader.wait_for_line("what is it?")
        keyboard.type(f"another{ENTER}{ENTER}")
        reloader.wait_for_line("it is another")
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130


def test_one_ctrl_c_is_one_interrupt_for_the_command_and_ends_both(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": COUNTING}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_C)
        keyboard.type(ENTER)
        reloader.wait_for_line("interrupts: 1")
        assert reloader.wait_for_exit() == 130
        assert reloader.all_of("stopping") == []


def test_a_command_killed_by_ctrl_c_ends_the_session_even_after_a_restart(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": DYING_OF_IT}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        save(tmp_path / "app.py", DYING_OF_IT + "# edited\n")
        reloader.wait_for("launched", run=2)
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130
        assert reloader.wait_for("ended", run=2)["outcome"] == {
            "kind": "signalled",
            "number": 2,
            "was_foreground": True,
        }


def test_ctrl_c_while_nothing_runs_ends_the_session(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": "raise SystemExit(1)"}, command=python("app.py"), on_exit="wait")
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for("waiting_for_change")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130


def test_the_terminal_is_restored_at_the_end(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": WITHOUT_ECHO}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("echo is off")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130
        back = reloader.wait_for("terminal_is_back")
        assert back["attributes_are_as_before"]
        assert back["job_is_in_foreground"]


def test_a_run_that_switched_echo_off_and_was_restarted_leaves_echo_on(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": WITHOUT_ECHO}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("echo is off")
        save(tmp_path / "app.py", PRINTING_ECHO)
        reloader.wait_for_line("echo: True lines: True")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130


def test_ctrl_z_stops_the_whole_job_and_the_shell_can_continue_it(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": ASKING}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("what is it?")
        keyboard.type(CTRL_Z)
        reloader.wait_for("job_stopped")
        keyboard.type(ENTER)
        save(tmp_path / "app.py", DYING_OF_IT)
        reloader.wait_for("launched", run=2)
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130


@pytest.mark.parametrize(
    ("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_notices_on_a_terminal_are_coloured_unless_disabled(
    tmp_path: Path, variables: dict[str, str], is_coloured: bool
) -> None:
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            [*program(), "--", *python("-c", "raise SystemExit(7)")],
            cwd=tmp_path,
            env=environment_of_program(**{"TERM": "xterm", **variables}),
            stderr=slave,
            check=False,
            timeout=FACT_TIMEOUT,
        )
        shown = os.read(master, 1 << 16).decode()
    finally:
        os.close(slave)
        os.close(master)
    assert done.returncode == 7
    assert "watching" in shown
    assert ("\x1b[" in shown) is is_coloured
