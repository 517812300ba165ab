"""Commands beside the run as Windows has them: a host for each, which here is a fake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reloader.core.events import LeaderExited, Posted, RunEnded
from reloader.core.outcome import Exited
from reloader.interfaces import ChildNotLaunched
from reloader.system.windows.helper_host import HelperHost


@dataclass
class FakeChild:
    pid: int

    def stop(self, signal: int) -> None:
        """Nothing."""

    def kill(self) -> None:
        """Nothing."""


@dataclass
class FakeHost:
    journal: list[str]
    news: list[Posted] = field(default_factory=list)
    look: float | None = None
    refusal: ChildNotLaunched | None = None
    run: int = 0

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> FakeChild | ChildNotLaunched:
        self.run = run
        return self.refusal or FakeChild(run)

    def collect(self, now: float) -> Sequence[Posted]:
        news, self.news = self.news, []
        return news

    def next_poll(self, now: float) -> float | None:
        return self.look

    def kill_rest(self) -> None:
        self.journal.append(f"rest of {self.run} ends")

    def close(self) -> None:
        self.journal.append(f"{self.run} closes")


class Helpers:
    def __init__(self) -> None:
        self.journal: list[str] = []
        self.hosts: list[FakeHost] = []
        self.refusal: ChildNotLaunched | None = None
        self.host = HelperHost(self._make)

    def _make(self) -> FakeHost:
        self.hosts.append(FakeHost(self.journal, refusal=self.refusal))
        return self.hosts[-1]

    def start(self, run: int) -> FakeChild | ChildNotLaunched:
        started = self.host.launch(["x"], cwd="C:\\", environment={}, run=run)
        assert isinstance(started, FakeChild | ChildNotLaunched)
        return started


def test_the_end_of_one_is_reported_and_its_rest_is_killed() -> None:
    helpers = Helpers()
    helpers.start(1)
    helpers.start(2)
    helpers.hosts[1].news = [LeaderExited(2, Exited(0))]
    assert helpers.host.collect(0.0) == []
    assert helpers.journal == ["rest of 2 ends"]
    helpers.hosts[1].news = [RunEnded(2, Exited(0))]
    assert helpers.host.collect(0.0) == [RunEnded(2, Exited(0))]
    helpers.host.close()
    assert helpers.journal[1:] == ["1 closes"]


def test_the_next_poll_is_the_earliest_of_all() -> None:
    helpers = Helpers()
    assert helpers.host.next_poll(0.0) is None
    for run, look in ((1, 5.0), (2, None), (3, 4.0)):
        helpers.start(run)
        helpers.hosts[-1].look = look
    assert helpers.host.next_poll(0.0) == 4.0
    helpers.host.close()


def test_a_command_that_could_not_be_started_is_not_kept() -> None:
    helpers = Helpers()
    helpers.refusal = ChildNotLaunched(127, "it is not there")
    assert helpers.start(1) is helpers.refusal
    helpers.host.close()
    assert helpers.journal == []
