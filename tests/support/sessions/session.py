"""A session with real files, a real backend and the real engine; only the child is a fake that ends when it is asked to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import Self

from reloader.app.file_tracking import FileTracking, track_files
from reloader.core.changes import ChangeBatch
from reloader.core.choices import BackendName
from reloader.core.debounce import DebouncePolicy
from reloader.core.events import Posted, RunEnded
from reloader.core.notices import Changed, Launched, Notice
from reloader.core.outcome import Signalled
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.settings import LaunchSettings, Settings, WatchSettings
from reloader.engine.components import Components
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.handler import ControlHandler, WaitingClients
from reloader.engine.control.journal import RunJournal
from reloader.engine.files.rescan import MAX_EVENT_DELAY, RESCAN_PERIOD
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.inbox import Inbox
from reloader.engine.loop import Engine
from reloader.engine.pause import Pause
from reloader.engine.port_conflicts import PortConflicts
from reloader.watchers.choose import Choice
from reloader.watchers.disk import RealDisk
from tests.support.sessions.tasks import tasks_of
from tests.support.watching.watchers import MakeWatcher, make_stat


@dataclass
class ObedientChild:
    pid: int
    is_asked: bool = False

    def stop(self, signal: int) -> None:
        self.is_asked = True

    def kill(self) -> None:
        self.is_asked = True


@dataclass
class ObedientHost:
    """Its children live until they are asked to stop, and are gone at the next look."""

    child: ObedientChild | None = None
    run: int = 0

    def launch(self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int) -> ObedientChild:
        assert self.child is None, "a second child was launched while the first lived"
        self.run, self.child = run, ObedientChild(1000 + run)
        return self.child

    def collect(self, now: float) -> Sequence[Posted]:
        if self.child is None or not self.child.is_asked:
            return ()
        self.child = None
        return (RunEnded(self.run, Signalled(15)),)

    def next_poll(self, now: float) -> float | None:
        return now if self.child is not None and self.child.is_asked else None

    def close(self) -> None:
        pass


@dataclass
class Recorder:
    notices: list[Notice] = field(default_factory=list)

    def report(self, notice: Notice) -> None:
        self.notices.append(notice)


class Session:
    """Works on the tree ``root``. ``changed_by(operation)`` is what most tests need."""

    def __init__(
        self,
        root: Path,
        make_watcher: MakeWatcher,
        *,
        watch: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        extra_files: Sequence[Path] = (),
        debounce: DebouncePolicy | None = None,
        compare_content: bool = True,
        follow_symlinks: bool = True,
        roots: Sequence[Path] | None = None,
        rescan_period: float = RESCAN_PERIOD,
        max_event_delay: float = MAX_EVENT_DELAY,
    ) -> None:
        self.root = root
        base = str(root)
        patterns = None if watch is None else (Patterns(base, tuple(Rule(text, "test") for text in watch)),)
        self.settings = WatchSettings(
            base,
            tuple(str(path) for path in roots) if roots is not None else (base,),
            watch=patterns,
            ignore=tuple(Rule(text, "test") for text in ignore),
            extra_files=tuple(str(path) for path in extra_files),
            compare_content=compare_content,
            follow_symlinks=follow_symlinks,
            backend=BackendName.AUTO,
            debounce=debounce or DebouncePolicy(),
        )
        self.reporter = Recorder()
        self.inbox = Inbox(time.monotonic, longest_wait=0.02)
        self.disk = RealDisk()
        self.watcher = make_watcher(self.inbox.post, self.disk, self.settings)
        self._sentinel = root / "sentinel.txt"
        self._sentinels = 0
        self._sentinel.write_text("sentinel 0")
        self._rescan_period, self._max_event_delay = rescan_period, max_event_delay
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        settings = Settings(LaunchSettings(("program",), self.settings.base), self.settings)
        self.restart_loops = RestartLoopGuard(self.settings, time.monotonic, self.reporter)
        files = track_files(
            settings,
            self.reporter,
            self.inbox,
            self._resources,
            select=self.restart_loops.without_suspended,
            disk=self.disk,
            start_backend=lambda watch, watch_set, *others: Choice(
                self.watcher, "a test", listed=self.watcher.start(watch_set)
            ),
            make_poller=lambda watch, post, disk: make_stat(post, self.disk, watch),
            rescan_period=self._rescan_period,
            max_event_delay=self._max_event_delay,
        )
        self.watch_set, self.baseline, self.backends = files.watch_set, files.baseline, files.backends
        self.engine = self._engine(settings, files)
        self.engine.begin()
        self.pump(lambda: self.files.are_read_ahead, "all contents are read")
        return self

    def _engine(self, settings: Settings, files: FileTracking) -> Engine:
        program = files.reports_without_agent(time.monotonic)
        run_journal = RunJournal(self.reporter, time.monotonic, time.time)
        config_reloader = ConfigReloader(settings, None, time.monotonic, run_journal.report)
        pause = Pause()
        tasks = tasks_of(self.reporter, time.monotonic, files.baseline)
        control = ControlHandler(
            settings,
            run_journal,
            files.collector,
            files.baseline,
            files.backends,
            program,
            time.monotonic,
            files.tree.explainer(program),
            self.restart_loops,
            config_reloader,
            tasks.gate,
            pause,
            WaitingClients(),
        )
        self.files = files.tracker(program, self.inbox, time.monotonic, run_journal)
        parts = Components(
            host=ObedientHost(),
            files=self.files,
            agent_reports=program,
            restart_loops=self.restart_loops,
            port_conflicts=PortConflicts(settings.launch, list, lambda addresses: None),
            tasks=tasks.runner,
            gate=tasks.gate,
            readiness=tasks.readiness,
            hooks=tasks.hooks,
            pause=pause,
            control=control,
            config_reloader=config_reloader,
            reporter=run_journal,
            clock=time.monotonic,
            inbox=self.inbox,
            environment_for=lambda run, reason, changes: {},
            prepare=lambda batch: None,
        )
        return Engine(settings, parts)

    def __exit__(self, *exc: object) -> None:
        self._resources.close()

    @property
    def launches(self) -> int:
        return sum(isinstance(notice, Launched) for notice in self.reporter.notices)

    def pump(self, is_so: Callable[[], bool], what: str, within: float = 20.0) -> None:
        """Let the engine turn until a fact holds."""
        limit = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < limit, f"waited {within:g} s in vain: {what}\n{self.reporter.notices}"
            self.engine.turn()

    def changed_by(self, operation: Callable[[], object]) -> set[str]:
        """The paths, relative to the root, that led to the one restart which ``operation`` causes; empty if it causes none."""
        before = len(self.reporter.notices)
        launches = self.launches
        operation()
        self.touch_sentinel()
        changed = self.changes_since(before)
        restarts = self.launches - launches
        assert restarts <= 2, f"{restarts - 1} restarts"
        return changed - {"sentinel.txt"}

    def restarts_by(self, operation: Callable[[], object]) -> set[str]:
        """Like ``changed_by``, but the restart must come before anything else is done, and be the only one."""
        before = len(self.reporter.notices)
        launches = self.launches
        operation()
        self.pump(lambda: self.launches > launches, "a restart")
        changed = self.changes_since(before)
        before = len(self.reporter.notices)
        self.touch_sentinel()
        assert self.launches == launches + 2, "more than one restart"
        assert self.changes_since(before) == {"sentinel.txt"}
        return changed

    def touch_sentinel(self) -> None:
        """Change a file that counts and wait for its restart: all that happened before has been served then."""
        launches = self.launches
        seen = len(self.reporter.notices)
        self.restart_loops.reset()  # the sentinel's restarts are so many, and so even, that a program might be behind them
        self._sentinels += 1
        self._sentinel.write_text(f"sentinel {self._sentinels}")
        self.pump(
            lambda: "sentinel.txt" in self.changes_since(seen) and self.launches > launches, "the sentinel's restart"
        )

    def changes_since(self, index: int) -> set[str]:
        batches = [notice.batch for notice in self.reporter.notices[index:] if isinstance(notice, Changed)]
        return {self.relative(change.path) for batch in batches for change in batch}

    def batches(self) -> list[ChangeBatch]:
        return [notice.batch for notice in self.reporter.notices if isinstance(notice, Changed)]

    def relative(self, path: str) -> str:
        return os.path.relpath(path, self.root).replace(os.sep, "/")
