"""What is particular to Windows: jobs, batch files, and the console."""

from __future__ import annotations

import io
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from reloader.core.events import Posted, RunEnded, StopRequested, Wakeup
from reloader.core.outcome import Exited
from reloader.interfaces import ChildNotLaunched
from tests.support.platforms.limits import needs_percent_signs, needs_stop_event
from tests.support.programs.announcements import FACT_TIMEOUT, Announcements, environment
from tests.support.programs.processes import is_alive, open_handles

if sys.platform != "win32":
    pytest.skip("jobs, batch files and this console are of Windows alone", allow_module_level=True)

from reloader.system import _winapi
from reloader.system.windows import console as console_module
from reloader.system.windows import process_host

assert sys.platform == "win32"  # type checkers follow this one

Inbox = queue.SimpleQueue[Posted]


@pytest.fixture
def programs() -> Iterator[Announcements]:
    made = Announcements()
    yield made
    made.close()


@pytest.fixture
def inbox() -> Inbox:
    return queue.SimpleQueue()


@pytest.fixture
def host(inbox: Inbox) -> Iterator[process_host.ProcessHost]:
    made = process_host.ProcessHost(inbox.put)
    yield made
    made.close()


@pytest.fixture
def signals(inbox: Inbox) -> Iterator[console_module.SystemSignals]:
    made = console_module.SystemSignals()
    made.start(inbox.put)
    yield made
    made.stop()


def launch(host: process_host.ProcessHost, argv: list[str], directory: Path) -> process_host.WindowsChild:
    child = host.launch(argv, cwd=str(directory), environment=environment(), run=1)
    assert not isinstance(child, ChildNotLaunched), child.why
    return child


def end_of(host: process_host.ProcessHost, inbox: Inbox) -> Posted:
    deadline = time.monotonic() + FACT_TIMEOUT
    while not (news := host.collect(time.monotonic())):
        look = host.next_poll(time.monotonic())
        try:
            inbox.get(timeout=0.02 if look else deadline - time.monotonic())
        except queue.Empty:
            assert time.monotonic() < deadline, "nothing ended"
    return news[-1]


def test_the_waiting_thread_only_wakes_the_engine(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path
) -> None:
    launch(host, programs.command("good", "0"), tmp_path)
    assert inbox.get(timeout=FACT_TIMEOUT) == Wakeup()
    assert host.collect(time.monotonic()) == (RunEnded(1, Exited(0)),)


def test_the_stop_event_goes_to_the_group_of_the_run(
    host: process_host.ProcessHost,
    inbox: Inbox,
    programs: Announcements,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def send_break(group: int) -> bool:
        asked.append(group)
        return True

    monkeypatch.setattr(_winapi, "send_break", send_break)
    child = launch(host, programs.command("waiting"), tmp_path)
    started = programs.wait_for("started", "waiting")
    child.stop(signal.SIGINT)
    assert asked == [child.pid]
    programs.let_continue(started)
    assert end_of(host, inbox) == RunEnded(1, Exited(0))


def test_a_run_that_cannot_receive_a_break_is_killed_at_once(
    host: process_host.ProcessHost,
    inbox: Inbox,
    programs: Announcements,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_winapi, "send_break", lambda group: False)
    child = launch(host, programs.command("stubborn"), tmp_path)
    programs.wait_for("started", "stubborn")
    child.stop(signal.SIGINT)
    assert end_of(host, inbox) == RunEnded(1, Exited(process_host.KILLED_EXIT_CODE))


def test_closing_the_host_ends_the_run(host: process_host.ProcessHost, programs: Announcements, tmp_path: Path) -> None:
    child = launch(host, programs.command("forking"), tmp_path)
    second = programs.wait_for("started", "polite")
    host.close()
    programs.wait_for_end_of(second)
    assert not is_alive(child.pid)


def test_the_run_ends_with_the_supervisor(programs: Announcements, tmp_path: Path) -> None:
    """Not even a killed reloader leaves anything: the job ends with the last handle to it."""
    code = (
        "import os, sys\n"
        "from reloader.system import ProcessHost\n"
        "ProcessHost(print).launch(sys.argv[1:], cwd='.', environment=dict(os.environ), run=1)\n"
        "os.read(0, 1)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ours = subprocess.Popen(
        [sys.executable, "-c", code, *programs.command("forking")], stdin=subprocess.PIPE, env=environment()
    )
    first, second = programs.wait_for("started", "forking"), programs.wait_for("started", "polite")
    ours.communicate(b".")
    programs.wait_for_end_of(first)
    programs.wait_for_end_of(second)
    assert ours.returncode == 9


@pytest.mark.parametrize("step", ["assign_to_job", "resume", "open_process"])
def test_a_process_that_cannot_be_put_into_a_job_never_begins(
    host: process_host.ProcessHost, programs: Announcements, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def refuse(*arguments: int) -> None:
        raise PermissionError(13, "not today")

    monkeypatch.setattr(_winapi, step, refuse)
    before = open_handles()
    command = programs.command("good", "0")
    answer = host.launch(command, cwd=str(tmp_path), environment=environment(), run=1)
    assert isinstance(answer, ChildNotLaunched)
    assert (answer.exit_code, answer.why) == (126, f'"{command[0]}" cannot be started: not today')
    assert host.collect(time.monotonic()) == ()
    assert open_handles() == before


NASTY = [
    "", " ", "two words", 'a "quote"', '"', '""', '"quoted"', "ends in a backslash\\", "two \\\\", 'a \\" b', "\\\\server\\share",
    "a&b", "a|b", "<in >out", ">>out", "2>&1", "^", "a^b", "^^", '^"', 'a^" & b', "^&", '"&echo "', "(x)", "a=b;c,d", "!x!", "@x",
    "ünï", "猫", "*.py", "?", "~", "'single'", "--key=a value", "/c", "tab\there",
]  # fmt: skip


HOSTILE = '"\\&|<>^!()=;, ab~*@' + "'"


def hostile_arguments(seed: int, alphabet: str) -> list[str]:
    """Arguments of what cmd, or the C runtime, may take for an order."""
    random = Random(seed)  # noqa: S311 - a seed is the point
    return ["".join(random.choices(alphabet, k=random.randrange(9))) for _ in range(60)]


def batch_file(directory: Path, programs: Announcements) -> list[str]:
    """A batch file that hands its arguments on to the telling program."""
    *command, port = programs.command("telling")
    file = directory / "a batch file.bat"
    file.write_text("@" + subprocess.list2cmdline([*command, port]) + " %*\n")
    return [str(file)]


def test_a_batch_file_gets_its_arguments_as_they_were_given(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path
) -> None:
    launch(host, batch_file(tmp_path, programs) + NASTY, tmp_path)
    assert programs.wait_for("told", "telling")["arguments"] == NASTY
    assert end_of(host, inbox) == RunEnded(1, Exited(0))


@pytest.mark.parametrize("seed", range(4))
def test_a_program_gets_any_arguments_as_they_were_given(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path, seed: int
) -> None:
    arguments = hostile_arguments(seed, HOSTILE + "%")
    launch(host, programs.command("telling", *arguments), tmp_path)
    assert programs.wait_for("told", "telling")["arguments"] == arguments
    assert end_of(host, inbox) == RunEnded(1, Exited(0))


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_file_gets_any_arguments_as_they_were_given(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path, seed: int
) -> None:
    arguments = hostile_arguments(seed, HOSTILE)
    launch(host, batch_file(tmp_path, programs) + arguments, tmp_path)
    assert programs.wait_for("told", "telling")["arguments"] == arguments
    assert end_of(host, inbox) == RunEnded(1, Exited(0))


@needs_percent_signs
@pytest.mark.parametrize("seed", range(4))
def test_a_batch_file_gets_any_percent_signs_as_they_were_given(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path, seed: int
) -> None:
    arguments = hostile_arguments(seed, HOSTILE + "%%%")
    launch(host, batch_file(tmp_path, programs) + arguments, tmp_path)
    assert programs.wait_for("told", "telling")["arguments"] == arguments
    assert end_of(host, inbox) == RunEnded(1, Exited(0))


@needs_percent_signs
def test_a_batch_file_gets_percent_signs_as_they_were_given(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path
) -> None:
    percent = ["100%", "%PATH%", "%%", '%"%CD%"', "%1", "%~dp0"]
    launch(host, batch_file(tmp_path, programs) + percent, tmp_path)
    assert programs.wait_for("told", "telling")["arguments"] == percent
    assert end_of(host, inbox) == RunEnded(1, Exited(0))


def test_the_code_of_a_batch_file_is_the_code_of_the_run(
    host: process_host.ProcessHost, inbox: Inbox, tmp_path: Path
) -> None:
    (tmp_path / "run.cmd").write_text("@exit /b 7\n")
    launch(host, ["run"], tmp_path)
    assert end_of(host, inbox) == RunEnded(1, Exited(7))


def batch_file_that_goes_on(directory: Path, programs: Announcements) -> list[str]:
    """A batch file that never ends after its program has ended, as one in which cmd waits for an answer."""
    command = subprocess.list2cmdline(programs.command("waiting"))
    (directory / "run.bat").write_text(f"@{command}\n:again\n@goto again\n")
    return ["run.bat"]


def test_a_cmd_that_would_prompt_is_ended_with_its_program(
    host: process_host.ProcessHost,
    inbox: Inbox,
    programs: Announcements,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_winapi, "send_break", lambda group: True)
    child = launch(host, batch_file_that_goes_on(tmp_path, programs), tmp_path)
    started = programs.wait_for("started", "waiting")
    child.stop(signal.SIGINT)
    assert host.collect(time.monotonic()) == ()
    assert is_alive(started["pid"])
    programs.let_continue(started)
    assert end_of(host, inbox) == RunEnded(1, Exited(process_host.KILLED_EXIT_CODE))
    assert not is_alive(child.pid)


def test_a_batch_file_continues_after_its_program_unless_it_is_stopping(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path
) -> None:
    child = launch(host, batch_file_that_goes_on(tmp_path, programs), tmp_path)
    started = programs.wait_for("started", "waiting")
    programs.let_continue(started)
    programs.wait_for_end_of(started)
    assert host.collect(time.monotonic()) == ()
    assert host.next_poll(time.monotonic()) is None
    assert is_alive(child.pid)
    child.kill()
    assert end_of(host, inbox) == RunEnded(1, Exited(process_host.KILLED_EXIT_CODE))


@needs_stop_event
def test_a_stopping_batch_file_ends_with_its_program(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path
) -> None:
    (tmp_path / "run.bat").write_text("@" + subprocess.list2cmdline(programs.command("polite")) + "\n")
    child = launch(host, ["run.bat"], tmp_path)
    programs.wait_for("started", "polite")
    child.stop(signal.SIGTERM)
    programs.wait_for("asked", "polite")
    assert isinstance(end_of(host, inbox), RunEnded)


def test_a_line_for_the_shell_may_hold_quotes(host: process_host.ProcessHost, inbox: Inbox, tmp_path: Path) -> None:
    launch(host, ["cmd.exe", "/d", "/s", "/c", 'echo x>"a file" & exit 4'], tmp_path)
    assert end_of(host, inbox) == RunEnded(1, Exited(4))
    assert (tmp_path / "a file").exists()


@pytest.mark.parametrize(("event", "number"), [(_winapi.CTRL_C, signal.SIGINT), (_winapi.CTRL_BREAK, signal.SIGBREAK)])
def test_a_control_event_is_posted(
    signals: console_module.SystemSignals, inbox: Inbox, event: int, number: int
) -> None:
    assert signals.handle(event)
    assert inbox.get_nowait() == StopRequested(number)


@pytest.mark.parametrize("event", [_winapi.CTRL_CLOSE, _winapi.CTRL_LOGOFF, _winapi.CTRL_SHUTDOWN])
def test_the_handler_of_a_final_event_returns_after_the_clean_up(
    signals: console_module.SystemSignals, inbox: Inbox, event: int
) -> None:
    console = threading.Thread(target=signals.handle, args=(event,))
    console.start()
    assert inbox.get(timeout=FACT_TIMEOUT) == StopRequested(signal.SIGTERM)
    assert console.is_alive()
    signals.stop()
    console.join(FACT_TIMEOUT)
    assert not console.is_alive()


def test_after_the_stop_control_events_are_not_handled(signals: console_module.SystemSignals, inbox: Inbox) -> None:
    signals.stop()
    signals.stop()
    assert not signals.handle(_winapi.CTRL_C)
    assert inbox.empty()


def test_unknown_control_events_are_not_handled(signals: console_module.SystemSignals, inbox: Inbox) -> None:
    assert not signals.handle(99)
    assert inbox.empty()


def test_an_interrupt_that_python_receives_is_posted_too(signals: console_module.SystemSignals, inbox: Inbox) -> None:
    signal.raise_signal(signal.SIGINT)
    assert inbox.get_nowait() == StopRequested(signal.SIGINT)


def test_the_handler_is_restored(inbox: Inbox) -> None:
    before = signal.getsignal(signal.SIGINT)
    signals = console_module.SystemSignals()
    signals.start(inbox.put)
    assert signal.getsignal(signal.SIGINT) is not before
    signals.stop()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """A fake console: its modes by handle."""
    modes = {1: 7, 2: 3}

    def set_mode(handle: int, mode: int) -> bool:
        modes[handle] = mode
        return True

    monkeypatch.setattr(_winapi, "console_mode", modes.get)
    monkeypatch.setattr(_winapi, "set_console_mode", set_mode)
    monkeypatch.setattr(_winapi, "standard_handle", {_winapi.STANDARD_INPUT: 1, _winapi.STANDARD_OUTPUT: 2}.get)
    return modes


def test_the_console_modes_are_restored_after_a_run(
    console: dict[int, int], host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path
) -> None:
    launch(host, programs.command("waiting"), tmp_path)
    console.update({1: 0, 2: 0})
    programs.let_continue(programs.wait_for("started", "waiting"))
    end_of(host, inbox)
    assert console == {1: 7, 2: 3}


def test_without_a_console_there_is_nothing_to_restore(console: dict[int, int]) -> None:
    console.clear()
    modes = console_module.ConsoleModes()
    modes.save()
    modes.restore()
    assert console == {}


class ConsoleStream(io.StringIO):
    def fileno(self) -> int:
        return 5


@pytest.fixture
def at_the_end(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    registered: list[tuple[object, ...]] = []
    monkeypatch.setattr("msvcrt.get_osfhandle", lambda descriptor: 2)
    monkeypatch.setattr("atexit.register", lambda *call: registered.append(call))
    return registered


def test_a_console_shows_colours_until_we_end(console: dict[int, int], at_the_end: list[tuple[object, ...]]) -> None:
    assert console_module.enable_colour(ConsoleStream())
    assert console[2] == 3 | _winapi.ENABLE_VIRTUAL_TERMINAL_PROCESSING
    assert at_the_end == [(_winapi.set_console_mode, 2, 3)]


def test_a_console_that_shows_colours_is_left_as_it_is(
    console: dict[int, int], at_the_end: list[tuple[object, ...]]
) -> None:
    console[2] = 7
    assert console_module.enable_colour(ConsoleStream())
    assert at_the_end == []


def test_an_old_console_shows_no_colours(
    console: dict[int, int], at_the_end: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_winapi, "set_console_mode", lambda handle, mode: False)
    assert not console_module.enable_colour(ConsoleStream())
    assert at_the_end == []


def test_other_files_show_no_colours(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert not console_module.enable_colour(file)
    assert not console_module.enable_colour(io.StringIO())
    assert not console_module.enable_colour(file)


def test_a_missing_group_cannot_be_sent_a_break(host: process_host.ProcessHost) -> None:
    assert not _winapi.send_break(0x7FFFFFFC)


def test_a_failed_call_says_why() -> None:
    with pytest.raises(OSError, match=r"\w"):
        _winapi.active_processes(0x7FFFFFFC)
    with pytest.raises(OSError, match="NtResumeProcess"):
        _winapi.resume(0x7FFFFFFC)
    with pytest.raises(OSError, match=r"\w"):
        _winapi.open_process(0x7FFFFFFC)


def test_hidden_variables_are_inherited_and_passed_on(
    host: process_host.ProcessHost, inbox: Inbox, programs: Announcements, tmp_path: Path
) -> None:
    """``=C:`` and its like, which Python leaves out of os.environ: here by a chain of two, each with one of its own."""
    code = (
        "import subprocess, sys\n"
        "from reloader.system.environment import inherited_environment\n"
        "sys.exit(subprocess.call([sys.executable, '-c', sys.argv[1]], env={**inherited_environment(), '=R:': 'R:/there'}))\n"
    )
    look = (
        "from reloader.system.environment import inherited_environment as inherited\n"
        "import sys\n"
        "sys.exit(0 if (inherited().get('=Q:'), inherited().get('=R:')) == ('Q:/here', 'R:/there') else 9)\n"
    )
    variables = environment(**{"=Q:": "Q:/here"})
    child = host.launch([sys.executable, "-c", code, look], cwd=str(tmp_path), environment=variables, run=1)
    assert not isinstance(child, ChildNotLaunched), child.why
    assert end_of(host, inbox) == RunEnded(1, Exited(0))


def test_the_whole_environment_is_read_from_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "ünï = \U0001f600")
    strings = _winapi.environment_strings()
    assert "OURS=ünï = \U0001f600" in strings
    assert all("=" in text[1:] for text in strings)
