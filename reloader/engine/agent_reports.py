"""What the running program tells of itself: which files it is made of, and whether an exception ended it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from typing_extensions import assert_never

from reloader.core.addresses import Address
from reloader.core.changes import FileStat, PathChange
from reloader.core.events import (
    AddressInUse,
    AgentAttached,
    AgentEvent,
    FileImported,
    FileOpened,
    FileWritten,
    LeaderExited,
    ModuleNotFound,
    PathsChanged,
    ProgramCrashed,
    ReportsSynced,
    RunEnded,
)
from reloader.core.notices import Note
from reloader.core.outcome import Exited
from reloader.core.paths.watch_set import Imports
from reloader.core.python_names import is_python, program_name, starts_python
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.interfaces import Clock, Link


class OpenedFiles:
    """Owned by the engine's thread. ``ask`` has a Synced event posted behind all reports so far, and returns its token."""

    def __init__(self, ask: Callable[[], int]) -> None:
        self._ask = ask
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._changes: dict[int, Sequence[PathChange]] = {}
        self._hints: dict[int, PathsChanged] = {}

    def is_written(self, path: str) -> bool:
        """Whether the program has ever written it, in this run or an earlier one."""
        return path in self._written

    def read(self, path: str) -> None:
        """It counts only because it is read."""
        self._read.add(path)

    def imported(self, path: str) -> None:
        """It counts as a module, whoever writes it."""
        self._read.discard(path)

    def wrote(self, path: str) -> bool:
        """Whether the file, which has counted so far, counts no more."""
        self._written.add(path)
        was_read = path in self._read
        self._read.discard(path)
        return was_read

    def doubt(self, changes: Sequence[PathChange]) -> None:
        """Keep changes until it is known who made them."""
        if changes:
            self._changes[self._ask()] = changes

    def certain(self, hints: PathsChanged) -> PathsChanged:
        """``hints`` without those that are kept until it is known whose doing they are about."""
        doubtful = tuple(path for path in hints.paths if path in self._read)
        if not doubtful:
            return hints
        self._hints[self._ask()] = replace(hints, paths=doubtful)
        return replace(hints, paths=tuple(path for path in hints.paths if path not in self._read))

    def settled(self, answer: ReportsSynced) -> tuple[list[PathChange], PathsChanged]:
        """What was kept and is certain now: changes by somebody else, and hints to look after."""
        changes = [change for change in self._changes.pop(answer.token, ()) if change.path not in self._written]
        return changes, self._hints.pop(answer.token, PathsChanged(()))


#: Seconds that a run has to live with its agent until what only the run before it imported is forgotten.
SETTLED = 2.0
#: Seconds after which a run whose agent is silent has none.
SILENT = 1.0
#: A crash belongs to an end that follows it within so many seconds; a worker's crash that the program survived does not.
CRASH_COUNTS = 1.0
#: The exit code of a Python that an uncaught exception ended, which launchers hand on.
CRASHED = 1
#: Seconds to wait for the last reports of a program that has ended.
LAST_WORDS = 0.5

Ended = LeaderExited | RunEnded


class AgentReports:
    """Owned by the engine's thread. ``imports_only`` says that, once ``command`` reports, only what was imported counts."""

    is_active = True

    def __init__(
        self,
        imports: Imports,
        baseline: Baseline,
        backends: BackendSet,
        clock: Clock,
        link: Link | None,
        *,
        imports_only: bool,
        command: str = "",
        report: Callable[[Note], None] = lambda note: None,
    ) -> None:
        self._imports = imports
        self._baseline = baseline
        self._backends = backends
        self._clock = clock
        self._link = link
        self._imports_only = imports_only
        self._command = command
        self._report = report
        self._run = 0
        self._of_this_run: set[str] = set()
        self._written_by_this_run: set[str] = set()
        self.addresses_in_use: list[Address] = []
        self.trace = ""
        self.importers: dict[str, str] = {}
        self.interpreter = ""
        self._opened = OpenedFiles(link.sync if link is not None else lambda: 0)  # without a link, nothing is reported
        self._has_agent = False
        self._settled_at: float | None = None
        self._silent_at: float | None = None
        self._crashed_at: float | None = None
        self._pending: list[Ended] = []
        self._awaited = 0
        self._release_at: float | None = None

    def begin_run(self, run: int) -> None:
        """Expect the reports of ``run``. What the last run imported stays watched until this one has reported."""
        self._run = run
        self._of_this_run = set()
        self._written_by_this_run = set()
        self.addresses_in_use = []
        self.trace = ""
        self.importers = {}
        self._has_agent = False
        self._settled_at = self._silent_at = self._crashed_at = None
        if self._link is not None and run == 1 and (self._imports_only or starts_python(self._command)):
            self._silent_at = self._clock() + SILENT

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return what the run's environment needs for the agent, given what is in it."""
        return {} if self._link is None else self._link.environment(self._run, inherited)

    @property
    def deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        moments = (self._release_at, self._silent_at, self._settled_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def handle(self, report: AgentEvent) -> list[PathChange]:
        """Take a report in, and return what it shows to have changed since. Reports of another run are late, and ignored."""
        if report.run != self._run:
            return []
        match report:
            case AgentAttached():
                self._attached(report)
                return []
            case FileImported(_, path, stamp, importer):
                self._opened.imported(path)
                self.importers.setdefault(path, importer)
                return self._read(path, stamp)
            case FileOpened(_, path, stamp):
                self._open(path, stamp)
                return []
            case FileWritten(_, path):
                self._written_by_this_run.add(path)
                if self._opened.wrote(path):
                    self._of_this_run.discard(path)
                    self._imports.files.discard(path)
                return []
            case ModuleNotFound(_, place):
                self._count(place)
                return self._baseline.expect(place)
            case AddressInUse(_, address):
                self.addresses_in_use.append(address)
                return []
            case ProgramCrashed(trace=trace):
                self._crashed_at = self._clock()
                self.trace = self.trace or trace
                return []
            case _:
                assert_never(report)

    def is_python(self) -> bool:
        """Return True if the program is known to be one of Python."""
        return bool(self.interpreter) or is_python(self._command)

    def find_interpreter(self) -> str:
        """Return the program's Python: the reported one, or else the command if it is one; empty if none is known."""
        return next(filter(is_python, (self.interpreter, self._command)), "")

    def has_written(self, path: str) -> bool:
        """Whether this run has reported that it writes ``path``."""
        return path in self._written_by_this_run

    def handle_end(self, ended: Ended) -> list[Ended]:
        """Return the end to act on: none, as long as reports that were written before it may be under way."""
        if self._link is None or ended.run != self._run:
            return [ended]
        self._settled_at = self._silent_at = None  # a run that has ended forgets nothing
        self._pending.append(ended)
        self._awaited = self._link.sync()
        self._release_at = self._clock() + LAST_WORDS
        return []

    def certain(self, hints: PathsChanged) -> PathsChanged:
        """``hints`` without those about what the program may have written itself: they come back by ``settled``."""
        return self._opened.certain(hints)

    def settled(self, answer: ReportsSynced) -> tuple[list[PathChange], PathsChanged]:
        """Changes and hints that were kept until it is known whether the program itself is behind them."""
        return self._opened.settled(answer)

    def handle_sync(self, synced: ReportsSynced) -> list[Ended]:
        """Return the ends that waited for the reports up to ``synced``."""
        return self._released() if synced.token == self._awaited else []

    def tick(self, now: float) -> list[Ended]:
        """Do what is due: release ends, forget what is no longer imported, report that the agent is silent."""
        if self._settled_at is not None and now >= self._settled_at:
            self._settled_at = None
            self._imports.files.intersection_update(self._of_this_run)
        if self._silent_at is not None and now >= self._silent_at:
            self._silent_at = None
            self._report(Note(self._why_silent()))
        if self._release_at is not None and now >= self._release_at:
            return self._released()
        return []

    def _attached(self, report: AgentAttached) -> None:
        self._silent_at = None
        if not self._has_agent:
            self._has_agent = True
            self._settled_at = self._clock() + SETTLED
            self.interpreter = report.interpreter
        if self._imports_only and self._is_the_command(report):
            self._imports.imports_only = True

    def _is_the_command(self, report: AgentAttached) -> bool:
        """Not a helper in Python of a command that is none: what else that one reads, no agent reports."""
        return (
            report.is_leader
            or starts_python(self._command)
            or program_name(report.program) == program_name(self._command)
        )

    def _why_silent(self) -> str:
        is_watched = "its patterns"
        if self._imports_only:
            is_watched = (
                "all Python files of the project" if self._imports.python_sources_only else "all files of the project"
            )
        return (
            "the command does not report what it imports (only Python does, and not with -I, -S or -E), "
            f"so {is_watched} are watched"
        )

    def _released(self) -> list[Ended]:
        pending, self._pending, self._release_at = self._pending, [], None
        return [self._with_crash(ended) for ended in pending]

    def _with_crash(self, ended: Ended) -> Ended:
        has_crashed = self._crashed_at is not None and self._clock() - self._crashed_at < CRASH_COUNTS
        if has_crashed and isinstance(ended.outcome, Exited) and ended.outcome.code == CRASHED:
            return replace(ended, outcome=replace(ended.outcome, uncaught_exception=True))
        return ended

    def _read(self, path: str, stamp: FileStat) -> list[PathChange]:
        """What changed since a process of this run has read ``path``, if another one of it did so before: since that one."""
        is_known = path in self._of_this_run
        self._count(path)
        self._baseline.launch_snapshot.reads(path)
        return self._baseline.examine([path]) if is_known else self._baseline.learn(path, stamp)

    def _count(self, path: str) -> None:
        """From now on ``path`` counts. Watched before it is looked at, so that nothing falls in between."""
        self._of_this_run.add(path)
        if path not in self._imports.files:
            self._imports.files.add(path)
            self._backends.add_files([path])

    def _open(self, path: str, stamp: FileStat) -> None:
        if self._opened.is_written(path):
            return
        if path not in self._imports.files:
            self._opened.read(path)
        self._opened.doubt(self._read(path, stamp))
