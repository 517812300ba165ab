"""Fakes of the engine's interfaces. Each notes its calls in one journal, and none waits."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from reloader.core.changes import FileStat
from reloader.core.events import Posted, RunEnded
from reloader.core.filesystems import Mount, MountTable
from reloader.core.notices import Notice
from reloader.core.outcome import Outcome, Signalled
from reloader.core.paths.watch_set import WatchSet
from reloader.engine.inbox import Inbox
from reloader.interfaces import ChildNotLaunched
from reloader.watchers.disk import RealDisk
from tests.support.fakes.clock import ManualClock

#: In nanoseconds: later than every stamp of a file that a test has just written.
LONG_AFTER = 10**19


class Asleep(Exception):
    """The engine has nothing to do, and no deadline."""


class TimelessInbox(Inbox):
    """Never waits: where the engine would sleep, the clock moves to the end of the sleep at once.

    For a sleep without an end, the next function of ``later`` is called. If none is left, Asleep is raised.
    """

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self._manual_clock = clock
        self.later: deque[Callable[[], object]] = deque()

    def take(self, until: float | None) -> list[Posted]:
        events = self.drain()
        if not events and until is not None:
            self._manual_clock.advance_to(until)
        elif not events:
            if not self.later:
                raise Asleep
            self.later.popleft()()
            events = self.drain()
        return events


@dataclass
class ScriptedWatcher:
    """Posts nothing by itself. ``on_catch_up`` does what a backend's thread, or a scan, would do at that moment."""

    journal: list[str]
    name: str = "scripted"
    mechanism: str = "a script"
    covers_files: bool = True
    watched: list[WatchSet] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    on_catch_up: Callable[[], object] = lambda: None

    def start(self, watch_set: WatchSet) -> None:
        self.journal.append(f"{self.name} starts")
        self.watched.append(watch_set)

    def watch(self, watch_set: WatchSet) -> None:
        self.journal.append(f"{self.name} watches anew")
        self.watched.append(watch_set)

    def add_files(self, paths: Sequence[str]) -> None:
        self.journal.append(f"{self.name} adds {len(paths)}")
        self.added += paths

    def catch_up(self) -> None:
        self.journal.append(f"{self.name} catches up")
        self.on_catch_up()

    def check(self) -> None:
        self.journal.append(f"{self.name} is checked")

    def stop(self) -> None:
        self.journal.append(f"{self.name} stops")


@dataclass
class FakeChild:
    host: FakeHost
    run: int
    pid: int

    def stop(self, signal: int) -> None:
        self.host.journal.append(f"stop {self.run} with {signal}")
        if self.host.is_obeyed:
            self.host.end(Signalled(signal))

    def kill(self) -> None:
        self.host.journal.append(f"kill {self.run}")
        self.host.ended.extend(self.host.after_force)
        if self.host.dies_of_force:
            self.host.end(Signalled(9))


@dataclass
class FakeHost:
    """Its children end when they are stopped, unless ``is_obeyed`` is False. Each of ``refusals`` fails one launch."""

    journal: list[str]
    is_obeyed: bool = True
    dies_of_force: bool = True
    after_force: Sequence[Posted] = ()
    refusals: deque[ChildNotLaunched] = field(default_factory=deque)
    environments: list[Mapping[str, str]] = field(default_factory=list)
    child: FakeChild | None = None
    ended: deque[Posted] = field(default_factory=deque)
    poll_interval: float | None = None

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> FakeChild | ChildNotLaunched:
        assert self.child is None, "a second child was launched while the first lived"
        self.environments.append(environment)
        self.journal.append(f"launch {run}")
        if self.refusals:
            return self.refusals.popleft()
        self.child = FakeChild(self, run, 1000 + run)
        return self.child

    def end(self, outcome: Outcome) -> None:
        """End the present run. The next ``collect`` returns its end."""
        assert self.child is not None, "nothing lives that could end"
        self.ended.append(RunEnded(self.child.run, outcome))

    def collect(self, now: float) -> Sequence[Posted]:
        if not self.ended:
            return ()
        event = self.ended.popleft()
        if isinstance(event, RunEnded):
            self.child = None
        return (event,)

    def next_poll(self, now: float) -> float | None:
        if self.ended:
            return now
        return None if self.poll_interval is None or self.child is None else now + self.poll_interval

    def close(self) -> None:
        self.journal.append("host closes")


@dataclass
class Recorder:
    """A reporter that keeps the notices."""

    journal: list[str]
    notices: list[Notice] = field(default_factory=list)

    def report(self, notice: Notice) -> None:
        self.notices.append(notice)
        self.journal.append(f"report {type(notice).__name__}")


class DatedDisk(RealDisk):
    """The real disk, with a present time that the test sets. By default all files were written long ago."""

    def __init__(self, *, gitignore: bool = True, own_output: AbstractSet[tuple[int, int]] = frozenset()) -> None:
        super().__init__(gitignore=gitignore, own_output=own_output)
        self.now = LONG_AFTER
        self.read: list[str] = []

    def now_ns(self) -> int:
        return self.now

    def digest(self, path: str) -> tuple[FileStat, int] | None:
        self.read.append(path)
        return super().digest(path)


class FakeMounts:
    """Mounts that the test defines, on a disk of this machine."""

    def __init__(self) -> None:
        self.put()

    def put(self, *mounts: Mount) -> None:
        """Replace all mounts but the disks: on Windows the current drive and that of the temporary files."""
        drives = {os.path.splitdrive(os.path.abspath(path))[0] for path in (os.sep, tempfile.gettempdir())}
        self._table = MountTable([*(Mount(drive or os.sep, "ext4") for drive in sorted(drives)), *mounts], os.sep)

    def of(self, path: str) -> Mount | None:
        return self._table.of(path)

    def below(self, directory: str) -> Sequence[Mount]:
        return self._table.below(directory)
