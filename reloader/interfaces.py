"""The seams of the engine. A new backend, a new system or a fake can be written from this page alone.

Threads: the engine's thread is the program's main thread, and it alone calls the methods below. Whoever has news from
another thread, or from a signal handler, calls ``post``, which never blocks and may be called from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reloader.core.changes import FileStat
from reloader.core.events import Posted
from reloader.core.filesystems import Mount
from reloader.core.notices import KeyChange, Notice
from reloader.core.paths.filters import DirectoryFacts
from reloader.core.paths.walk import ListedDirectory
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import Settings
from reloader.core.tasks import ReadyPolicy

Post = Callable[[Posted], None]


class Clock(Protocol):
    """Seconds on a clock that never goes back."""

    def __call__(self) -> float: ...


class Disk(Protocol):
    """Looks at the disk. Nothing here raises for a path that is missing or that may not be read."""

    def stat(self, path: str) -> FileStat:
        """What ``stat`` says now, symlinks followed. MISSING if there is nothing, or a link to nothing."""

    def is_unchanged(self, path: str, known: FileStat) -> bool:
        """Whether ``path`` looks as it did when it had ``stamp``. Quicker than a stamp, for those who ask thousands of times."""

    def digest(self, path: str) -> tuple[FileStat, int] | None:
        """The stamp and a digest of the content, both of the same moment, or None if it could not be read."""

    def list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        """Names in ``directory``, each with whether it is a directory (links followed) and whether it is a link."""

    def directory_facts(self, directory: str) -> DirectoryFacts:
        """What in ``directory`` matters to the filter."""

    def real_path(self, path: str) -> str:
        """``path`` with all symlinks resolved; ``path`` itself if it is missing."""

    def now_ns(self) -> int:
        """The present in nanoseconds, on the clock by which stamps are made."""

    def links_along(self, path: str) -> Sequence[str]:
        """Each symlink that is followed when ``path`` is opened, by its own path."""


class Mounts(Protocol):
    """Knows the file systems."""

    def of(self, path: str) -> Mount | None:
        """The file system that ``path`` lies on, symlinks followed, or None if the system does not say."""

    def below(self, directory: str) -> Sequence[Mount]:
        """What is mounted within ``directory``."""


class Watcher(Protocol):
    """A backend: says that something happened at a path, and is believed only as a hint."""

    @property
    def name(self) -> str:
        """``stat``, ``watchdog`` or ``watchman``."""

    @property
    def covers_files(self) -> bool:
        """Whether it also watches files outside the roots; otherwise they are polled."""

    @property
    def mechanism(self) -> str:
        """What it stands on, for the user: ``inotify``, ``FSEvents``, ``a scan every second``."""

    def start(self, watch_set: WatchSet) -> Sequence[ListedDirectory] | None:
        """Begin to post hints. From the return on, nothing that happens in ``watch_set`` goes unreported.

        Returns the directories that it has walked, each listed after it was watched, so that nobody has to walk them again; None
        if it has not. Called before the baseline is taken. Raises BackendUnavailable if it cannot work at all.
        """

    def watch(self, watch_set: WatchSet) -> None:
        """Watch another set from now on: the filter or the files have changed."""

    def add_files(self, paths: Sequence[str]) -> None:
        """These files of the watch set are new to it: what happens to them must be reported as well from now on."""

    def catch_up(self) -> None:
        """Post at once what happened up to now. Called just before a launch; an event backend has nothing to do."""

    def check(self) -> None:
        """Called now and then: post WatcherFailed if what it stands on has ended without a word."""

    def stop(self) -> None:
        """End all threads and release what the system lent. Nothing is posted afterwards. May be called twice."""


class Child(Protocol):
    """One run. Its end is posted, or returned by the host's ``collect``, as LeaderExited or RunEnded."""

    @property
    def pid(self) -> int: ...

    def stop(self, signal: int) -> None:
        """Send ``signal`` to every process of the run. Never waits, never raises for a process that is gone."""

    def kill(self) -> None:
        """End every process of the run, also those that left its group. Never waits; may be called again."""


class ChildHost(Protocol):
    """The system's way to run a command as a unit that can be ended as a whole."""

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> Child | ChildNotLaunched:
        """Start a run. A command that cannot be started is an answer, not an exception."""

    def collect(self, now: float) -> Sequence[Posted]:
        """What has ended since the last call. Called on every turn of the loop; never waits."""

    def next_poll(self, now: float) -> float | None:
        """When ``collect`` should be called at the latest, or None if a posted Wakeup will say so."""

    def close(self) -> None:
        """Restore what was changed for the sake of the children: the terminal and its foreground program."""


class StartProbe(Protocol):
    """Begins to ask, from a thread of its own, whether what ``ready`` names in the network answers. Posts ProbePassed."""

    def __call__(self, run: int, ready: ReadyPolicy) -> Callable[[], None]:
        """The answer ends the thread. It may be called twice, never waits, and nothing is posted afterwards for long."""


class ChildNotLaunched:
    """The answer of a host that could not start a command: the shells' exit code (126, 127) and why."""

    __slots__ = ("exit_code", "why")

    def __init__(self, exit_code: int, why: str) -> None:
        self.exit_code = exit_code
        self.why = why


class ReportPipe(Protocol):
    """The way by which the agents in the child's processes report: lines, in the order in which they were written."""

    @property
    def address(self) -> str:
        """``PATH:INODE``: what an agent opens to write to it, and by what it knows that it is still the same; 0 if by its name.

        Contains no ``|``.
        """

    def start(self, receive: Callable[[bytes], None]) -> None:
        """Begin to call ``heard`` with each line, from a thread of its own."""

    def echo(self, line: bytes) -> None:
        """Put a line of our own behind all that was written so far."""

    def close(self) -> None:
        """End the thread and remove all traces. May be called twice."""


class Link(Protocol):
    """The parent's end of the agents' reports; these are posted."""

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        """What to add to the environment of this run, given what is in it."""

    def sync(self) -> int:
        """Have a Synced posted behind all that was reported so far, with the token that is returned."""


class Reporter(Protocol):
    """Takes facts. Never raises: a user who closed the terminal must not cost a child its clean end."""

    def report(self, notice: Notice) -> None: ...


#: What a look at files has shown; equal to another one if nothing was saved in between.
Fingerprint = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReloadedConfig:
    """Another configuration than the one that is in force: in what it differs, and who is to be told from then on."""

    settings: Settings
    changes: tuple[KeyChange, ...]
    reporter: Reporter


class Configuration(Protocol):
    """The configuration of a session, as it is written at the moment."""

    @property
    def source(self) -> str:
        """The file, for the user."""

    @property
    def locations(self) -> Sequence[str]:
        """Where it is written, and where another file would come before it."""

    @property
    def initial_fingerprint(self) -> Fingerprint:
        """How these places looked before the plan of the session was read."""

    def fingerprint(self) -> Fingerprint:
        """How they look now."""

    def read(self) -> ReloadedConfig | None:
        """What is written now; None if that differs in no value. Raises ConfigGone, and ConfigError if it is no good."""

    def accept(self, reloaded: ReloadedConfig) -> None:
        """From now on this one is in force: what is read differs from it, or does not."""
