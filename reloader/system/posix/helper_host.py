"""Commands beside the run on POSIX: each in a process group of its own, without input, and ended with all of that group."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reloader.core.events import RunEnded
from reloader.core.outcome import Exited, Outcome, Signalled
from reloader.interfaces import ChildNotLaunched
from reloader.system.posix.process_tree import ProcessTag, adopt_orphans, signal_group, signal_process
from reloader.system.posix.spawn import find_program, not_launched, spawn

#: How long to wait for what was forced at the end of a session: so many looks, with so many seconds between them.
LOOKS, PAUSE = 200, 0.005


@dataclass(frozen=True, slots=True)
class Helper:
    """One command. Its group has the pid of its leader for an id."""

    run: int
    pid: int

    def stop(self, signal: int) -> None:
        signal_group(self.pid, signal)

    def kill(self) -> None:
        signal_group(self.pid, signal.SIGKILL)


class HelperHost:
    """Any number of commands at a time. ``escaped`` finds what has left its group, once there is no run to mistake it for.

    They carry the ``tag`` of the session, so that its guard finds them too if we are killed. They may outlive a host of runs:
    the next one goes on with them, and finds their strays. As long as we live, orphans come to us.
    """

    def __init__(self) -> None:
        self._adopted_before = adopt_orphans()
        self.tag = ProcessTag()
        self.escaped: Callable[[], Iterable[int]] = tuple
        self._helpers: dict[int, Helper] = {}
        self._has_run_any = False

    @property
    def pids(self) -> frozenset[int]:
        """They are no part of the run, and nobody else is to bury them."""
        return frozenset(self._helpers)

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> Helper | ChildNotLaunched:
        found = find_program(argv[0], cwd, environment.get("PATH", os.defpath))
        if isinstance(found, ChildNotLaunched):
            return found
        try:
            with self.tag.applied():
                # It is in the background, and may set up the terminal that it writes to without being stopped for that.
                pid = spawn(found, argv, cwd, environment, frozenset({signal.SIGTTOU}), has_input=False)
        except OSError as error:
            return not_launched(argv[0], error)
        self._has_run_any = True
        helper = self._helpers[pid] = Helper(run, pid)
        return helper

    def collect(self, now: float) -> Sequence[RunEnded]:
        return [self._ended(helper, outcome) for helper, outcome in self._look()]

    def next_poll(self, now: float) -> float | None:
        return None  # SIGCHLD stirs the engine

    def close(self) -> None:
        """May be called twice."""
        for helper in self._helpers.values():
            helper.kill()
        _bury(self._helpers)
        self._helpers.clear()
        escaped = tuple(self.escaped()) if self._has_run_any else ()
        for pid in escaped:
            signal_process(pid, signal.SIGKILL)
        _bury(escaped)
        adopt_orphans(self._adopted_before)

    def _look(self) -> list[tuple[Helper, Outcome]]:
        looks = [(helper, *os.waitpid(helper.pid, os.WNOHANG)) for helper in self._helpers.values()]
        return [(helper, _outcome(status)) for helper, pid, status in looks if pid != 0]

    def _ended(self, helper: Helper, outcome: Outcome) -> RunEnded:
        """What it has left behind in its group goes with it."""
        helper.kill()
        del self._helpers[helper.pid]
        return RunEnded(helper.run, outcome)


def _bury(pids: Iterable[int]) -> None:
    """Wait for the end of what was forced, but not for what the system does not let go."""
    left = set(pids)
    pause = threading.Event()
    for _ in range(LOOKS):
        left = {pid for pid in left if _is_ours_and_alive(pid)}
        if not left:
            return
        pause.wait(PAUSE)


def _is_ours_and_alive(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False  # a child of a stray, which whoever adopts it buries


def _outcome(status: int) -> Outcome:
    return Signalled(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else Exited(os.WEXITSTATUS(status))
