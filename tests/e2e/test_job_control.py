"""What a terminal and its shell can do to a session: repeated Ctrl-C, Ctrl-Z, fg, bg, a new size, a sudden end."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("terminals with a foreground process group are of POSIX alone", allow_module_level=True)

import os
import signal
import termios

from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only, needs_foreground
from tests.support.programs.processes import reaping_orphans
from tests.support.programs.projects import project, python, save
from tests.support.programs.terminals import CTRL_C, CTRL_D, CTRL_Z, ENTER, Keyboard, reloader_in_terminal
from tests.support.sessions.program import Reloader

#: The part that every command here begins with. Python does not promise that a signal is heard by who is just about to read.
BEGIN = """\
import os, select, signal, sys, termios
woken, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
def say(*words): print(*words, flush=True)
def wait_for(*inputs):
    while not (ready := [one for one in select.select([woken, *inputs], [], [])[0] if one != woken]):
        os.read(woken, 64)
    return ready
def read(limit):
    wait_for(0)
    return os.read(0, limit)
"""
#: Hears SIGINT and goes on. Ends at the end of its input.
STUBBORN = (
    BEGIN
    + """\
signal.signal(signal.SIGINT, lambda number, frame: say("interrupted"))
say("ready")
while read(1024): pass
"""
)
PROMPTING = (
    BEGIN
    + """\
attributes = termios.tcgetattr(0)
attributes[3] &= ~termios.ICANON
termios.tcsetattr(0, termios.TCSANOW, attributes)
signal.signal(signal.SIGINT, lambda number, frame: say("interrupted"))
say("ready")
while read(1) != b"q": pass
sys.exit(7)
"""
)
FULL_SCREEN = (
    BEGIN
    + """\
import tty
tty.setraw(0)
os.write(0, b"\\x1b[?1049h\\x1b[?25l")
signal.signal(signal.SIGWINCH, lambda number, frame: say("size", *os.get_terminal_size(0)))
say("ready")
wait_for()
"""
)
LISTENING = (
    BEGIN
    + """\
signal.signal(signal.SIGUSR2, lambda number, frame: say("got SIGUSR2"))
signal.signal(signal.SIGCONT, lambda number, frame: say("continued"))
say("ready")
while True: select.select([], [], [], 0.05)
"""
)
#: Counts what it hears within half a second of the first, and ends as who obeys.
WITHOUT_INPUT = (
    BEGIN
    + """\
heard = []
signal.signal(signal.SIGINT, lambda number, frame: (say("interrupted"), heard.append(number)))
say("input:", repr(sys.stdin.read()))
while not heard: select.select([], [], [], 0.02)
select.select([], [], [], 0.5)
sys.exit(130)
"""
)
DEBUGGED = """\
def answer():
    value = 42
    breakpoint()
    print("went on", flush=True)
print("ready", flush=True)
answer()
"""


def press_again(reloader: Reloader, keyboard: Keyboard) -> None:
    """Type Ctrl-C so much later that it counts as another one, until it kills or counts as the first of two."""

    def is_forced() -> bool:
        if reloader.all_of("killed"):
            return True
        keyboard.type(CTRL_C)
        return False

    eventually(is_forced, what="another Ctrl-C forces")


def test_a_second_ctrl_c_kills_a_command_that_survived_the_first(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": STUBBORN}, command=python("app.py"), stop_timeout="1h")
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_C)
        reloader.wait_for_line("interrupted")
        assert reloader.all_of("stopping") == reloader.all_of("killed") == []
        press_again(reloader, keyboard)
        assert reloader.wait_for_exit() == 137
        assert reloader.wait_for("ended")["outcome"]["number"] == signal.SIGKILL


def test_at_a_prompt_every_ctrl_c_belongs_to_the_command(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": PROMPTING}, command=python("app.py"), on_exit="exit")
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        presses = 0

        def has_lasted() -> bool:
            nonlocal presses
            keyboard.type(CTRL_C)
            reloader.wait_for_line("interrupted")
            presses += 1
            return presses == 20

        eventually(has_lasted, what="many interrupts, over a while")
        keyboard.type("q")
        assert reloader.wait_for_exit() == 7
        assert reloader.all_of("killed") == []


def test_ctrl_c_during_a_slow_stop_ends_the_session_and_a_second_one_kills(tmp_path: Path) -> None:
    text = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + STUBBORN
    config = project(tmp_path, {"app.py": text}, command=python("app.py"), stop_timeout="1h")
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        save(tmp_path / "app.py", text + "# edited\n")
        reloader.wait_for("stopping")
        press_again(reloader, keyboard)
        assert reloader.wait_for_exit() == 137
        assert reloader.runs == [1]


@linux_only
def test_ctrl_z_and_fg_give_the_command_its_own_attributes_back(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": PROMPTING}, command=python("app.py"), on_exit="exit")
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_Z)
        assert reloader.wait_for("job_stopped")["attributes_are_as_before"]
        keyboard.type(ENTER)
        eventually(lambda: is_without_lines(keyboard), what="the command's attributes are set again")
        keyboard.type("q")
        assert reloader.wait_for_exit() == 7
        assert reloader.wait_for("terminal_is_back")["attributes_are_as_before"]


def is_without_lines(keyboard: Keyboard) -> bool:
    return not keyboard.attributes()[3] & termios.ICANON


@needs_foreground
def test_in_the_background_a_command_runs_until_it_needs_the_terminal(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": STUBBORN}, command=python("app.py"), on_exit="exit")
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_Z)
        reloader.wait_for("job_stopped")
        run = reloader.wait_for("launched")["pid"]
        keyboard.type(f"bg{ENTER}")  # the command reads, from the background: it is stopped again, and we with it
        keyboard.type(ENTER)
        eventually(lambda: keyboard.foreground() == run, what="the command has the terminal again")
        keyboard.type(CTRL_C)
        reloader.wait_for_line("interrupted")
        keyboard.type(CTRL_D)
        assert reloader.wait_for_exit() == 0


@needs_foreground
def test_in_the_background_it_leaves_the_terminal_to_the_shell(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": LISTENING}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.type(CTRL_Z)
        reloader.wait_for("job_stopped")
        shell = keyboard.foreground()
        keyboard.type(f"bg{ENTER}")
        reloader.wait_for_line("continued")
        save(tmp_path / "app.py", LISTENING + "# edited\n")
        second = reloader.wait_for("launched", run=2)["pid"]
        reloader.wait_for_line("ready")
        assert keyboard.foreground() == shell
        keyboard.type(ENTER)
        eventually(lambda: keyboard.foreground() == second, what="the next run has the terminal")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130


def test_sigtstp_for_reloader_stops_and_continues_both(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": LISTENING}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        run = reloader.wait_for("launched")["pid"]
        os.kill(parent_of(run), signal.SIGTSTP)
        assert reloader.wait_for("job_stopped")
        keyboard.type(ENTER)
        reloader.wait_for_line("continued")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130


def parent_of(pid: int) -> int:
    return int(psutil.Process(pid).ppid())


def test_sigusr2_reaches_the_command(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": LISTENING}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        reloader.signal(signal.SIGUSR2)
        reloader.wait_for_line("got SIGUSR2")


def test_a_new_size_of_the_window_reaches_a_full_screen_program(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": FULL_SCREEN}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.resize(40, 133)
        reloader.wait_for_line("size 133 40")
        os.kill(parent_of(reloader.wait_for("launched")["pid"]), signal.SIGTERM)
        assert reloader.wait_for_exit() == 143


def test_a_stopped_full_screen_program_leaves_a_usable_terminal(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": FULL_SCREEN}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.shown()
        save(tmp_path / "app.py", STUBBORN)
        reloader.wait_for_line("ready")
        shown = keyboard.shown()
        assert b"\x1b[?1047l" in shown
        assert b"\x1b[?25h" in shown
        keyboard.type(CTRL_D)
        assert reloader.wait_for_exit() == 0
        assert reloader.wait_for("terminal_is_back")["attributes_are_as_before"]


def test_a_restart_out_of_the_debugger_gives_the_next_run_a_usable_terminal(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": DEBUGGED}, command=python("app.py"))
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("ready")
        keyboard.type(f"p value + 1{ENTER}")
        reloader.wait_for_line("43")
        save(tmp_path / "app.py", DEBUGGED.replace("42", "52"))
        reloader.wait_for("launched", run=2)
        reloader.wait_for_line("ready")
        keyboard.type(f"p value + 1{ENTER}")
        reloader.wait_for_line("53")
        keyboard.type(f"c{ENTER}")
        reloader.wait_for_line("went on")
        assert reloader.wait_for_exit() == 0
        assert reloader.wait_for("terminal_is_back")["attributes_are_as_before"]


@linux_only
def test_the_terminal_is_restored_when_reloader_is_killed(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": FULL_SCREEN}, command=python("app.py"))
    with (
        reaping_orphans(),
        reloader_in_terminal("--config", config, cwd=tmp_path, has_job_control=False) as (reloader, keyboard),
    ):
        reloader.wait_for_line("ready")
        keyboard.shown()
        os.kill(reloader.wait_for("command_started")["pid"], signal.SIGKILL)
        back = reloader.wait_for("terminal_is_back")
        assert back["is_usable"]
        assert back["seconds"] < 3
        assert b"\x1b[?25h" in keyboard.shown()
        assert reloader.wait_for_exit() == 0


def test_with_keys_r_restarts_and_one_ctrl_c_is_one_interrupt(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": WITHOUT_INPUT}, command=python("app.py"), keys=True)
    with reloader_in_terminal("--config", config, cwd=tmp_path) as (reloader, keyboard):
        reloader.wait_for_line("input: ''")
        keyboard.type(f"r{ENTER}")
        assert reloader.wait_for("launched", run=2)["reason"] == {"kind": "requested_by_user", "by": "r"}
        reloader.wait_for_line("input: ''")
        keyboard.type(CTRL_C)
        assert reloader.wait_for_exit() == 130
        assert reloader.lines.count("interrupted") == 1
        assert reloader.wait_for("terminal_is_back")["attributes_are_as_before"]
