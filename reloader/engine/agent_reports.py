"""Handles the agent's reports: which files the running program consists of, and whether an exception ended it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from reloader.engine.files.opened_files import OpenedFiles
from reloader.engine.tasks.syntax_check import Interpreter
from reloader.interfaces import Clock, Link

#: Seconds that a run lives with its agent before files are forgotten that only earlier runs imported.
STALE_IMPORTS_TIMEOUT = 2.0
#: Seconds to wait for the first report. After that the run counts as one without an agent.
FIRST_REPORT_TIMEOUT = 1.0
#: Seconds to wait for the last reports of a run that has ended.
FINAL_REPORT_TIMEOUT = 0.5
#: Seconds within which a run must end after a reported crash to count as crashed. A program may survive a worker's crash.
CRASH_REPORT_WINDOW = 1.0
#: The exit code of Python after an uncaught exception. Launchers pass it on.
UNCAUGHT_EXCEPTION_EXIT_CODE = 1

Ended = LeaderExited | RunEnded


class AgentReports:
    """Owned by the engine's thread.

    With ``imports_only``, only imported files are watched as soon as ``command`` itself reports. Without a ``link`` there
    are no reports. ``deadline`` is the moment at which ``tick`` has something to do.
    """

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
        self._files_of_this_run: set[str] = set()
        self.opened_files = OpenedFiles(link.sync if link is not None else lambda: 0)
        self.addresses_in_use: list[Address] = []
        self.trace = ""
        self.importers: dict[str, str] = {}
        self.interpreter = Interpreter()
        self._is_attached = False
        self._forget_stale_imports_at: float | None = None
        self._report_no_agent_at: float | None = None
        self._crashed_at: float | None = None
        self._deferred_ends: list[Ended] = []
        self._awaited_token = 0
        self._release_ends_at: float | None = None
        self.deadline: float | None = None
        self.is_active = False
        self._set_interpreter("")

    def begin_run(self, run: int) -> None:
        """Expect the reports of ``run``. The imports of the last run stay watched until this one has reported."""
        self._run = run
        self._files_of_this_run = set()
        self.addresses_in_use = []
        self.trace = ""
        self.importers = {}
        self._is_attached = False
        self._forget_stale_imports_at = self._report_no_agent_at = self._crashed_at = None
        if self._link is not None and run == 1 and (self._imports_only or starts_python(self._command)):
            self._report_no_agent_at = self._clock() + FIRST_REPORT_TIMEOUT
        self._update_deadline()

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that the agent needs, to be added to the run's environment ``inherited``."""
        return {} if self._link is None else self._link.environment(self._run, inherited)

    def handle(self, report: AgentEvent) -> list[PathChange]:
        """Handle a report, and return the changes that it reveals. Late reports of another run are ignored."""
        if report.run != self._run:
            return []
        match report:
            case AgentAttached():
                self._attach(report)
                return []
            case FileImported(_, path, stat, importer):
                self.opened_files.add_import(path)
                self.importers.setdefault(path, importer)
                return self._add_read(path, stat)
            case FileOpened(_, path, stat):
                self._open(path, stat)
                return []
            case FileWritten(_, path):
                if self.opened_files.add_written(path, self._run):
                    self._files_of_this_run.discard(path)
                    self._imports.files.discard(path)
                return []
            case ModuleNotFound(_, path):
                self._watch(path)
                return self._baseline.add_missing(path)
            case AddressInUse(_, address):
                self.addresses_in_use.append(address)
                return []
            case ProgramCrashed(trace=trace):
                self._crashed_at = self._clock()
                self.trace = self.trace or trace
                return []
            case _:
                assert_never(report)

    def has_written(self, path: str) -> bool:
        """Return True if this run has reported that it writes ``path``."""
        return self.opened_files.last_writer(path) == self._run

    def handle_end(self, ended: Ended) -> list[Ended]:
        """Return ``ended``, or nothing if reports that the run wrote before may still arrive. Then the end is deferred."""
        if self._link is None or ended.run != self._run:
            return [ended]
        self._forget_stale_imports_at = self._report_no_agent_at = None  # a run that has ended forgets nothing
        self._deferred_ends.append(ended)
        self._awaited_token = self._link.sync()
        self._release_ends_at = self._clock() + FINAL_REPORT_TIMEOUT
        self._update_deadline()
        return []

    def handle_sync(self, synced: ReportsSynced) -> list[Ended]:
        """Return the ends that were deferred until the reports up to ``synced`` have arrived."""
        return self._release_ends() if synced.token == self._awaited_token else []

    def tick(self, now: float) -> list[Ended]:
        """Do what is due: forget stale imports, report that there is no agent, return deferred ends."""
        if self._forget_stale_imports_at is not None and now >= self._forget_stale_imports_at:
            self._forget_stale_imports_at = None
            self._imports.files.intersection_update(self._files_of_this_run)
        if self._report_no_agent_at is not None and now >= self._report_no_agent_at:
            self._report_no_agent_at = None
            self._report(Note(self._no_agent_message()))
        self._update_deadline()
        if self._release_ends_at is not None and now >= self._release_ends_at:
            return self._release_ends()
        return []

    def _update_deadline(self) -> None:
        moments = (self._release_ends_at, self._report_no_agent_at, self._forget_stale_imports_at)
        self.deadline = min((moment for moment in moments if moment is not None), default=None)
        self.is_active = self.deadline is not None

    # The agent

    def _attach(self, report: AgentAttached) -> None:
        self._report_no_agent_at = None
        if not self._is_attached:
            self._is_attached = True
            self._forget_stale_imports_at = self._clock() + STALE_IMPORTS_TIMEOUT
            self._set_interpreter(report.interpreter)
        if self._imports_only and self._is_command(report):
            self._imports.imports_only = True
        self._update_deadline()

    def _set_interpreter(self, reported: str) -> None:
        """Set the program's Python: the ``reported`` one, or else the command if it is one."""
        self.interpreter.is_used = bool(reported) or is_python(self._command)
        self.interpreter.command = next(filter(is_python, (reported, self._command)), "")

    def _is_command(self, report: AgentAttached) -> bool:
        """Return False for a Python helper of a command in another language: no agent reports what that command reads."""
        return (
            report.is_leader
            or starts_python(self._command)
            or program_name(report.program) == program_name(self._command)
        )

    def _no_agent_message(self) -> str:
        watched = "its patterns"
        if self._imports_only:
            watched = (
                "all Python files of the project" if self._imports.python_sources_only else "all files of the project"
            )
        return (
            "the command does not report what it imports (only Python does, and not with -I, -S or -E), "
            f"so {watched} are watched"
        )

    # Ends

    def _release_ends(self) -> list[Ended]:
        ends, self._deferred_ends, self._release_ends_at = self._deferred_ends, [], None
        self._update_deadline()
        return [self._with_crash(ended) for ended in ends]

    def _with_crash(self, ended: Ended) -> Ended:
        has_crashed = self._crashed_at is not None and self._clock() - self._crashed_at < CRASH_REPORT_WINDOW
        outcome = ended.outcome
        if has_crashed and isinstance(outcome, Exited) and outcome.code == UNCAUGHT_EXCEPTION_EXIT_CODE:
            return replace(ended, outcome=replace(outcome, uncaught_exception=True))
        return ended

    # Files

    def _add_read(self, path: str, stat: FileStat) -> list[PathChange]:
        """Watch ``path``, and return its change since the first process of this run read it."""
        is_known = path in self._files_of_this_run
        self._watch(path)
        self._baseline.launch_snapshot.note_read(path)
        return self._baseline.examine([path]) if is_known else self._baseline.add_read(path, stat)

    def _watch(self, path: str) -> None:
        """Watch ``path`` from now on. The watch must be added before the file is compared, so that no change is lost."""
        self._files_of_this_run.add(path)
        if path not in self._imports.files:
            self._imports.files.add(path)
            self._backends.add_files([path])

    def _open(self, path: str, stat: FileStat) -> None:
        if self.opened_files.last_writer(path) is not None:
            return
        if path not in self._imports.files:
            self.opened_files.add_read(path)
        self.opened_files.defer_changes(self._add_read(path, stat))
