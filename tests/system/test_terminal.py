"""The terminal is lent and comes back. Each test runs a program that is the session leader of a terminal of its own."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("terminals with a foreground process group are of POSIX alone", allow_module_level=True)

import json
import os
import signal
import subprocess
import textwrap
from pathlib import Path
from typing import Any

from reloader.system.posix.terminal import Terminal
from tests.support.programs.announcements import FACT_TIMEOUT, ROOT

#: Gets itself a terminal, as a shell has one, and has a way to tell facts.
BEGIN = """
import fcntl, json, os, pty, signal, sys, termios, time
from reloader.system.posix.terminal import Terminal

master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
facts = {}

def start(*argv):
    group = os.posix_spawn(argv[0], argv, os.environ, setpgroup=0)
    return group

def end(group):
    os.killpg(group, signal.SIGKILL)
    os.waitpid(group, 0)

def echo_of(attributes):
    return bool(attributes[3] & termios.ECHO)

def without_echo():
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
"""
END = "\nprint(json.dumps(facts))\n"


def facts_of(program: str, cwd: Path) -> dict[str, Any]:
    """What ``program`` found out."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + textwrap.dedent(program) + END],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=FACT_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_a_run_is_the_foreground_group_until_we_take_that_back(tmp_path: Path) -> None:
    program = """
        terminal = Terminal(slave)
        group = start("/bin/sleep", "60")
        terminal.give_foreground(group)
        facts["lent"] = (terminal.has_given_foreground, os.tcgetpgrp(slave) == group)
        terminal.take_foreground()
        facts["back"] = (terminal.has_given_foreground, os.tcgetpgrp(slave) == os.getpgrp())
        end(group)
    """
    assert facts_of(program, tmp_path) == {"lent": [True, True], "back": [False, True]}


def test_the_attributes_are_as_they_were_before_the_first_run(tmp_path: Path) -> None:
    program = """
        terminal = Terminal(slave)
        before = termios.tcgetattr(slave)
        group = start("/bin/sleep", "60")
        terminal.give_foreground(group)
        without_echo()
        facts["while it runs"] = echo_of(termios.tcgetattr(slave))
        terminal.take_foreground()
        facts["afterwards"] = termios.tcgetattr(slave) == before
        without_echo()
        terminal.take_foreground()
        facts["what is not lent is left alone"] = not echo_of(termios.tcgetattr(slave))
        end(group)
    """
    assert facts_of(program, tmp_path) == {
        "while it runs": False, "afterwards": True, "what is not lent is left alone": True,
    }  # fmt: skip


def test_close_takes_the_foreground_and_restores_the_signal_handler(tmp_path: Path) -> None:
    program = """
        mine = lambda number, frame: None
        signal.signal(signal.SIGTTOU, mine)
        terminal = Terminal(slave)
        facts["ignored"] = signal.getsignal(signal.SIGTTOU) == signal.SIG_IGN
        group = start("/bin/sleep", "60")
        terminal.give_foreground(group)
        terminal.close()
        terminal.close()
        facts["in front"] = os.tcgetpgrp(slave) == os.getpgrp()
        facts["handler"] = signal.getsignal(signal.SIGTTOU) is mine
        terminal.give_foreground(group)
        facts["lent after the end"] = terminal.has_given_foreground
        end(group)
    """
    assert facts_of(program, tmp_path) == {
        "ignored": True, "in front": True, "handler": True, "lent after the end": False,
    }  # fmt: skip


def test_a_supervisor_in_the_background_does_not_change_the_foreground(tmp_path: Path) -> None:
    program = """
        other = start("/bin/sleep", "60")
        os.tcsetpgrp(slave, other)
        terminal = Terminal(slave)
        group = start("/bin/sleep", "60")
        terminal.give_foreground(group)
        facts["lent"] = terminal.has_given_foreground
        facts["in front"] = os.tcgetpgrp(slave) == other
        terminal.close()
        facts["handler"] = signal.getsignal(signal.SIGTTOU) == signal.SIG_DFL
        end(other)
        end(group)
    """
    assert facts_of(program, tmp_path) == {"lent": False, "in front": True, "handler": True}


def test_a_run_that_has_ended_does_not_become_the_foreground(tmp_path: Path) -> None:
    program = """
        terminal = Terminal(slave)
        group = start("/bin/sleep", "60")
        end(group)
        terminal.give_foreground(group)
        facts["lent"] = terminal.has_given_foreground
        facts["in front"] = os.tcgetpgrp(slave) == os.getpgrp()
    """
    assert facts_of(program, tmp_path) == {"lent": False, "in front": True}


def test_a_terminal_that_is_closed_during_a_run_is_not_an_error(tmp_path: Path) -> None:
    program = """
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        terminal = Terminal(slave)
        group = start("/usr/bin/env", "sh", "-c", "trap '' HUP; exec sleep 60")
        terminal.give_foreground(group)
        os.close(master)
        terminal.take_foreground()
        facts["lent"] = terminal.has_given_foreground
        terminal.close()
        end(group)
    """
    assert facts_of(program, tmp_path) == {"lent": False}


def test_a_terminal_that_is_closed_at_the_last_moment_is_not_an_error(tmp_path: Path) -> None:
    program = """
        def refuse(*arguments):
            raise termios.error(5, "Input/output error")

        terminal = Terminal(slave)
        group = start("/bin/sleep", "60")
        terminal.give_foreground(group)
        termios.tcsetattr = refuse
        terminal.take_foreground()
        facts["lent"] = terminal.has_given_foreground
        end(group)
    """
    assert facts_of(program, tmp_path) == {"lent": False}


def test_a_continued_run_gets_its_own_attributes_back(tmp_path: Path) -> None:
    program = """
        terminal = Terminal(slave)
        before = termios.tcgetattr(slave)
        group = start("/bin/sleep", "60")
        terminal.give_foreground(group)
        facts["as before"] = terminal.has_same_attributes
        without_echo()
        facts["as it likes it"] = not terminal.has_same_attributes
        terminal.suspend()
        facts["meanwhile"] = (terminal.is_foreground, termios.tcgetattr(slave) == before)
        terminal.give_foreground(group)
        facts["again"] = (terminal.has_given_foreground, echo_of(termios.tcgetattr(slave)))
        terminal.close()
        facts["in the end"] = termios.tcgetattr(slave) == before
        end(group)
    """
    assert facts_of(program, tmp_path) == {
        "as before": True, "as it likes it": True, "meanwhile": [True, True], "again": [True, False], "in the end": True,
    }  # fmt: skip


def test_the_foreground_is_not_taken_from_a_shell(tmp_path: Path) -> None:
    program = """
        terminal = Terminal(slave)
        group, shell = start("/bin/sleep", "60"), start("/bin/sleep", "60")
        terminal.give_foreground(group)
        terminal.refresh_foreground()
        facts["still lent"] = terminal.has_given_foreground
        os.tcsetpgrp(slave, shell)
        terminal.refresh_foreground()
        terminal.take_foreground()
        facts["the shell's"] = (terminal.has_given_foreground, os.tcgetpgrp(slave) == shell)
        end(group)
        end(shell)
    """
    assert facts_of(program, tmp_path) == {"still lent": True, "the shell's": [False, True]}


def test_the_screen_is_reset_except_on_a_dumb_terminal(tmp_path: Path) -> None:
    program = """
        import select
        from reloader.system.posix.terminal import RESET_SEQUENCES
        for kind in ("xterm", "dumb"):
            os.environ["TERM"] = kind
            terminal = Terminal(slave)
            group = start("/bin/sleep", "60")
            terminal.give_foreground(group)
            terminal.take_foreground(needs_reset=True)
            shown = os.read(master, 1000) if select.select([master], [], [], 0)[0] else b""
            facts[kind] = shown.replace(b"\\r\\n", b"\\n") == RESET_SEQUENCES
            end(group)
        without_output = Terminal(os.open(os.ttyname(slave), os.O_RDONLY))
        os.environ["TERM"] = "xterm"
        group = start("/bin/sleep", "60")
        without_output.give_foreground(group)
        without_output.take_foreground(needs_reset=True)
        facts["read only"] = bool(select.select([master], [], [], 0)[0])
        end(group)
    """
    assert facts_of(program, tmp_path) == {"xterm": True, "dumb": False, "read only": False}


def test_serialized_attributes_can_be_restored_by_another_python(tmp_path: Path) -> None:
    program = """
        import subprocess
        from reloader.system.posix.terminal import RESTORE_TERMINAL, Attributes
        before = termios.tcgetattr(slave)
        written = Attributes.of(slave).serialized()
        group = start("/bin/sleep", "60")
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(slave, group)
        without_echo()
        arguments = [sys.executable, "-I", "-S", "-c", RESTORE_TERMINAL, str(group), str(os.getpgrp()), written]
        facts["code"] = subprocess.call(arguments, env={"TERM": "dumb"})
        facts["back"] = (os.tcgetpgrp(slave) == os.getpgrp(), termios.tcgetattr(slave) == before)
        without_echo()
        facts["code when it is somebody else's"] = subprocess.call(arguments, env={"TERM": "dumb"})
        facts["left alone"] = not echo_of(termios.tcgetattr(slave))
        end(group)
    """
    assert facts_of(program, tmp_path) == {
        "code": 0, "back": [True, True], "code when it is somebody else's": 0, "left alone": True,
    }  # fmt: skip


def test_without_a_terminal_nothing_happens() -> None:
    handler = signal.getsignal(signal.SIGTTOU)
    with open(os.devnull) as nothing:
        terminal = Terminal(nothing.fileno())
        terminal.give_foreground(os.getpgrp())
        assert not terminal.has_given_foreground
        terminal.take_foreground()
        terminal.close()
    assert signal.getsignal(signal.SIGTTOU) is handler


#: A shell with one job: a host with one run, both of which it stops and continues. ``typed`` is Ctrl-Z.
JOB = """
    def wait_until(fact):
        limit = time.monotonic() + 15
        while not fact():
            assert time.monotonic() < limit
            select.select([], [], [], 0.005)

    import select
    typed = b"\\x1a"
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.dup2(slave, 0)
    reader, writer = os.pipe()
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        from reloader.system.posix.process_host import ProcessHost
        host = ProcessHost(lambda event: None)
        argv = ["/bin/sh", "-c", "read word; echo $$ >child; mv child told; read line; exit $line"]
        child = host.launch(argv, cwd=os.getcwd(), environment=dict(os.environ), run=1)
        ended = ()
        def look():
            global ended
            ended = host.collect(time.monotonic())
            return ended
        wait_until(look)
        host.close()
        outcome = ended[0].outcome
        os.write(writer, f"{outcome.exit_code} {outcome.was_foreground}".encode())
        sys.exit(0)

    os.write(master, b"word\\n")  # who has read it is in front, and was not stopped for a look before that
    wait_until(lambda: os.path.exists("told"))
    child = int(open("told").read())
    os.write(master, typed)
    _, status = os.waitpid(job, os.WUNTRACED)
    facts["the job stopped"] = os.WIFSTOPPED(status)
    facts["the run stopped"] = open(f"/proc/{child}/stat").read().rpartition(")")[2].split()[0] == "T"
    facts["the terminal is the job's"] = os.tcgetpgrp(0) == job
    os.tcsetpgrp(0, os.getpgrp())

    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
    wait_until(lambda: os.tcgetpgrp(0) == child)
    os.write(master, b"7\\n")
    _, status = os.waitpid(job, 0)
    facts["code of the job"] = os.waitstatus_to_exitcode(status)
    facts["outcome"] = os.read(reader, 1000).decode()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the state of a process is read from /proc")
def test_ctrl_z_stops_us_with_the_run_and_the_shell_continues_both(tmp_path: Path) -> None:
    assert facts_of(JOB, tmp_path) == {
        "the job stopped": True,
        "the run stopped": True,
        "the terminal is the job's": True,
        "code of the job": 0,
        "outcome": "7 True",
    }


#: A shell that has given the terminal to its job, and whose signal has not arrived: the run has asked for the terminal before.
ASKING_FROM_THE_BACKGROUND = """
    import select
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.dup2(slave, 0)
    ready, stopped = os.pipe()
    given, give = os.pipe()
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        from reloader.system.posix.process_host import ProcessHost
        host = ProcessHost(lambda event: None)
        argv = ["/bin/sh", "-c", "read line; exit $line"]
        child = host.launch(argv, cwd=os.getcwd(), environment=dict(os.environ), run=1)
        while open(f"/proc/{child.pid}/stat").read().rpartition(")")[2].split()[0] != "T":
            select.select([], [], [], 0.005)
        os.write(stopped, b"x")
        os.read(given, 1)
        while not (ended := host.collect(time.monotonic())):
            select.select([], [], [], 0.005)
        host.close()
        os._exit(ended[0].outcome.exit_code)

    os.read(ready, 1)
    os.tcsetpgrp(0, job)
    os.write(master, b"7\\n")
    os.write(give, b"x")
    _, status = os.waitpid(job, os.WUNTRACED)
    facts["the job stopped"] = os.WIFSTOPPED(status)
    if not os.WIFSTOPPED(status):
        facts["code of the job"] = os.waitstatus_to_exitcode(status)
    else:
        end(job)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the state of a process is read from /proc")
def test_a_run_that_used_the_terminal_too_early_is_continued(tmp_path: Path) -> None:
    assert facts_of(ASKING_FROM_THE_BACKGROUND, tmp_path) == {"the job stopped": False, "code of the job": 7}
