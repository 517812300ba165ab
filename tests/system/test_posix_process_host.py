"""Processes and signals on POSIX, beyond what every system promises: what a run inherits, and who else is touched."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("signals and process groups are of POSIX alone", allow_module_level=True)

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from reloader.core.events import LeaderExited, Posted, RestartRequested, RunEnded, StopRequested, Wakeup
from reloader.core.outcome import Exited, Signalled
from reloader.interfaces import ChildNotLaunched
from reloader.system import SystemSignals, enable_colour
from reloader.system.posix import process_host, process_tree
from reloader.system.posix.process_host import ProcessHost
from reloader.system.posix.process_tree import PosixChild
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only
from tests.support.programs.processes import is_alive

SHELL = "/bin/sh"
STOPPED = "T"


class Runs:
    """A host, the runs that it starts in ``directory``, and its news. No run outlives it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host = ProcessHost(lambda event: None)
        self._child: PosixChild | None = None
        self._number = 0

    def try_to_start(
        self, *argv: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> PosixChild | ChildNotLaunched:
        self._number += 1
        environment = os.environ if environment is None else environment
        return self.host.launch(argv, cwd=str(cwd or self.directory), environment=environment, run=self._number)

    def start(self, *argv: str) -> PosixChild:
        child = self.try_to_start(*argv)
        assert isinstance(child, PosixChild), child.why
        self._child = child
        return child

    def shell(self, script: str) -> PosixChild:
        return self.start(SHELL, "-c", script)

    def news(self) -> Posted:
        (event,) = eventually(lambda: self.host.collect(time.monotonic()), what="news of the run")
        if isinstance(event, RunEnded):
            self._child = None
        return event

    def end(self) -> Posted:
        """The news of the end, whether or not the leader went first."""
        while not isinstance(news := self.news(), RunEnded):
            assert isinstance(news, LeaderExited)
        return news

    def refusal(self, *argv: str, cwd: Path | None = None) -> tuple[int, str]:
        answer = self.try_to_start(*argv, cwd=cwd)
        assert isinstance(answer, ChildNotLaunched)
        assert self.host.collect(time.monotonic()) == ()
        return answer.exit_code, answer.why

    def says(self, name: str) -> str:
        """What a program wrote into the file ``name``, when it has."""
        path = self.directory / name
        return eventually(lambda: path.exists() and path.read_text().strip(), what=f"something in {name}") or ""

    def close(self) -> None:
        while self._child is not None:
            self._child.kill()
            self.news()
        self.host.close()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.close()


@pytest.fixture
def handlers() -> Iterator[Callable[[int, object], None]]:
    """Sets signal handlers, and gives them back at the end."""
    before: dict[int, object] = {}

    def handle(number: int, handler: object) -> None:
        before.setdefault(number, signal.getsignal(number))
        signal.signal(number, handler)  # type: ignore[arg-type]

    yield handle
    for number, handler in before.items():
        signal.signal(number, handler)  # type: ignore[arg-type]


def program(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def state_of(pid: int) -> str:
    """The letter for the state of a process on Linux."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class TestWhatARunInherits:
    @linux_only
    def test_no_descriptor_but_the_three(self, runs: Runs, tmp_path: Path) -> None:
        inheritable = os.open(tmp_path / "held open", os.O_CREAT | os.O_RDWR)
        try:
            os.set_inheritable(inheritable, True)
            runs.shell("for fd in /proc/$$/fd/*; do readlink $fd; done >open; mv open descriptors")
            told = runs.says("descriptors")
        finally:
            os.close(inheritable)
        assert "held open" not in told
        assert runs.news() == RunEnded(1, Exited(0))

    @linux_only
    def test_no_ignored_and_no_blocked_signal(self, runs: Runs, handlers: Callable[[int, object], None]) -> None:
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            handlers(number, signal.SIG_IGN)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM})
        try:
            runs.shell("grep -E '^Sig(Ign|Blk)' /proc/self/status >told; mv told signals")
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        assert signals_in(runs.says("signals")) == {"SigBlk": set(), "SigIgn": set()}
        runs.end()

    @linux_only
    def test_except_an_ignored_hangup_under_nohup(
        self, tmp_path: Path, handlers: Callable[[int, object], None]
    ) -> None:
        handlers(signal.SIGHUP, signal.SIG_IGN)
        runs = Runs(tmp_path)
        runs.shell("grep -E '^Sig(Ign|Blk)' /proc/self/status >told; mv told signals")
        assert signals_in(runs.says("signals")) == {"SigBlk": set(), "SigIgn": {signal.SIGHUP}}
        runs.end()
        runs.close()

    def test_a_group_of_its_own(self, runs: Runs) -> None:
        child = runs.shell("sleep 60")
        assert os.getpgid(child.pid) == child.pid != os.getpgrp()


def signals_in(status: str) -> dict[str, set[int]]:
    """The masks of /proc/PID/status. Two signals are the C library's own, and nobody else's business."""
    pairs = (line.split(":") for line in status.splitlines())
    return {
        name: {number for number in signal.valid_signals() if int(mask, 16) >> (number - 1) & 1} for name, mask in pairs
    }


class TestFindingTheProgram:
    def test_uses_the_path_of_the_child_and_not_ours(
        self, runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program(tmp_path / "theirs/tool", "#!/bin/sh\nexit 11\n")
        program(tmp_path / "ours/tool", "#!/bin/sh\nexit 12\n")
        monkeypatch.setenv("PATH", str(tmp_path / "ours"))
        runs.try_to_start("tool", environment={"PATH": str(tmp_path / "theirs")})
        assert runs.news() == RunEnded(1, Exited(11))

    def test_resolves_a_relative_entry_in_the_directory_of_the_child(self, runs: Runs, tmp_path: Path) -> None:
        program(tmp_path / "work/bin/tool", "#!/bin/sh\nexit 11\n")
        runs.try_to_start("tool", cwd=tmp_path / "work", environment={"PATH": "/nowhere:bin"})
        assert runs.news() == RunEnded(1, Exited(11))

    def test_without_a_path_uses_the_default_one(self, runs: Runs) -> None:
        runs.try_to_start("sh", "-c", "exit 11", environment={})
        assert runs.news() == RunEnded(1, Exited(11))

    def test_skips_files_that_are_not_executable(self, runs: Runs, tmp_path: Path) -> None:
        program(tmp_path / "first/tool", "#!/bin/sh\nexit 11\n", mode=0o644)
        program(tmp_path / "second/tool", "#!/bin/sh\nexit 12\n")
        runs.try_to_start("tool", environment={"PATH": f"{tmp_path / 'first'}:{tmp_path / 'second'}"})
        assert runs.news() == RunEnded(1, Exited(12))


class TestWhatCannotBeStarted:
    def test_a_script_without_its_first_line_is_126_with_the_remedy(self, runs: Runs, tmp_path: Path) -> None:
        code, why = runs.refusal(str(program(tmp_path / "script", "echo hello\n")))
        assert code == 126
        assert '"#!"' in why

    def test_a_script_whose_interpreter_is_missing_is_127(self, runs: Runs, tmp_path: Path) -> None:
        code, why = runs.refusal(str(program(tmp_path / "script", "#!/no/such/interpreter\n")))
        assert code == 127
        assert "interpreter" in why

    def test_a_directory_that_is_a_file_is_126(self, runs: Runs, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        code, why = runs.refusal(SHELL, cwd=tmp_path / "file")
        assert code == 126
        assert os.strerror(errno.ENOTDIR) in why

    def test_a_directory_instead_of_a_program_is_126(self, runs: Runs, tmp_path: Path) -> None:
        assert runs.refusal(str(tmp_path))[0] == 126

    def test_a_command_that_is_too_long_is_126(self, runs: Runs) -> None:
        code, why = runs.refusal(SHELL, "-c", ":", "x" * (1 << 22))
        assert code == 126
        assert os.strerror(errno.E2BIG) in why

    def test_leaves_us_in_our_own_directory(self, runs: Runs, tmp_path: Path) -> None:
        before = Path.cwd()
        runs.refusal(str(program(tmp_path / "script", "echo hello\n")))
        runs.refusal(SHELL, cwd=tmp_path / "missing")
        assert Path.cwd() == before


class TestStopping:
    @linux_only
    def test_a_stopped_run_is_continued_to_handle_the_signal(self, runs: Runs) -> None:
        child = runs.shell("trap 'exit 5' TERM; echo ready >ready; while :; do sleep 0.02; done")
        runs.says("ready")
        os.kill(child.pid, signal.SIGSTOP)
        eventually(lambda: state_of(child.pid) == STOPPED, what="the run is stopped")
        assert runs.host.collect(time.monotonic()) == ()
        assert state_of(child.pid) == STOPPED
        child.stop(signal.SIGTERM)
        assert runs.end() == RunEnded(1, Exited(5))

    def test_a_stopping_run_is_polled_until_it_has_ended(self, runs: Runs) -> None:
        child = runs.shell("trap : TERM; echo ready >ready; while :; do sleep 0.02; done")
        runs.says("ready")
        now = time.monotonic()
        assert runs.host.next_poll(now) is None
        child.stop(signal.SIGTERM)
        assert runs.host.next_poll(now) == now + process_host.POLL_INTERVAL
        child.kill()
        assert runs.end() == RunEnded(1, Signalled(9))
        assert runs.host.next_poll(now) is None

    @linux_only
    def test_escaped_processes_get_the_stop_signal_when_the_group_has_ended(self, runs: Runs) -> None:
        """The one who left says whether the leader was still there when it was asked."""
        outside = (
            'trap "kill -0 $1 2>/dev/null && echo before >order || echo after >order; exit" TERM; echo $$ >outside'
        )
        escaping = f"setsid {SHELL} -c '{outside}; while :; do sleep 0.02; done' x $$"
        script = f"trap 'sleep 0.1; exit 6' TERM; {escaping} & wait"
        child = runs.shell(script)
        outsider = int(runs.says("outside"))
        assert os.getpgid(outsider) != child.pid
        child.stop(signal.SIGTERM)
        assert runs.end() == RunEnded(1, Exited(6))
        assert runs.says("order") == "after"
        assert not is_alive(outsider)

    @linux_only
    def test_escaped_processes_get_no_signal_before_a_stop(self, runs: Runs) -> None:
        child = runs.shell(f"setsid {SHELL} -c 'echo $$ >outside; sleep 60' & while [ ! -e outside ]; do :; done")
        outsider = int(runs.says("outside"))
        assert runs.news() == LeaderExited(1, Exited(0))
        assert runs.host.collect(time.monotonic()) == ()
        assert is_alive(outsider)
        child.stop(signal.SIGTERM)
        assert runs.end() == RunEnded(1, Exited(0))
        assert not is_alive(outsider)


class TestSignalsForTheRun:
    def test_are_those_of_a_window_and_sigusr2(self, runs: Runs) -> None:
        child = runs.shell(
            "trap 'echo USR2 >>got' USR2; trap 'echo WINCH >>got' WINCH; echo >ready; while :; do sleep 0.02; done"
        )
        eventually((runs.directory / "ready").exists, what="the run is ready")
        os.kill(os.getpid(), signal.SIGUSR2)
        runs.host.collect(time.monotonic())
        assert runs.says("got") == "USR2"
        os.kill(os.getpid(), signal.SIGWINCH)
        runs.host.collect(time.monotonic())
        eventually(lambda: runs.says("got") == "USR2\nWINCH", what="the new size of the window")
        child.kill()
        runs.end()

    def test_are_ignored_without_a_run(self, runs: Runs) -> None:
        os.kill(os.getpid(), signal.SIGUSR2)
        assert runs.host.collect(time.monotonic()) == ()

    def test_wake_the_engine(self) -> None:
        posted: list[Posted] = []
        host = ProcessHost(posted.append)
        os.kill(os.getpid(), signal.SIGCONT)
        assert posted == [Wakeup()]
        host.close()

    def test_stay_ignored_if_they_were(self, handlers: Callable[[int, object], None], tmp_path: Path) -> None:
        handlers(signal.SIGUSR2, signal.SIG_IGN)
        host = ProcessHost(lambda event: None)
        assert signal.getsignal(signal.SIGUSR2) is signal.SIG_IGN
        host.close()


class TestOthers:
    @linux_only
    def test_earlier_children_survive_when_a_run_is_killed(self, tmp_path: Path) -> None:
        with subprocess.Popen(["sleep", "60"]) as bystander:
            try:
                runs = Runs(tmp_path)
                child = runs.shell("sleep 60")
                child.kill()
                assert runs.end() == RunEnded(1, Signalled(9))
                assert bystander.poll() is None
                runs.close()
            finally:
                bystander.terminate()
        assert bystander.returncode == -signal.SIGTERM

    @linux_only
    def test_earlier_children_are_not_reaped_by_the_host(self, tmp_path: Path) -> None:
        with subprocess.Popen([SHELL, "-c", "read line; exit 9"], stdin=subprocess.PIPE) as bystander:
            runs = Runs(tmp_path)
            child = runs.shell("while :; do sleep 0.02; done")
            assert bystander.stdin is not None
            bystander.stdin.close()
            eventually(lambda: state_of(bystander.pid) == "Z", what="the bystander ends")
            assert runs.host.collect(time.monotonic()) == ()
            assert bystander.wait() == 9
            child.kill()
            runs.end()
            runs.close()

    @linux_only
    def test_adopted_orphans_are_reaped(self, runs: Runs) -> None:
        child = runs.shell("(exec sleep 0.05 & echo $! >told) & wait; while :; do sleep 0.02; done")
        orphan = int(runs.says("told"))
        eventually(lambda: is_alive(orphan) and state_of(orphan) == "Z", what="the orphan becomes a zombie of ours")
        assert runs.host.collect(time.monotonic()) == ()
        assert not is_alive(orphan)
        child.kill()
        assert runs.end() == RunEnded(1, Signalled(9))

    def test_a_child_that_was_reaped_elsewhere_is_not_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []

        def children() -> list[int]:
            asked.append(os.getppid())
            return asked

        monkeypatch.setattr(process_host, "children", children)
        process_host._reap_adopted(frozenset())
        assert asked == [os.getppid()]


class TestSignalsThatMayNotBeSent:
    """As root nothing is forbidden, so the calls refuse here."""

    @pytest.fixture(autouse=True)
    def forbidden(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(pid: int, number: int) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "killpg", refuse)
        monkeypatch.setattr(os, "kill", refuse)

    def test_are_not_an_error(self) -> None:
        child = PosixChild(1, os.getpid(), frozenset)
        child.stop(signal.SIGTERM)
        process_tree.signal_process(os.getpid(), signal.SIGTERM)
        assert child.stop_signal == signal.SIGTERM

    def test_mean_a_group_of_another_user_except_on_macos_where_they_mean_zombies(self) -> None:
        assert process_tree.group_is_alive(os.getpgrp()) is (sys.platform != "darwin")


class TestSignalsToUs:
    @pytest.fixture
    def heard(self) -> Iterator[list[Posted]]:
        posted: list[Posted] = []
        signals = SystemSignals()
        signals.start(posted.append)
        yield posted
        signals.stop()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
    def test_for_a_stop_are_posted_with_their_number(self, heard: list[Posted], number: signal.Signals) -> None:
        os.kill(os.getpid(), number)
        assert [posted for posted in heard if posted != Wakeup()] == [StopRequested(number)]

    def test_for_a_restart_are_posted(self, heard: list[Posted]) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert [posted for posted in heard if posted != Wakeup()] == [RestartRequested("SIGUSR1")]

    def test_of_children_wake_the_engine(self, heard: list[Posted]) -> None:
        os.kill(os.getpid(), signal.SIGCHLD)
        assert set(heard) == {Wakeup()}  # by the handler, and by the ear that ends a wait

    def test_have_their_handlers_restored_by_stop_which_may_be_called_twice(self) -> None:
        before = [signal.getsignal(number) for number in signal.valid_signals()]
        signals = SystemSignals()
        signals.start(lambda event: None)
        assert [signal.getsignal(number) for number in signal.valid_signals()] != before
        signals.stop()
        signals.stop()
        assert [signal.getsignal(number) for number in signal.valid_signals()] == before

    def test_are_ignored_after_the_final_stop(self, handlers: Callable[[int, object], None]) -> None:
        asking = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
        for number in asking:
            handlers(number, signal.SIG_DFL)
        signals = SystemSignals()
        signals.start(lambda event: None)
        signals.stop(for_good=True)
        for number in asking:
            os.kill(os.getpid(), number)
        assert {signal.getsignal(number) for number in asking} == {signal.SIG_IGN}

    def test_that_nohup_ignores_stay_ignored(self, handlers: Callable[[int, object], None]) -> None:
        handlers(signal.SIGHUP, signal.SIG_IGN)
        posted: list[Posted] = []
        signals = SystemSignals()
        signals.start(posted.append)
        try:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        finally:
            signals.stop()
        assert posted == []


def test_colours_are_shown_by_terminals(tmp_path: Path) -> None:
    primary, secondary = os.openpty()
    with open(secondary, "w") as terminal, open(primary, "rb", buffering=0), open(tmp_path / "file", "w") as file:
        assert enable_colour(terminal)
        assert not enable_colour(file)
