"""The interfaces of the engine. A new backend, a new system or a fake can be written from this page alone.

Threads: the engine runs on the main thread, and only it calls the methods below. Another thread, or a signal handler, posts an
event by ``post``, which never blocks and may be called from anywhere.
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
    """Returns the seconds of a monotonic clock."""

    def __call__(self) -> float: ...


class Disk(Protocol):
    """Reads the disk. No method raises for a path that is missing or must not be read."""

    def stat(self, path: str) -> FileStat:
        """Return the current state of ``path``, symlinks followed. MISSING for a missing path and a broken link."""

    def is_unchanged(self, path: str, known: FileStat) -> bool:
        """Return True if ``path`` still has the stat ``known``. Faster than ``stat``, for thousands of paths."""

    def digest(self, path: str) -> tuple[FileStat, int] | None:
        """Return the stat and a digest of the content, both of the same moment, or None if it could not be read."""

    def list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        """Return the names in ``directory``, each with True for a directory (links followed), and True for a link."""

    def directory_facts(self, directory: str) -> DirectoryFacts:
        """Return the contents of ``directory`` that matter to the filter."""

    def real_path(self, path: str) -> str:
        """Return ``path`` with all symlinks resolved; ``path`` itself if it is missing."""

    def now_ns(self) -> int:
        """Return the current time in nanoseconds, on the clock of file times."""

    def links_along(self, path: str) -> Sequence[str]:
        """Return each symlink that is followed when ``path`` is opened, by its own path."""


class Mounts(Protocol):
    """The mounted file systems."""

    def of(self, path: str) -> Mount | None:
        """Return the file system that contains ``path``, symlinks followed, or None if the system does not say."""

    def below(self, directory: str) -> Sequence[Mount]:
        """Return the mounts below ``directory``."""


class Watcher(Protocol):
    """A backend: posts that something happened at a path. The engine treats this as a hint only."""

    @property
    def name(self) -> str:
        """``stat``, ``watchdog`` or ``watchman``."""

    @property
    def covers_files(self) -> bool:
        """True if it also watches files outside the roots; otherwise they are polled."""

    @property
    def mechanism(self) -> str:
        """The mechanism it uses, for the user: ``inotify``, ``FSEvents``, ``a scan every second``."""

    def start(self, watch_set: WatchSet) -> Sequence[ListedDirectory] | None:
        """Begin to post hints. After the return everything that happens in ``watch_set`` is reported.

        Return the directories that it has walked, each listed after its watch was added, so that they need not be walked again.
        Return None if it has walked none. Called before the baseline is taken. Raise BackendUnavailable if it cannot work at all.
        """

    def watch(self, watch_set: WatchSet) -> None:
        """Watch another set from now on: the filter or the files have changed."""

    def add_files(self, paths: Sequence[str]) -> None:
        """Report changes of these files as well from now on: they were added to the watch set."""

    def catch_up(self) -> None:
        """Post everything that happened up to now. Called just before a launch; an event backend has nothing to do."""

    def check(self) -> None:
        """Post WatcherFailed if the mechanism has stopped without an error. Called at intervals."""

    def stop(self) -> None:
        """End all threads and release all resources. Nothing is posted afterwards. May be called twice."""


class Child(Protocol):
    """One run. Its end is posted, or returned by the host's ``collect``, as LeaderExited or RunEnded."""

    @property
    def pid(self) -> int: ...

    def stop(self, signal: int) -> None:
        """Send ``signal`` to every process of the run. Never waits, never raises for a process that has exited."""

    def kill(self) -> None:
        """Kill every process of the run, also those that left its group. Never waits; may be called again."""


class ChildHost(Protocol):
    """The system's way to run a command as a unit that can be stopped as a whole."""

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> Child | ChildNotLaunched:
        """Start a run. Return ChildNotLaunched, without an exception, if the command cannot be started."""

    def collect(self, now: float) -> Sequence[Posted]:
        """Return the ends since the last call. Called on every turn of the loop; never waits."""

    def next_poll(self, now: float) -> float | None:
        """Return when ``collect`` must be called at the latest, or None if a Wakeup is posted for it."""

    def close(self) -> None:
        """Restore what was changed for the children: the terminal and its foreground program."""


class StartProbe(Protocol):
    """Probes the network endpoints of ``ready`` from a thread of its own, and posts ProbePassed."""

    def __call__(self, run: int, ready: ReadyPolicy) -> Callable[[], None]:
        """Start the probes, and return a function that ends the thread.

        It may be called twice and never waits; one event may still be posted shortly after it.
        """


class ChildNotLaunched:
    """The result of a launch that failed: the shells' exit code (126, 127) and why."""

    __slots__ = ("exit_code", "why")

    def __init__(self, exit_code: int, why: str) -> None:
        self.exit_code = exit_code
        self.why = why


class ReportPipe(Protocol):
    """The pipe by which the agents in the child's processes report: lines, in the order in which they were written."""

    @property
    def address(self) -> str:
        """``PATH:INODE``, without ``|``: the path that an agent opens, and the inode by which it knows the pipe again.

        The inode is 0 where the name is enough.
        """

    def start(self, receive: Callable[[bytes], None]) -> None:
        """Begin to call ``receive`` with each line, from a thread of its own."""

    def echo(self, line: bytes) -> None:
        """Write a line after everything that was written before."""

    def close(self) -> None:
        """End the thread and remove the pipe. May be called twice."""


class Link(Protocol):
    """The receiving end of the agents' reports, which it posts."""

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the variables to add to the environment of this run, given those in it."""

    def sync(self) -> int:
        """Have ReportsSynced posted after everything that was reported before. Return its token."""


class Reporter(Protocol):
    """Receives notices. Never raises: a closed terminal must not keep a child from its clean end."""

    def report(self, notice: Notice) -> None: ...


#: The state of the config files; equal to another one if nothing was saved in between.
Fingerprint = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ReloadedConfig:
    """A configuration that differs from the one in force: its changes, and the reporter to use from then on."""

    settings: Settings
    changes: tuple[KeyChange, ...]
    reporter: Reporter


class Configuration(Protocol):
    """The configuration of a session, as it is written now."""

    @property
    def source(self) -> str:
        """The name of the config file, for the user."""

    @property
    def locations(self) -> Sequence[str]:
        """The paths of the config file, and of files that would override it."""

    @property
    def initial_fingerprint(self) -> Fingerprint:
        """The fingerprint from before the session's settings were read."""

    def fingerprint(self) -> Fingerprint:
        """Return the current fingerprint of ``locations``."""

    def read(self) -> ReloadedConfig | None:
        """Return the current configuration, or None if no value differs.

        Raise ConfigFileMissing if the file was removed, ConfigError if it is invalid.
        """

    def accept(self, reloaded: ReloadedConfig) -> None:
        """Put ``reloaded`` in force: later reads are compared with it."""
