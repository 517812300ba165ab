"""What the running program tells of itself: which files it is made of, and whether an exception ended it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from reloader.core.changes import PathChange
from reloader.core.events import AgentAttached, ChildEnded, FileImported, LeaderEnded, ModuleMissed, ProgramCrashed, Synced
from reloader.core.outcome import Exited
from reloader.core.watchset import Imports
from reloader.engine.baseline import Baseline
from reloader.engine.watching import Watching
from reloader.ports import Clock, Link

#: Seconds that a run has to live with its agent until what only the run before it imported is forgotten.
SETTLED = 2.0
#: A crash belongs to an end that follows it within so many seconds; a worker's crash that the program survived does not.
CRASH_COUNTS = 1.0
#: Seconds to wait for the last reports of a program that has ended.
LAST_WORDS = 0.5

Ended = LeaderEnded | ChildEnded


class Program:
    """Owned by the engine's thread. ``narrows`` says that, once an agent reports, only what was imported counts."""

    def __init__(
        self, imports: Imports, baseline: Baseline, watching: Watching, clock: Clock, link: Link | None, *, narrows: bool
    ) -> None:
        self._imports = imports
        self._baseline = baseline
        self._watching = watching
        self._clock = clock
        self._link = link
        self._narrows = narrows
        self._run = 0
        self._of_this_run: set[str] = set()
        self._attached_at: float | None = None
        self._crashed_at: float | None = None
        self._has_ended = False  # a run that ended may not have come to all of its imports
        self._held: list[Ended] = []
        self._awaited = 0
        self._release_at: float | None = None

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        """What a new run is to be given. What the run before it imported stays watched until the new one has reported."""
        self._run = run
        self._of_this_run = set()
        self._attached_at = self._crashed_at = None
        self._has_ended = False
        return self._link.environment(run, inherited) if self._link is not None else {}

    @property
    def has_agent(self) -> bool:
        return self._attached_at is not None

    @property
    def deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        if self._release_at is not None:
            return self._release_at
        if self._attached_at is not None and not self._has_ended and len(self._of_this_run) < len(self._imports.files):
            return self._attached_at + SETTLED
        return None

    def hear(self, report: AgentAttached | FileImported | ModuleMissed | ProgramCrashed) -> list[PathChange]:
        """Take a report in, and return what it shows to have changed since. Reports of another run are late, and ignored."""
        if report.run != self._run:
            return []
        match report:
            case AgentAttached():
                self._attached_at = self._attached_at or self._clock()
                self._imports.alone = self._imports.alone or self._narrows
                return []
            case FileImported(_, path, stamp):
                self._count([path])
                return self._baseline.learn(path, stamp)
            case ModuleMissed(_, stem):
                places = [stem + ".py", os.path.join(stem, "__init__.py")]
                self._count(places)
                return [change for place in places for change in self._baseline.expect(place)]
            case ProgramCrashed():
                self._crashed_at = self._clock()
                return []

    def hold(self, ended: Ended) -> bool:
        """Whether to keep news of an end back until the last reports, which were written before it, are read."""
        if ended.run != self._run:
            return False
        self._has_ended = True
        if self._link is None or self._attached_at is None:
            return False
        self._held.append(ended)
        self._awaited = self._link.sync()
        self._release_at = self._clock() + LAST_WORDS
        return True

    def synced(self, news: Synced) -> list[Ended]:
        return self._released() if news.token == self._awaited else []

    def tick(self, now: float) -> list[Ended]:
        """Do what has become due: let go what was held in vain, forget what is imported no more."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return []
        if self._release_at is not None:
            return self._released()
        self._imports.files.intersection_update(self._of_this_run)
        return []

    def _released(self) -> list[Ended]:
        held, self._held, self._release_at = self._held, [], None
        return [self._with_crash(ended) for ended in held]

    def _with_crash(self, ended: Ended) -> Ended:
        has_crashed = self._crashed_at is not None and self._clock() - self._crashed_at < CRASH_COUNTS
        if has_crashed and isinstance(ended.outcome, Exited):
            return replace(ended, outcome=replace(ended.outcome, crashed=True))
        return ended

    def _count(self, paths: list[str]) -> None:
        self._of_this_run.update(paths)
        new = [path for path in paths if path not in self._imports.files]
        if new:
            self._imports.files.update(new)
            self._watching.add_files(new)
