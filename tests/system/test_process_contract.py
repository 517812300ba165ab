"""What every twin of the system package promises about processes. Each fact is shown with real programs."""

from __future__ import annotations

import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reloader.core.events import LeaderExited, Posted, RunEnded, StopRequested
from reloader.core.outcome import Exited, Outcome, Signalled
from reloader.interfaces import Child, ChildNotLaunched
from reloader.system import ProcessHost, SystemSignals
from tests.support.platforms.limits import needs_stop_event
from tests.support.programs.announcements import FACT_TIMEOUT, Announcements, environment
from tests.support.programs.processes import is_alive, open_handles

STOP_SIGNAL = 15
FORCED: Outcome = Exited(137) if sys.platform == "win32" else Signalled(9)
CRASHED: Outcome = Exited(0xC0000005) if sys.platform == "win32" else Signalled(11)
NASTY = [
    "", " ", "two words", "tab\there", 'a "quote" inside', '"', '""', '\\"', "ends in a backslash\\", "two\\\\",
    "\\\\server\\share", "a\\\\\"b", "100%", "%PATH%", "$HOME", "`id`", "*", "?.py", "a&b", "a|b", "<in >out", "^",
    "!x!", "(x)", "a=b;c,d", "'single'", "~", "ünïcödé", "猫", "-", "--", "@file", "#x", "{a,b}",
]  # fmt: skip


class Runs:
    """A host with the inbox that it posts to, and the patience of a test."""

    def __init__(self, directory: Path) -> None:
        self.inbox: queue.SimpleQueue[Posted] = queue.SimpleQueue()
        self.signals = SystemSignals()
        self.signals.start(self.inbox.put)
        self.host = ProcessHost(self.inbox.put)
        self._directory = directory
        self._last_run = 0
        self._alive: Child | None = None

    def start(self, argv: list[str], **more: str) -> Child:
        child = self.try_to_start(argv, environment(**more))
        assert not isinstance(child, ChildNotLaunched), child.why
        self._alive = child
        return child

    def try_to_start(
        self, argv: list[str], variables: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Child | ChildNotLaunched:
        self._last_run += 1
        return self.host.launch(
            argv,
            cwd=str(cwd or self._directory),
            environment=environment() if variables is None else variables,
            run=self._last_run,
        )

    def news(self) -> Posted:
        """What ends next. Sleeps as the engine does: until something is posted, or the host wants to look."""
        deadline = time.monotonic() + FACT_TIMEOUT
        while (now := time.monotonic()) < deadline:
            if ended := self.host.collect(now):
                assert len(ended) == 1
                return self._noted(ended[0])
            look = self.host.next_poll(now)
            try:
                posted = self.inbox.get(timeout=max(0.0, min(deadline, deadline if look is None else look) - now))
            except queue.Empty:
                continue
            if isinstance(posted, LeaderExited | RunEnded):
                return self._noted(posted)
        pytest.fail(f"nothing ended within {FACT_TIMEOUT:g} seconds")

    def _noted(self, posted: Posted) -> Posted:
        if isinstance(posted, RunEnded):
            self._alive = None
        return posted

    def nothing_has_ended(self) -> bool:
        return not self.host.collect(time.monotonic())

    def close(self) -> None:
        if self._alive is not None:
            self._alive.kill()
            while self._alive is not None:
                self.news()
        self.host.close()
        self.signals.stop()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.close()


@pytest.fixture
def programs() -> Iterator[Announcements]:
    """Made first, so that it is closed last: a program whose test is gone ends by itself."""
    made = Announcements()
    yield made
    made.close()


@pytest.mark.parametrize("code", [0, 3, 7, 255])
def test_a_run_ends_with_the_code_of_its_program(programs: Announcements, runs: Runs, code: int) -> None:
    runs.start(programs.command("good", str(code)))
    assert runs.news() == RunEnded(1, Exited(code))


def test_the_end_of_a_run_is_reported_once(programs: Announcements, runs: Runs) -> None:
    runs.start(programs.command("good", "0"))
    runs.news()
    assert runs.nothing_has_ended()
    assert runs.host.next_poll(time.monotonic()) is None


def test_a_crash_is_reported_with_its_signal(programs: Announcements, runs: Runs) -> None:
    runs.start(programs.command("crashing"))
    assert runs.news() == RunEnded(1, CRASHED)


def test_a_run_that_is_alive_has_no_event(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("waiting"))
    started = programs.wait_for("started", "waiting")
    assert runs.nothing_has_ended()
    assert is_alive(child.pid)
    programs.let_continue(started)
    assert runs.news() == RunEnded(1, Exited(0))


def test_the_pid_is_that_of_the_program(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("waiting"))
    assert programs.wait_for("started", "waiting")["pid"] == child.pid


@needs_stop_event
def test_a_program_may_handle_the_stop_signal(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("polite"))
    programs.wait_for("started", "polite")
    child.stop(STOP_SIGNAL)
    programs.wait_for("asked", "polite")
    assert runs.news() == RunEnded(1, Exited(5))


@needs_stop_event
def test_a_program_may_take_its_time_to_stop(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("slow"))
    programs.wait_for("started", "slow")
    child.stop(STOP_SIGNAL)
    asked = programs.wait_for("asked", "slow")
    assert runs.nothing_has_ended()
    programs.let_continue(asked)
    assert runs.news() == RunEnded(1, Exited(6))


@needs_stop_event
def test_a_program_that_refuses_to_stop_runs_until_it_is_killed(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("stubborn"))
    programs.wait_for("started", "stubborn")
    for _ in range(2):
        child.stop(STOP_SIGNAL)
        programs.wait_for("asked", "stubborn")
    assert runs.nothing_has_ended()
    child.kill()
    assert runs.news() == RunEnded(1, FORCED)


@needs_stop_event
def test_every_process_of_a_run_gets_the_stop_signal(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("forking"))
    programs.wait_for("started", "forking")
    second = programs.wait_for("started", "polite")
    child.stop(STOP_SIGNAL)
    programs.wait_for("asked", "forking")
    programs.wait_for("asked", "polite")
    assert runs.news() == RunEnded(1, Exited(5))
    assert not is_alive(second["pid"])


def test_the_stop_signal_ends_a_program_without_a_handler(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("waiting"))
    programs.wait_for("started", "waiting")
    child.stop(STOP_SIGNAL)
    assert isinstance(runs.news(), RunEnded)
    assert not is_alive(child.pid)


def test_kill_ends_every_process_of_a_run(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("forking"))
    programs.wait_for("started", "forking")
    second = programs.wait_for("started", "polite")
    child.kill()
    assert ended(runs) == RunEnded(1, FORCED)
    assert not is_alive(child.pid)
    assert not is_alive(second["pid"])


def test_the_exit_of_a_leader_with_remaining_processes_is_reported_first(programs: Announcements, runs: Runs) -> None:
    child, second = orphans_found(programs, runs)
    assert runs.news() == LeaderExited(1, Exited(4))
    assert is_alive(second)
    assert runs.nothing_has_ended()
    child.kill()
    assert runs.news() == RunEnded(1, Exited(4))
    assert not is_alive(second)


def test_the_run_ends_with_the_remaining_processes(programs: Announcements, runs: Runs) -> None:
    runs.start(programs.command("leaving"))
    leader, second = programs.wait_for("started", "leaving"), programs.wait_for("started", "waiting")
    programs.let_continue(leader)
    assert runs.news() == LeaderExited(1, Exited(4))
    programs.let_continue(second)
    assert runs.news() == RunEnded(1, Exited(4))
    assert not is_alive(second["pid"])


def test_the_remaining_processes_can_be_stopped(programs: Announcements, runs: Runs) -> None:
    child, second = orphans_found(programs, runs)
    assert runs.news() == LeaderExited(1, Exited(4))
    child.stop(STOP_SIGNAL)
    assert runs.news() == RunEnded(1, Exited(4))
    assert not is_alive(second)


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows no process can leave its job")
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no subreaper: who leaves the group cannot be found")
def test_kill_also_ends_escaped_processes(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("escaping"))
    programs.wait_for("started", "escaping")
    second = programs.wait_for("started", "waiting")
    child.kill()
    assert ended(runs) == RunEnded(1, FORCED)
    assert not is_alive(second["pid"])


@pytest.mark.skipif(sys.platform != "win32", reason="on POSIX any process may leave its group")
def test_no_process_can_leave_its_job(programs: Announcements, runs: Runs) -> None:
    runs.start(programs.command("escaping"))
    refused = programs.wait_for("refused", "escaping")
    programs.let_continue(refused)
    assert runs.news() == RunEnded(1, Exited(0))


def test_a_run_that_has_ended_can_be_stopped_and_killed(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("good", "0"))
    runs.news()
    child.stop(STOP_SIGNAL)
    child.kill()
    child.kill()
    assert runs.nothing_has_ended()


def test_our_own_handlers_do_not_receive_the_signals_for_a_run(programs: Announcements, runs: Runs) -> None:
    child = runs.start(programs.command("waiting"))
    programs.wait_for("started", "waiting")
    child.stop(STOP_SIGNAL)
    runs.news()
    assert not [posted for posted in drained(runs.inbox) if isinstance(posted, StopRequested)]


def test_arguments_arrive_as_they_were_given(programs: Announcements, runs: Runs) -> None:
    runs.start(programs.command("telling", *NASTY))
    assert programs.wait_for("told", "telling")["arguments"] == NASTY
    assert runs.news() == RunEnded(1, Exited(0))


def test_the_environment_is_the_given_one_and_no_other(
    programs: Announcements, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS_ALONE", "1")
    variables = {name: value for name, value in environment().items() if name != "OURS_ALONE"}
    runs.try_to_start(programs.command("telling"), {**variables, "GIVEN": "ünï = cödé"})
    told = programs.wait_for("told", "telling")["environment"]
    assert (told["GIVEN"], told.get("OURS_ALONE")) == ("ünï = cödé", None)
    assert runs.news() == RunEnded(1, Exited(0))


def test_the_working_directory_is_the_given_one(programs: Announcements, runs: Runs, tmp_path: Path) -> None:
    directory = tmp_path / "a directory"
    directory.mkdir()
    runs.try_to_start(programs.command("telling"), cwd=directory)
    assert Path(programs.wait_for("told", "telling")["cwd"]).samefile(directory)
    assert runs.news() == RunEnded(1, Exited(0))


def test_our_own_directory_stays_what_it_is(programs: Announcements, runs: Runs, tmp_path: Path) -> None:
    before = Path.cwd()
    runs.try_to_start(programs.command("good", "0"), cwd=tmp_path)
    assert Path.cwd() == before
    runs.news()


def test_a_name_is_looked_up_on_the_path_of_the_child(programs: Announcements, runs: Runs, tmp_path: Path) -> None:
    name = copied_program(tmp_path / "bin")
    runs.try_to_start([name, *launcher_arguments()], environment(PATH=str(tmp_path / "bin")))
    assert runs.news() == RunEnded(1, Exited(0))


def test_a_relative_path_is_one_of_the_childs_directory(programs: Announcements, runs: Runs, tmp_path: Path) -> None:
    name = copied_program(tmp_path / "here" / "bin")
    runs.try_to_start([os.path.join("bin", name), *launcher_arguments()], cwd=tmp_path / "here")
    assert runs.news() == RunEnded(1, Exited(0))


@pytest.mark.parametrize("name", ["there-is-no-such-program", os.path.join(".", "nor-such-a-file")])
def test_a_missing_program_is_an_answer(runs: Runs, name: str) -> None:
    answer = runs.try_to_start([name])
    assert isinstance(answer, ChildNotLaunched)
    assert answer.exit_code == 127
    assert os.path.basename(name) in answer.why
    assert runs.nothing_has_ended()


def test_a_missing_directory_is_an_answer(programs: Announcements, runs: Runs, tmp_path: Path) -> None:
    answer = runs.try_to_start(programs.command("good", "0"), cwd=tmp_path / "missing")
    assert isinstance(answer, ChildNotLaunched)
    assert answer.exit_code == 127


def test_a_file_that_is_not_a_program_is_an_answer(runs: Runs, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a program")
    answer = runs.try_to_start([str(file)])
    assert isinstance(answer, ChildNotLaunched)
    assert answer.exit_code == 126
    assert "notes.txt" in answer.why


def test_after_a_run_that_could_not_start_the_next_one_can(programs: Announcements, runs: Runs) -> None:
    runs.try_to_start(["there-is-no-such-program"])
    runs.start(programs.command("good", "0"))
    assert runs.news() == RunEnded(2, Exited(0))


def test_closing_the_host_ends_no_other_process(programs: Announcements, runs: Runs) -> None:
    runs.start(programs.command("good", "0"))
    runs.news()
    runs.host.close()
    runs.host.close()
    assert runs.nothing_has_ended()


def test_twenty_runs_leave_no_handle_and_no_thread(programs: Announcements, runs: Runs) -> None:
    def run_once() -> None:
        runs.start(programs.command("good", "0"))
        programs.wait_for_end_of(programs.wait_for("started", "good"))
        assert isinstance(runs.news(), RunEnded)
        programs.close_ended_connections()

    run_once()
    handles, threads = open_handles(), threading.active_count()
    for _ in range(20):
        run_once()
    assert threading.active_count() == threads
    assert open_handles() - handles < 20  # Windows opens a few of its own accord, but not one for each run


def ended(runs: Runs) -> Posted:
    """The end of the run, whether or not its leader went first."""
    news = runs.news()
    return runs.news() if isinstance(news, LeaderExited) else news


def orphans_found(programs: Announcements, runs: Runs) -> tuple[Child, int]:
    """A run whose leader has gone, and the pid of the process that lives on."""
    child = runs.start(programs.command("leaving"))
    leader, second = programs.wait_for("started", "leaving"), programs.wait_for("started", "waiting")
    programs.let_continue(leader)
    return child, second["pid"]


def drained(inbox: queue.SimpleQueue[Posted]) -> list[Posted]:
    return [inbox.get_nowait() for _ in range(inbox.qsize())]


def copied_program(folder: Path) -> str:
    """Puts a program that does nothing into ``folder``; its name, as one would type it."""
    folder.mkdir(parents=True)
    if sys.platform == "win32":
        shutil.copy(os.path.join(os.environ["SYSTEMROOT"], "System32", "cmd.exe"), folder / "our-own.exe")
    else:
        (folder / "our-own").write_text("#!/bin/sh\nexit 0\n")
        (folder / "our-own").chmod(0o755)
    return "our-own"


def launcher_arguments() -> list[str]:
    return ["/c", "exit 0"] if sys.platform == "win32" else []
