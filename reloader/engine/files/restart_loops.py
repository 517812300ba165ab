"""Keeps a program that writes a file which counts from restarting itself for ever."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from reloader.core.changes import PathChange
from reloader.core.notices import Note, RestartLoopSuspended
from reloader.core.paths.ignores import ignore_pattern
from reloader.core.restart_loops import FileRestart, RestartLoops, Trial
from reloader.core.settings import WatchSettings
from reloader.core.states import FilesChanged, Reason
from reloader.interfaces import Clock, Reporter


class RestartLoopGuard:
    """Owned by the engine's thread.

    ``has_written`` says whether the present run has reported that it writes a file, ``seconds_since`` how long ago the file
    was written, by its own time: backends that look now and then see that late, and not always equally late. The guard lives
    as long as the session, so that what it has found out holds in the engine for other settings as well.
    """

    def __init__(
        self,
        settings: WatchSettings,
        clock: Clock,
        reporter: Reporter,
        *,
        has_written: Callable[[str], bool] = lambda path: False,
        seconds_since: Callable[[str], float] = lambda path: 0.0,
    ) -> None:
        self._clock = clock
        self._reporter = reporter
        self._loops = RestartLoops()
        self.continue_with(settings, has_written=has_written, seconds_since=seconds_since)

    def continue_with(
        self, settings: WatchSettings, *, has_written: Callable[[str], bool], seconds_since: Callable[[str], float]
    ) -> None:
        """Serve the next engine: keep the known restarts and suspended files, and forget the run before."""
        self._settings = settings
        self._has_written = has_written
        self._seconds_since = seconds_since
        self._launched_at = 0.0
        self._changed_at: dict[str, float] = {}
        self._trial: Trial | None = None
        self._trial_ends = 0.0
        self._written_externally: set[str] = set()

    @property
    def suspects(self) -> Iterable[str]:
        """The files whose writer is being found out."""
        return self._trial.suspects if self._trial is not None else ()

    def without_suspended(self, changes: list[PathChange]) -> list[PathChange]:
        """``changes`` without those of suspended files. When the others came first is remembered."""
        without_suspended = [change for change in changes if change.path not in self._loops.suspended]
        now = self._clock()
        for change in without_suspended:
            if change.path not in self._changed_at:
                self._changed_at[change.path] = self._moment_of(change.path, now)
        if self._trial is not None:
            self._written_externally |= self._trial.suspects.intersection(change.path for change in without_suspended)
        return without_suspended

    def needed_trial(self, reason: Reason) -> Trial | None:
        """What is to be found out before a launch for this ``reason``, unless that is what has just been done."""
        if self._trial is not None or not isinstance(reason, FilesChanged):
            return None
        return self._loops.trial_before(self._restart(self._clock(), reason.batch.kinds))

    def begin_trial(self, trial: Trial) -> None:
        """Nothing runs, and what the last run has written is known: who changes a suspect from now on is somebody else."""
        self._trial = trial
        self._trial_ends = self._clock() + trial.seconds
        names = ", ".join(sorted(map(os.path.basename, trial.suspects)))
        self._reporter.report(
            Note(f"nothing runs for {trial.seconds:.1f} s, to see whether somebody else writes {names}")
        )

    def handle_launch(self, reason: Reason) -> None:
        """Count the restart: the next run is about to start, and the last one is over."""
        now = self._clock()
        if self._trial is not None and now < self._trial_ends:
            self._written_externally |= self._trial.suspects  # another file has cut the trial short: it proves nothing
        if isinstance(reason, FilesChanged):
            before = self._loops
            self._loops = before.with_restart(self._restart(now, reason.batch.kinds))
            self._tell_of(self._loops.suspended - before.suspended, now - self._loops.restarts[0].moment)
        self._launched_at = now
        self._changed_at.clear()
        self._trial = None
        self._written_externally.clear()

    def reset(self) -> None:
        """Let every file count again: the user has asked for a restart."""
        self._loops = self._loops.reset()

    def note_external_activity(self) -> None:
        """Note that a client has waited for this run. It may save as evenly as a program does."""
        self._loops = self._loops.note_external_activity()

    def _restart(self, now: float, paths: Iterable[str]) -> FileRestart:
        return FileRestart(now, {path: self._age(path, now) for path in paths if path not in self._written_externally})

    def _moment_of(self, path: str, now: float) -> float:
        """When ``path`` changed, which was seen ``now``. A time that cannot be, as of an older file, says nothing."""
        moment = now - self._seconds_since(path)
        return moment if self._launched_at <= moment <= now else now

    def _age(self, path: str, now: float) -> float | None:
        """How old the run was when ``path`` changed, or None if it has said that it writes it."""
        return None if self._has_written(path) else self._changed_at.get(path, now) - self._launched_at

    def _tell_of(self, suspended: frozenset[str], within: float) -> None:
        if suspended:
            paths = tuple(sorted(suspended))
            self._reporter.report(RestartLoopSuspended(paths, len(self._loops.restarts), within, self._ignore(paths)))

    def _ignore(self, paths: tuple[str, ...]) -> tuple[str, ...] | None:
        """What is ignored already, and ``paths``. Files that are named one by one count whatever a pattern says."""
        added = [
            ignore_pattern(path, self._settings.base, os.sep)
            for path in paths
            if path not in self._settings.extra_files
        ]
        return (*(rule.pattern for rule in self._settings.ignore), *added) if added else None
