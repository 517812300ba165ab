"""The composition root: from a plan to an engine with its parts. Here alone the concrete backends and systems are named.

Each part is made by a function that says what it needs. ``resources`` ends what has to be ended, in the reverse order.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import replace

from reloader.agent.link import INSIDE, AgentLink
from reloader.app.environment import Environment
from reloader.app.session_context import SessionContext
from reloader.core.changes import ChangeBatch
from reloader.core.choices import BackendName
from reloader.core.events import FileImported, FileOpened, Posted
from reloader.core.filesystems import event_support
from reloader.core.notices import BackendFellBack, ConfigUsed, KeysHelp, Note, Polling, Watching
from reloader.core.paths.filters import PathFilter
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import Settings
from reloader.core.states import Idle
from reloader.core.tasks import ReadyPolicy
from reloader.engine.agent_reports import AgentReports
from reloader.engine.change_tracker import ChangeTracker
from reloader.engine.components import Components
from reloader.engine.control.explain import Explainer
from reloader.engine.control.handler import ControlHandler
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.progress import ScanProgress
from reloader.engine.files.rescan import Rescan
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.loop import Engine
from reloader.engine.port_conflicts import PortConflicts
from reloader.engine.tasks.gate import GateRunner
from reloader.engine.tasks.hooks import Hooks
from reloader.engine.tasks.readiness import Readiness
from reloader.engine.tasks.runner import TaskRunner
from reloader.engine.tasks.syntax_check import SyntaxChecker
from reloader.interfaces import Post, Reporter, StartProbe
from reloader.system import Keyboard, Mounts, ProcessHost, ReportPipe
from reloader.system.agent_copy import persist_directory
from reloader.system.port_owner import find_port_owner
from reloader.system.pycache import drop_stale_bytecode
from reloader.watchers.choose import Choice, choose, make_polling_watcher, must_be_polled
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import ignoring_own_directory, session_watch_set


def watching_of(
    session: SessionContext, settings: Settings, watch_set: WatchSet, disk: RealDisk, resources: ExitStack
) -> tuple[Choice, BackendSet]:
    mounts, post = Mounts(), session.inbox.post
    choice = choose(settings.watch, watch_set, post, disk, mounts)
    resources.callback(choice.watcher.stop)
    watching = BackendSet(
        choice.watcher,
        watch_set,
        lambda: make_polling_watcher(settings.watch, post, disk),
        session.chronicle,
        os.sep,
        polled=[unreliable.directory for unreliable in choice.unreliable],
        must_poll=_PollsByDirectory(mounts) if settings.watch.backend is BackendName.AUTO else lambda path: False,
    )
    resources.callback(watching.stop)
    return choice, watching


def what_is_watched(settings: Settings, choice: Choice, baseline: Baseline) -> Watching:
    watcher = choice.watcher
    return Watching(
        settings.watch.roots, baseline.files, baseline.directories, watcher.name, watcher.mechanism, choice.reason
    )


def report_choice(reporter: Reporter, choice: Choice) -> None:
    """Which backend could not be had, and where none will do."""
    if choice.unavailable is not None:
        reporter.report(
            BackendFellBack(choice.unavailable.backend, (), choice.unavailable.cause, choice.unavailable.remedy)
        )
    for unreliable in choice.unreliable:
        reporter.report(Polling(unreliable.directory, unreliable.mount.type, event_support(unreliable.mount.type).why))


class _PollsByDirectory:
    """Whether a file must be polled. Files of one directory lie on one file system, but for the rare file that is a mount."""

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts
        self._answers: dict[str, bool] = {}

    def __call__(self, path: str) -> bool:
        directory = os.path.dirname(path)
        if directory not in self._answers:
            self._answers[directory] = must_be_polled(directory, self._mounts)
        return self._answers[directory]


def assembled(
    session: SessionContext, settings: Settings, resources: ExitStack, start: Idle, before: Engine | None
) -> Engine:
    """The engine with its parts, of which the watchers run and the baseline is taken. Raises ScanInterrupted."""
    session.chronicle.report(ConfigUsed(settings.source))
    settings = session.listen(settings)
    report, clock = session.chronicle.report, time.monotonic
    progress = ScanProgress(session.chronicle, clock, session.inbox)
    disk = RealDisk(gitignore=settings.watch.gitignore, on_listed=progress.listed)
    watch_set = session_watch_set(
        replace(settings, watch=ignoring_own_directory(settings.watch, session.files.directory)), disk
    )
    choice, watching = watching_of(session, settings, watch_set, disk, resources)
    host = _host(session, settings, resources)  # only now: a service that a backend has started is none of ours
    baseline = Baseline(
        disk, watch_set, by_content=settings.watch.compare_content, follow_symlinks=settings.watch.follow_symlinks
    )
    baseline.take(progress, choice.listed)
    progress.is_over = True
    report_choice(session.chronicle, choice)
    report(what_is_watched(settings, choice, baseline))
    program = _program(session, settings, watch_set, baseline, watching, resources)
    loops = RestartLoopGuard(
        settings.watch,
        clock,
        session.chronicle,
        has_written=program.has_written,
        seconds_since=disk.seconds_since_write,
        before=None if before is None else before.parts.restart_loops,
    )
    collector = ChangeCollector(baseline, settings.watch.debounce, loops.counting)
    environment = Environment(
        settings.launch, program, session.files.write_changes, is_logged=settings.tasks.ready.log is not None
    )
    tasks = session.commands_on(host.helpers)
    hooks = session.hooks_of(settings, tasks, environment.beside)
    gate = _gate(session, settings, tasks, hooks, program, baseline, environment)
    if before is not None:
        session.pause.handle_launch()  # what was held back is in the first run of this engine
    control = ControlHandler(
        settings,
        session.chronicle,
        collector,
        baseline,
        watching,
        program,
        clock,
        Explainer(settings.watch, watch_set, disk, program),
        loops,
        session.renewal,
        gate,
        session.pause,
        before=None if before is None else before.parts.control,
    )
    session.serve_requests(settings)
    session.sockets.close_replaced()  # only now: had it failed, the plan before would need them
    parts = Components(
        host=host,
        files=ChangeTracker(
            watching,
            baseline,
            collector,
            Rescan(baseline, watch_set, disk, clock, watching=watching, is_heard_of=collector.is_waiting_for),
            program,
            session.inbox,
            clock,
            hooks.report,
        ),
        agent_reports=program,
        restart_loops=loops,
        port_conflicts=PortConflicts(settings.launch, lambda: program.taken, find_port_owner),
        tasks=tasks,
        gate=gate,
        readiness=_readiness(session, settings, tasks, hooks, environment),
        hooks=hooks,
        pause=session.pause,
        control=control,
        config_reloader=session.renewal,
        reporter=hooks,
        clock=clock,
        inbox=session.inbox,
        environment_for=environment,
        prepare=_forget_bytecode,
    )
    if before is not None:
        start = replace(start, pending=before.pending_up_to(baseline, hooks.report))
    return Engine(settings, parts, start)


# The program


def _host(session: SessionContext, settings: Settings, resources: ExitStack) -> ProcessHost:
    host = ProcessHost(
        session.inbox.post,
        settings.restart.stop.signal,
        has_input=settings.launch.has_input,
        sockets=session.sockets,
        log=settings.tasks.ready.log,
        folder=session.files.directory,
        helpers=None if session.host is None else session.host.helpers,
    )
    resources.callback(host.detach)
    session.goes_on_with(host)
    if not settings.launch.has_input:
        resources.callback(Keyboard(session.inbox.post).close)
        session.chronicle.report(KeysHelp())
    if host.unguarded_reason is not None:
        session.chronicle.report(
            Note(f"if reloader is killed, the command will live on: its guard needs a shell ({host.unguarded_reason})")
        )
    return host


def _program(
    session: SessionContext,
    settings: Settings,
    watch_set: WatchSet,
    baseline: Baseline,
    watching: BackendSet,
    resources: ExitStack,
) -> AgentReports:
    link = _link_to_agents(settings, _unless_ignored(watch_set.filter, session.inbox.post), session.chronicle)
    if link is not None:
        resources.callback(link.close)
    return AgentReports(
        watch_set.imports,
        baseline,
        watching,
        time.monotonic,
        link,
        narrows=link is not None and settings.watch.watch is None,
        command=settings.launch.argv[0],
        report=session.chronicle.report,
    )


def _link_to_agents(settings: Settings, post: Post, reporter: Reporter) -> AgentLink | None:
    if not settings.python.modules:
        return None
    try:
        return AgentLink(ReportPipe(), post, settings.python, inside=persist_directory(INSIDE, "agent"))
    except OSError as error:
        reporter.report(Note(f"a Python program cannot report what it imports: {error}; the patterns alone decide"))
        return None


def _unless_ignored(path_filter: PathFilter, post: Post) -> Post:
    """What the program imports counts whatever ``.gitignore`` files say, but not if the user's own ``ignore`` names it."""

    def posted(news: Posted) -> None:
        if not (isinstance(news, FileImported | FileOpened) and path_filter.is_explicitly_ignored(news.path)):
            post(news)

    return posted


def _forget_bytecode(batch: ChangeBatch) -> None:
    drop_stale_bytecode(change.path for change in batch)


# Tasks beside the program


def _gate(
    session: SessionContext,
    settings: Settings,
    tasks: TaskRunner,
    hooks: Hooks,
    program: AgentReports,
    baseline: Baseline,
    environment: Environment,
) -> GateRunner:
    cwd = settings.launch.cwd
    checker = SyntaxChecker(
        tasks,
        program.interpreter_of,
        environment.beside,
        cwd=cwd,
        folder=session.files.ensure_directory,
        timeout=settings.tasks.gate.timeout,
    )
    return GateRunner(
        settings.tasks.gate,
        settings.restart,
        tasks,
        checker,
        hooks.report,
        environment.beside,
        session.files.write_changes,
        cwd=cwd,
        compiles=program.is_python,
        is_as_before=baseline.since_launch.is_as_before,
    )


def _readiness(
    session: SessionContext, settings: Settings, tasks: TaskRunner, hooks: Hooks, environment: Environment
) -> Readiness:
    return Readiness(
        settings.tasks.ready,
        tasks,
        _probe(settings.tasks.ready, session.inbox.post),
        hooks.report,
        environment.beside,
        time.monotonic,
        cwd=settings.launch.cwd,
    )


def _probe(ready: ReadyPolicy, post: Post) -> StartProbe:
    if ready.http is None and ready.tcp is None:
        return lambda run, ready: lambda: None
    from reloader.system.ready_probe import Probe  # costs 40 ms, so only where it is needed

    return Probe(post)
