"""Run auxiliary commands (checks, hooks) on POSIX: each in a process group of its own, without input, ended as a whole."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from reloader.core.events import RunEnded
from reloader.core.outcome import Exited, Outcome, Signalled
from reloader.interfaces import ChildNotLaunched
from reloader.system.posix.process_tag import ProcessTag
from reloader.system.posix.process_tree import adopt_orphans, signal_group, signal_process
from reloader.system.posix.spawn import find_program, not_launched, spawn

#: How often to try to reap the processes that were killed at the end of a session, and the seconds between two attempts.
REAP_ATTEMPTS, REAP_INTERVAL = 200, 0.005


@dataclass(frozen=True, slots=True)
class Helper:
    """One command. The id of its group is the pid of its leader."""

    run: int
    pid: int

    def stop(self, signal: int) -> None:
        signal_group(self.pid, signal)

    def kill(self) -> None:
        signal_group(self.pid, signal.SIGKILL)


class HelperHost:
    """Runs any number of commands at a time. It lives as long as the session, through one process host after another.

    The commands carry the process ``tag`` of the session, so that the guard finds them too if the supervisor is killed.
    The first process host that attaches makes this process adopt orphans, until this host is closed.
    """

    def __init__(self) -> None:
        self._adopted_before: bool | None = None
        self.tag = ProcessTag()
        self._escaped: Callable[[], Iterable[int]] = tuple
        self._helpers: dict[int, Helper] = {}
        #: The leaders of the commands, at any time. They are not part of the run, and only this host may reap them.
        self.pids: AbstractSet[int] = self._helpers.keys()
        self._has_run_any = False

    def attach(self, escaped: Callable[[], Iterable[int]]) -> None:
        """Continue with another process host, which passes ``escaped``.

        That function lists the processes that left a command's group. It lists none while a run is alive,
        because those could belong to the run.
        """
        if self._adopted_before is None:
            self._adopted_before = adopt_orphans()
        self._escaped = escaped

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> Helper | ChildNotLaunched:
        found = find_program(argv[0], cwd, environment.get("PATH", os.defpath))
        if isinstance(found, ChildNotLaunched):
            return found
        try:
            with self.tag.applied():
                # With SIGTTOU ignored, a background command that sets up the terminal it writes to is not stopped.
                pid = spawn(found, argv, cwd, environment, frozenset({signal.SIGTTOU}), has_input=False)
        except OSError as error:
            return not_launched(argv[0], error)
        self._has_run_any = True
        helper = self._helpers[pid] = Helper(run, pid)
        return helper

    def collect(self, now: float) -> Sequence[RunEnded]:
        return [self._ended(helper, outcome) for helper, outcome in self._poll()]

    def next_poll(self, now: float) -> float | None:
        return None  # SIGCHLD wakes the engine

    def close(self) -> None:
        """Kill every command and its descendants, and no longer adopt orphans. May be called twice."""
        for helper in self._helpers.values():
            helper.kill()
        _reap(self._helpers)
        self._helpers.clear()
        escaped = tuple(self._escaped()) if self._has_run_any else ()
        for pid in escaped:
            signal_process(pid, signal.SIGKILL)
        _reap(escaped)
        if self._adopted_before is not None:
            adopt_orphans(self._adopted_before)
            self._adopted_before = None

    def _poll(self) -> list[tuple[Helper, Outcome]]:
        polled = [(helper, *os.waitpid(helper.pid, os.WNOHANG)) for helper in self._helpers.values()]
        return [(helper, _outcome(status)) for helper, pid, status in polled if pid != 0]

    def _ended(self, helper: Helper, outcome: Outcome) -> RunEnded:
        """Kill the rest of the command's group, and return the event of its end."""
        helper.kill()
        del self._helpers[helper.pid]
        return RunEnded(helper.run, outcome)


def _reap(pids: Iterable[int]) -> None:
    """Wait until the killed processes have ended, but at most a second: one may be stuck in the kernel."""
    left = set(pids)
    pause = threading.Event()
    for _ in range(REAP_ATTEMPTS):
        left = {pid for pid in left if _is_unreaped_child(pid)}
        if not left:
            return
        pause.wait(REAP_INTERVAL)


def _is_unreaped_child(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False  # a child of an escaped process; the process that adopts it reaps it


def _outcome(status: int) -> Outcome:
    return Signalled(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else Exited(os.WEXITSTATUS(status))
