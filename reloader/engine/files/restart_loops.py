"""Keeps a program that writes a watched file from restarting itself forever."""

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
    """Owned by the engine's thread; lives as long as the session, so its findings hold in every engine.

    ``has_written`` returns True if the present run has reported that it writes a file. ``seconds_since`` returns the age of
    the file's last write by its own time, since polling backends see a write late, and not always equally late.
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
        self._trial_ends_at = 0.0
        self._cleared_suspects: set[str] = set()

    @property
    def suspects(self) -> Iterable[str]:
        """The files of the present trial."""
        return self._trial.suspects if self._trial is not None else ()

    def without_suspended(self, changes: list[PathChange]) -> list[PathChange]:
        """Return ``changes`` without those of suspended files, and note when each file first changed in this run."""
        remaining = [change for change in changes if change.path not in self._loops.suspended]
        now = self._clock()
        for change in remaining:
            if change.path not in self._changed_at:
                self._changed_at[change.path] = self._changed_moment(change.path, now)
        if self._trial is not None:
            self._cleared_suspects |= self._trial.suspects.intersection(change.path for change in remaining)
        return remaining

    def needed_trial(self, reason: Reason) -> Trial | None:
        """Return the trial that must come before a launch for ``reason``, or None; None also after the trial itself."""
        if self._trial is not None or not isinstance(reason, FilesChanged):
            return None
        return self._loops.trial_before(self._restart(self._clock(), reason.batch.kinds))

    def begin_trial(self, trial: Trial) -> None:
        """Begin ``trial``. Nothing runs, so any change of a suspect until its end is not the program's doing."""
        self._trial = trial
        self._trial_ends_at = self._clock() + trial.seconds
        names = ", ".join(sorted(map(os.path.basename, trial.suspects)))
        self._reporter.report(
            Note(f"waiting {trial.seconds:.1f} s before the restart, to find out if another program writes {names}")
        )

    def handle_launch(self, reason: Reason) -> None:
        """Count the restart. The last run has ended and the next is about to start."""
        now = self._clock()
        if self._trial is not None and now < self._trial_ends_at:
            self._cleared_suspects |= self._trial.suspects  # another file has cut the trial short: it proves nothing
        if isinstance(reason, FilesChanged):
            before = self._loops
            self._loops = before.with_restart(self._restart(now, reason.batch.kinds))
            self._report_suspended(self._loops.suspended - before.suspended, now - self._loops.restarts[0].moment)
        self._launched_at = now
        self._changed_at.clear()
        self._trial = None
        self._cleared_suspects.clear()

    def reset(self) -> None:
        """Watch every file again: the user has requested a restart."""
        self._loops = self._loops.reset()

    def note_external_activity(self) -> None:
        """Note that a client has waited for this run. Such a client may save as regularly as a program does."""
        self._loops = self._loops.note_external_activity()

    def _restart(self, now: float, paths: Iterable[str]) -> FileRestart:
        return FileRestart(now, {path: self._age(path, now) for path in paths if path not in self._cleared_suspects})

    def _changed_moment(self, path: str, now: float) -> float:
        """Return when ``path`` changed, or ``now`` if the file's own time lies outside the present run."""
        moment = now - self._seconds_since(path)
        return moment if self._launched_at <= moment <= now else now

    def _age(self, path: str, now: float) -> float | None:
        """Return the age of the run in seconds when ``path`` changed, or None if the run has reported that it writes it."""
        return None if self._has_written(path) else self._changed_at.get(path, now) - self._launched_at

    def _report_suspended(self, suspended: frozenset[str], within: float) -> None:
        if suspended:
            paths = tuple(sorted(suspended))
            self._reporter.report(
                RestartLoopSuspended(paths, len(self._loops.restarts), within, self._ignore_patterns(paths))
            )

    def _ignore_patterns(self, paths: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the ignore patterns with ``paths`` added. None if all are explicit files, which no pattern ignores."""
        added = [
            ignore_pattern(path, self._settings.base, os.sep)
            for path in paths
            if path not in self._settings.extra_files
        ]
        return (*(rule.pattern for rule in self._settings.ignore), *added) if added else None
