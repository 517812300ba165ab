"""The composition root: from a plan to an engine with its parts. Here alone the concrete backends and systems are named.

Each part is made by a function that says what it needs. ``resources`` ends what has to be ended, in the reverse order.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from reloader.agent.link import AGENT_DIRECTORY, AgentLink
from reloader.app.environment import Environment
from reloader.app.file_tracking import FileTracking, WatchedTree, track_files
from reloader.app.session_context import SessionContext
from reloader.core.changes import ChangeBatch
from reloader.core.events import FileImported, FileOpened, Posted
from reloader.core.notices import ConfigUsed, KeysHelp, Note
from reloader.core.settings import Settings
from reloader.core.states import Idle
from reloader.core.tasks import ReadyPolicy
from reloader.engine.agent_reports import AgentReports
from reloader.engine.components import Components
from reloader.engine.control.handler import ControlHandler
from reloader.engine.files.baseline import Baseline
from reloader.engine.loop import Engine
from reloader.engine.port_conflicts import PortConflicts
from reloader.engine.tasks.gate import GateRunner
from reloader.engine.tasks.readiness import Readiness
from reloader.engine.tasks.syntax_check import SyntaxChecker
from reloader.interfaces import Post, Reporter, StartProbe
from reloader.system import Keyboard, ProcessHost, ReportPipe
from reloader.system.agent_copy import persist_directory
from reloader.system.port_owner import find_port_owner
from reloader.system.pycache import drop_stale_bytecode


def assemble(session: SessionContext, settings: Settings, resources: ExitStack, start: Idle) -> Engine:
    """Return an engine whose backends run, and whose baseline is taken. ``resources`` ends what has to be ended.

    Raises ScanInterrupted, and ReloaderError if the settings cannot be put into force.
    """
    session.run_journal.report(ConfigUsed(settings.source))
    settings = session.listen(settings)
    clock = time.monotonic
    files = track_files(
        settings,
        session.run_journal,
        session.inbox,
        resources,
        own_directory=session.files.directory,
        select=session.restart_loops.without_suspended,
    )
    files.report_start(session.run_journal)
    host = _host(session, settings, resources)  # only now: a service that a backend has started is none of ours
    program = _program(session, settings, files, resources)
    session.restart_loops.continue_with(
        settings.watch, has_written=program.has_written, seconds_since=files.tree.disk.seconds_since_write
    )
    environment = Environment(
        settings.launch, program, session.files.write_changes, is_logged=settings.tasks.ready.log is not None
    )
    session.hooks.transfer(settings.tasks.hooks, environment.for_task, cwd=settings.launch.cwd)
    gate = _gate(session, settings, program, files.baseline, environment)
    session.pause.handle_launch()  # what was held back is in the first run of this engine
    control = ControlHandler(
        settings,
        session.run_journal,
        files.collector,
        files.baseline,
        files.backends,
        program,
        clock,
        files.tree.explainer(program),
        session.restart_loops,
        session.config_reloader,
        gate,
        session.pause,
        session.clients,
    )
    session.serve_requests(settings)
    session.sockets.close_replaced()  # only now: had it failed, the plan before would need them
    parts = Components(
        host=host,
        files=files.tracker(program, session.inbox, clock, session.hooks),
        agent_reports=program,
        restart_loops=session.restart_loops,
        port_conflicts=PortConflicts(settings.launch, lambda: program.addresses_in_use, find_port_owner),
        tasks=session.tasks,
        gate=gate,
        readiness=_readiness(session, settings, environment),
        hooks=session.hooks,
        pause=session.pause,
        control=control,
        config_reloader=session.config_reloader,
        reporter=session.hooks,
        clock=clock,
        inbox=session.inbox,
        environment_for=environment,
        prepare=_forget_bytecode,
    )
    return Engine(settings, parts, start)


# The program


def _host(session: SessionContext, settings: Settings, resources: ExitStack) -> ProcessHost:
    host = ProcessHost(
        session.inbox.post,
        settings.restart.stop.signal,
        has_input=settings.launch.has_input,
        sockets=session.sockets,
        log=settings.tasks.ready.log,
        directory=session.files.directory,
        helpers=session.helpers,
    )
    resources.callback(host.detach)
    if not settings.launch.has_input:
        resources.callback(Keyboard(session.inbox.post).close)
        session.run_journal.report(KeysHelp())
    if host.unguarded_reason is not None:
        session.run_journal.report(
            Note(f"if reloader is killed, the command will live on: its guard needs a shell ({host.unguarded_reason})")
        )
    return host


def _program(session: SessionContext, settings: Settings, files: FileTracking, resources: ExitStack) -> AgentReports:
    link = _link_to_agents(settings, _unless_ignored(files.tree, session.inbox.post), session.run_journal)
    if link is not None:
        resources.callback(link.close)
    return AgentReports(
        files.watch_set.imports,
        files.baseline,
        files.backends,
        time.monotonic,
        link,
        imports_only=link is not None and settings.watch.watch is None,
        command=settings.launch.argv[0],
        report=session.run_journal.report,
    )


def _link_to_agents(settings: Settings, post: Post, reporter: Reporter) -> AgentLink | None:
    if not settings.python.modules:
        return None
    try:
        return AgentLink(
            ReportPipe(), post, settings.python, agent_directory=persist_directory(AGENT_DIRECTORY, "agent")
        )
    except OSError as error:
        reporter.report(Note(f"a Python program cannot report what it imports: {error}; the patterns alone decide"))
        return None


def _unless_ignored(tree: WatchedTree, post: Post) -> Post:
    """Post reports of all imported and opened files but those that ``ignore`` names, and those of our own output.

    A ``.gitignore`` does not keep an imported file from being watched.
    """

    def posted(news: Posted) -> None:
        if not (isinstance(news, FileImported | FileOpened) and tree.never_watches(news.path)):
            post(news)

    return posted


def _forget_bytecode(batch: ChangeBatch) -> None:
    drop_stale_bytecode(change.path for change in batch)


# Tasks beside the program


def _gate(
    session: SessionContext,
    settings: Settings,
    program: AgentReports,
    baseline: Baseline,
    environment: Environment,
) -> GateRunner:
    cwd = settings.launch.cwd
    checker = SyntaxChecker(
        session.tasks,
        program.interpreter,
        environment.for_task,
        cwd=cwd,
        make_directory=session.files.ensure_directory,
        timeout=settings.tasks.gate.timeout,
    )
    return GateRunner(
        settings.tasks.gate,
        settings.restart,
        session.tasks,
        checker,
        session.hooks.report,
        environment.for_task,
        session.files.write_changes,
        cwd=cwd,
        is_reverted=baseline.launch_snapshot.is_reverted,
    )


def _readiness(session: SessionContext, settings: Settings, environment: Environment) -> Readiness:
    return Readiness(
        settings.tasks.ready,
        session.tasks,
        _probe(settings.tasks.ready, session.inbox.post),
        session.hooks.report,
        environment.for_task,
        time.monotonic,
        cwd=settings.launch.cwd,
    )


def _probe(ready: ReadyPolicy, post: Post) -> StartProbe:
    if ready.http is None and ready.tcp is None:
        return lambda run, ready: lambda: None
    from reloader.system.ready_probe import Probe  # costs 40 ms, so only where it is needed

    return Probe(post)
