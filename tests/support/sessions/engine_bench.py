"""The real engine, baseline and rules on a real tree, with fakes for the watcher, the processes, the clock and the sleep."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from reloader.app.file_tracking import track_files
from reloader.core.addresses import Address, PortOwner
from reloader.core.changes import ChangeBatch
from reloader.core.debounce import DebouncePolicy
from reloader.core.events import PathsChanged, Posted
from reloader.core.notices import Changed, Notice
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.settings import LaunchSettings, RestartPolicy, Settings, StopPolicy, WatchSettings
from reloader.core.states import Finished, Idle, Reason, State
from reloader.core.tasks import ReadyPolicy, TaskSettings
from reloader.engine.components import Components
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.handler import ControlHandler, WaitingClients
from reloader.engine.control.journal import RunJournal
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.loop import Engine
from reloader.engine.pause import Pause
from reloader.engine.port_conflicts import PortConflicts
from reloader.interfaces import Configuration
from reloader.watchers.choose import Choice
from tests.support.fakes.clock import ManualClock
from tests.support.fakes.interfaces import (
    Asleep,
    DatedDisk,
    FakeHost,
    FakeMounts,
    Recorder,
    ScriptedWatcher,
    TimelessInbox,
)
from tests.support.platforms.paths import relative
from tests.support.sessions.tasks import FakeHelpers, FakeProbes, tasks_of

Told = TypeVar("Told", bound=Notice)

STOP_SIGNAL = 15
QUIET, CEILING = 0.05, 2.0
#: Seconds until a sweep that a test is not about.
NEVER = float("inf")


class Bench:
    """One engine. Nothing happens by itself: a test saves files, says what a watcher would, and lets the engine settle."""

    def __init__(
        self,
        root: Path,
        *,
        watch: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        extra_files: Sequence[Path] = (),
        by_content: bool = True,
        restart: RestartPolicy | None = None,
        rescan_period: float = NEVER,
        make_disk: Callable[[ManualClock], DatedDisk] = lambda clock: DatedDisk(),
        task_settings: TaskSettings | None = None,
        compiles: bool = False,
        configuration: Configuration | None = None,
        start: Idle = Idle(),  # noqa: B008 - a value
        loops: RestartLoopGuard | None = None,
        clients: WaitingClients | None = None,
    ) -> None:
        self.root = root
        base = str(root)
        patterns = None if watch is None else (Patterns(base, tuple(Rule(text, "test") for text in watch)),)
        settings = WatchSettings(
            base,
            (base,),
            watch=patterns,
            ignore=tuple(Rule(text, "test") for text in ignore),
            extra_files=tuple(map(str, extra_files)),
            compare_content=by_content,
            debounce=DebouncePolicy(QUIET, CEILING),
        )
        restart = restart or RestartPolicy(stop=StopPolicy(STOP_SIGNAL, 5.0))
        self.journal: list[str] = []
        self.prepared: list[ChangeBatch] = []
        self.environment: Callable[[int], Mapping[str, str]] = lambda run: {"RUN": str(run)}
        self.clock = ManualClock()
        self.inbox = TimelessInbox(self.clock)
        self.disk = make_disk(self.clock)
        self.watcher = ScriptedWatcher(self.journal)
        self.pollers: list[ScriptedWatcher] = []
        self.reporter = Recorder(self.journal)
        self.host = FakeHost(self.journal)
        self.written: set[str] = set()
        self.addresses_in_use: list[Address] = []
        self.port_owners: list[PortOwner] = []
        self.seconds_since: dict[str, float] = {}
        # Without a policy a run is never told to be ready, of which but few tests want to know.
        policy = task_settings or TaskSettings(ready=ReadyPolicy(tcp=("127.0.0.1", 1)))
        run_plan = Settings(
            LaunchSettings(("program", "argument"), base), settings, restart, tasks=policy, project=base
        )
        self.restart_loops = loops or RestartLoopGuard(settings, self.clock, self.reporter)
        self.restart_loops.continue_with(
            settings,
            has_written=self.written.__contains__,
            seconds_since=lambda path: self.seconds_since.get(path, 0.0),
        )
        files = track_files(
            run_plan,
            self.reporter,
            self.inbox,
            ExitStack(),
            select=self.restart_loops.without_suspended,
            clock=self.clock,
            disk=self.disk,
            mounts=FakeMounts(),
            start_backend=lambda *how: Choice(self.watcher, "a script"),
            make_poller=lambda *how: self._make_poller(),
            rescan_period=rescan_period,
        )
        self.watch_set, self.baseline, self.backends = files.watch_set, files.baseline, files.backends
        self.collector, self.rescan = files.collector, files.rescan
        self.program = program = files.reports_without_agent(self.clock)
        self.history: list[Mapping[str, object]] = []
        self.run_journal = RunJournal(self.reporter, self.clock, self.clock, self.history.append)
        self.helpers = FakeHelpers(self.journal)
        self.written_changes: list[ChangeBatch] = []
        self.probes = FakeProbes(self.journal)
        self.pause = Pause()
        self.clients = clients or WaitingClients()
        tasks = tasks_of(
            self.run_journal,
            self.clock,
            self.baseline,
            policy=policy,
            restart=restart,
            helpers=self.helpers,
            probes=self.probes if task_settings is not None else None,
            compiles=compiles,
            changes=self.written_changes,
        )
        self.config_reloader = ConfigReloader(
            run_plan, configuration, self.clock, self.run_journal.report, self.run_journal.set_reporter
        )
        self.control = ControlHandler(
            run_plan,
            self.run_journal,
            self.collector,
            self.baseline,
            self.backends,
            program,
            self.clock,
            files.tree.explainer(program),
            self.restart_loops,
            self.config_reloader,
            tasks.gate,
            self.pause,
            self.clients,
        )
        self.files = files.tracker(program, self.inbox, self.clock, tasks.hooks)
        self.gate, self.hooks, self._environment_for = tasks.gate, tasks.hooks, tasks.environment_for
        self.engine = Engine(
            run_plan,
            Components(
                host=self.host,
                files=self.files,
                agent_reports=program,
                restart_loops=self.restart_loops,
                port_conflicts=PortConflicts(
                    LaunchSettings(("serve", "--port", "8000"), base),
                    lambda: self.addresses_in_use,
                    self._find_port_owner,
                ),
                tasks=tasks.runner,
                gate=tasks.gate,
                readiness=tasks.readiness,
                hooks=tasks.hooks,
                pause=self.pause,
                control=self.control,
                config_reloader=self.config_reloader,
                reporter=tasks.hooks,
                clock=self.clock,
                inbox=self.inbox,
                environment_for=self._environment_of,
                prepare=self.prepared.append,
            ),
            start,
        )

    def _environment_of(self, run: int, reason: Reason, changes: ChangeBatch) -> Mapping[str, str]:
        self._environment_for(run, reason, changes)
        return self.environment(run)

    def _find_port_owner(self, addresses: Sequence[Address]) -> PortOwner | None:
        pending = (one for one in self.port_owners for address in addresses if address.collides_with(one.address))
        return next(pending, None)

    def _make_poller(self) -> ScriptedWatcher:
        self.pollers.append(ScriptedWatcher(self.journal, "poller"))
        return self.pollers[-1]

    # What happens

    def begin(self) -> Bench:
        """The first run lives, and everything is read. What was noted on the way is forgotten."""
        self.engine.begin()
        while not self.files.are_read_ahead:
            self.engine.turn()
        self.journal.clear()
        self.reporter.notices.clear()
        return self

    def settle(self) -> None:
        """Let the engine turn until only news could wake it. Time flies to each moment at which it wants to look."""
        try:
            while True:
                self.engine.turn()
        except Asleep:
            return

    def pass_time(self, seconds: float) -> None:
        """Let the engine turn until so much time has gone by."""
        until = self.clock() + seconds
        while self.clock() < until:
            self.engine.turn()

    def until_finished(self) -> None:
        """Let the engine turn until the session has its exit code."""
        while not isinstance(self.state, Finished):
            self.engine.turn()

    def save(self, name: str, text: str) -> str:
        """Write a file in one step, so that neither inode nor stamp are those of before. Returns its path."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.root.parent / "temporary"
        temporary.write_text(text)
        os.replace(temporary, path)
        return str(path)

    def hint(self, *names: str, finished: bool = True) -> None:
        """What a watcher posts about these names in the root."""
        self.inbox.post(PathsChanged(tuple(str(self.root / name) for name in names), finished))

    def post(self, event: Posted) -> None:
        self.inbox.post(event)

    # What came of it

    @property
    def state(self) -> State:
        return self.engine.state

    def told(self, kind: type[Told]) -> list[Told]:
        return [notice for notice in self.reporter.notices if isinstance(notice, kind)]

    @property
    def changed(self) -> list[dict[str, str]]:
        """The batches that were told, each as names in the root with the kind of their change."""
        return [self.named(notice.batch) for notice in self.told(Changed)]

    @property
    def acts(self) -> list[str]:
        """The journal without what was told."""
        return [entry for entry in self.journal if not entry.startswith("report ")]

    def named(self, batch: ChangeBatch) -> dict[str, str]:
        return {relative(change.path, self.root): change.kind.value for change in batch}
