"""Run auxiliary commands (checks, hooks) on Windows: each in a job of its own, without input, ended as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from reloader.core.events import LeaderExited, RunEnded
from reloader.interfaces import Child, ChildHost, ChildNotLaunched


class SingleRunHost(ChildHost, Protocol):
    """A host that can end the processes that outlive the leader of its run."""

    def kill_rest(self) -> None: ...


class HelperHost:
    """Gives each command a host of its own, from ``make_host``, which has a job."""

    def __init__(self, make_host: Callable[[], SingleRunHost]) -> None:
        self._make_host = make_host
        self._hosts: dict[int, SingleRunHost] = {}

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> Child | ChildNotLaunched:
        host = self._make_host()
        helper = host.launch(argv, cwd=cwd, environment=environment, run=run)
        if not isinstance(helper, ChildNotLaunched):
            self._hosts[run] = host
        return helper

    def collect(self, now: float) -> Sequence[RunEnded]:
        events = [posted for host in self._hosts.values() for posted in host.collect(now)]
        for posted in events:
            if isinstance(posted, LeaderExited):
                self._hosts[posted.run].kill_rest()
        ended = [posted for posted in events if isinstance(posted, RunEnded)]
        for posted in ended:
            del self._hosts[posted.run]
        return ended

    def next_poll(self, now: float) -> float | None:
        polls = (host.next_poll(now) for host in self._hosts.values())
        return min((poll for poll in polls if poll is not None), default=None)

    def close(self) -> None:
        while self._hosts:
            self._hosts.popitem()[1].close()
