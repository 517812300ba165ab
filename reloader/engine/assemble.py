"""The composition root: from a plan to a running session. The only module that names concrete backends and systems."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from reloader.agent.link import INSIDE, AgentLink
from reloader.core.bytecode import source_name
from reloader.core.changes import ChangeBatch
from reloader.core.commands import is_python
from reloader.core.events import FileImported, FileOpened, Posted, StopAsked
from reloader.core.filesystems import verdict_on
from reloader.core.filters import PathFilter, Rule, RuleSet
from reloader.core.ignore_line import ignore_pattern
from reloader.core.ignores import DEFAULT_IGNORES
from reloader.core.notices import BackendFellBack, ConfigUsed, Listening, Note, Polling, Scanning
from reloader.core.notices import Watching as WatchingNotice
from reloader.core.outcome import SIGNAL_BASE
from reloader.core.plan import BackendName, Framework, LaunchSpec, RunPlan, WatchPlan
from reloader.core.session_notices import KeysExplained
from reloader.core.sockets import HeldSocket
from reloader.core.states import Idle
from reloader.core.steps import ReadyPolicy
from reloader.core.tree import is_within
from reloader.core.watchset import WatchSet
from reloader.engine.attend import chronicle_of, open_to_visitors
from reloader.engine.baseline import Baseline
from reloader.engine.beside import Beside
from reloader.engine.changes import ChangeCollector
from reloader.engine.chronicle import Chronicle
from reloader.engine.commands import Commands
from reloader.engine.control import Control
from reloader.engine.exchange import run_engines
from reloader.engine.explained import Explainer
from reloader.engine.failures import FailedStarts
from reloader.engine.gate import GateKeeper
from reloader.engine.hooks import Hooks
from reloader.engine.inbox import Inbox
from reloader.engine.loop import Engine, Parts
from reloader.engine.loops import LoopGuard
from reloader.engine.program import Program
from reloader.engine.ready import Readiness
from reloader.engine.renewal import Renewal
from reloader.engine.sockets import OF_SOCKETS, told_of
from reloader.engine.sources import Sources
from reloader.engine.sweep import Sweep
from reloader.engine.watching import Watching
from reloader.errors import ReloaderError
from reloader.ports import Clock, Configuration, Disk, Post, Reporter, StartProbe
from reloader.system import Keyboard, Mounts, ProcessHost, ReportPipe, Sockets, SystemSignals, enable_colour
from reloader.system.ahead import import_ahead
from reloader.system.bytecode import drop_stale_bytecode
from reloader.system.environment import child_environment
from reloader.system.holders import holder_of
from reloader.system.inherited import inherited_environment
from reloader.system.private_copy import lasting
from reloader.system.session_files import SessionFiles
from reloader.watchers.choose import Choice, choose, must_be_polled, stat_watcher
from reloader.watchers.disk import IGNORES_CASE, RealDisk
from reloader.watchers.repository import rules_from_above

__all__ = ["enable_colour", "run_session"]

#: A scan that takes longer than this many seconds shows how far it is, and so often.
PATIENCE = 1.0
TELL_EVERY = 0.2

#: By what a framework's own reloader knows that it runs in a child, which ends with code 3 when it is to be started again.
#: Werkzeug would also inherit the open socket of its parent; the agent sees to it that this number stands for none. Where it is
#: handed a real one, the plan has its number.
MARKERS = {
    Framework.WERKZEUG: {"WERKZEUG_RUN_MAIN": "true", "WERKZEUG_SERVER_FD": "-1"},
    Framework.DJANGO: {"RUN_MAIN": "true"},
}


class ScanInterrupted(Exception):
    """Somebody asked us to stop while the first scan was under way."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.exit_code = SIGNAL_BASE + signal


def run_session(
    plan: RunPlan,
    reporter: Reporter,
    *,
    configuration: Configuration | None = None,
    ends_the_process: bool = False,
) -> int:
    """Run ``plan`` until it ends and return the exit code. Raises ReloaderError for what the user must mend first.

    What is saved of ``configuration``, which the plan is from, is taken over. ``ends_the_process`` says that nothing follows,
    so that no signal has anything to end any more.
    """
    inbox = Inbox(time.monotonic)
    with ExitStack() as resources:
        signals = SystemSignals()
        resources.callback(signals.stop, for_good=ends_the_process)
        signals.start(inbox.post)
        chronicle = chronicle_of(plan, reporter)
        renewal = Renewal(plan, configuration, time.monotonic, chronicle.tell, chronicle.tell_to)
        lasting_parts = Lasting(chronicle, inbox, Sockets(), SessionFiles(), renewal, resources)
        resources.callback(lasting_parts.sockets.close)
        resources.callback(lasting_parts.files.close)
        try:
            return run_engines(partial(_assembled, lasting_parts), renewal, inbox, _ready_for_the_loop)
        except ScanInterrupted as interrupted:
            return interrupted.exit_code


def _ready_for_the_loop() -> None:
    import_ahead()
    gc.freeze()  # nothing of what there is by now will ever be garbage
    gc.enable()


@dataclass(slots=True)
class Lasting:
    """What all engines of a session have in common. ``projects`` are those under whose names it can be met."""

    chronicle: Chronicle
    inbox: Inbox
    sockets: Sockets
    files: SessionFiles
    renewal: Renewal
    resources: ExitStack
    projects: set[str] = field(default_factory=set)
    listening: tuple[HeldSocket, ...] = ()

    def listen(self, plan: RunPlan) -> RunPlan:
        """Listen on what ``plan`` names; before all else, since that may be somebody's. Then the plan has no placeholders."""
        held = self.sockets.open(plan.launch.sockets) if plan.launch.sockets or self.listening else ()
        if held and held != self.listening:
            self.chronicle.tell(Listening(held))
        self.listening = held
        return replace(plan, launch=told_of(held, plan.launch)) if held else plan

    def open_to_visitors(self, plan: RunPlan) -> None:
        """Who asks goes by the name of the file; another one may have come before the first."""
        if plan.project not in self.projects:
            self.projects.add(plan.project)
            open_to_visitors(plan, self.inbox, self.chronicle, self.resources)


def _assembled(
    session: Lasting, plan: RunPlan, resources: ExitStack, start: Idle, control_before: Control | None
) -> Engine:
    """The engine with its parts, of which the watchers run and the baseline is taken."""
    reporter, inbox, sockets, session_files = session.chronicle, session.inbox, session.sockets, session.files
    reporter.tell(ConfigUsed(plan.source))
    plan = session.listen(plan)
    clock = time.monotonic
    progress = _Progress(reporter, clock, inbox)
    disk = RealDisk(gitignore=plan.watch.gitignore, listed=progress.listed)
    watch_set = watch_set_for(replace(plan, watch=_without_ours(plan.watch, session_files.folder)), disk)
    mounts = Mounts()
    choice = choose(plan.watch, watch_set, inbox.post, disk, mounts)
    resources.callback(choice.watcher.stop)
    watching = Watching(
        choice.watcher,
        watch_set,
        lambda: stat_watcher(plan.watch, inbox.post, disk),
        reporter,
        os.sep,
        polled=[place.directory for place in choice.silent],
        must_poll=_AsItsDirectory(mounts) if plan.watch.backend is BackendName.AUTO else lambda path: False,
    )
    resources.callback(watching.stop)
    # Only now: orphans come to it, and a service that a backend has started is none of ours.
    log, stop_signal = plan.beside.ready.log, plan.restart.stop.signal
    host = ProcessHost(
        inbox.post, stop_signal, has_input=plan.launch.has_input, sockets=sockets, log=log, folder=session_files.folder
    )
    resources.callback(host.close)
    if not plan.launch.has_input:
        resources.callback(Keyboard(inbox.post).close)
        reporter.tell(KeysExplained())
    if host.why_unguarded is not None:
        reporter.tell(
            Note(f"if reloader is killed, the command will live on: its guard needs a shell ({host.why_unguarded})")
        )
    baseline = Baseline(
        disk, watch_set, by_content=plan.watch.compare_content, follow_symlinks=plan.watch.follow_symlinks
    )
    baseline.take(progress, choice.folders)
    progress.is_over = True
    tell_of_choice(reporter, choice)
    watcher = choice.watcher
    reporter.tell(
        WatchingNotice(
            plan.watch.roots, baseline.files, baseline.directories, watcher.name, watcher.mechanism, choice.why
        )
    )
    link = _link_to_agents(plan, _unless_ignored(watch_set.filter, inbox.post), reporter)
    if link is not None:
        resources.callback(link.close)
    program = Program(
        watch_set.imports,
        baseline,
        watching,
        clock,
        link,
        narrows=link is not None and plan.watch.watch is None,
        command=plan.launch.argv[0],
        tell=reporter.tell,
    )
    loops = LoopGuard(
        plan.watch,
        clock,
        reporter,
        has_written=program.has_written,
        seconds_since=lambda path: (disk.now_ns() - disk.stamp(path).mtime_ns) / 1e9,
    )
    collector = ChangeCollector(baseline, plan.watch.debounce, loops.counting)
    explainer = Explainer(plan.watch, watch_set, disk, program)
    told: dict[str, str] = {}
    environment = _Environment(plan.launch, program, told, is_logged=log is not None)
    hooks, beside = _beside(plan, host, program, baseline, reporter, inbox, environment, session_files)
    control = Control(
        plan,
        reporter,
        collector,
        baseline,
        watching,
        program,
        clock,
        explainer,
        loops,
        alive=None,
        beside=beside,
        before=control_before,
    )
    session.open_to_visitors(plan)
    parts = Parts(
        host=host,
        watching=watching,
        baseline=baseline,
        collector=collector,
        sweep=Sweep(baseline, watch_set, disk, clock, watching=watching, is_heard_of=collector.is_waiting_for),
        loops=loops,
        failed_starts=FailedStarts(plan.launch, lambda: program.taken, holder_of),
        program=program,
        control=control,
        reporter=hooks,
        clock=clock,
        inbox=inbox,
        environment_for=environment,
        prepare=_forget_bytecode,
        beside=beside,
        renewal=session.renewal,
    )
    return Engine(plan, parts, start)


def watch_set_for(plan: RunPlan, disk: Disk) -> WatchSet:
    """The same for a plan with its command, which may be one of Python."""
    watch_set = watch_set_of(plan.watch, disk)
    watch_set.imports.sources_only = _is_watched_by_its_sources(plan)
    return watch_set


def _beside(
    plan: RunPlan,
    host: ProcessHost,
    program: Program,
    baseline: Baseline,
    reporter: Reporter,
    inbox: Inbox,
    environment: _Environment,
    session_files: SessionFiles,
) -> tuple[Hooks, Beside]:
    """What is done beside the program, and the reporter by which its hooks hear what happens."""
    policy, cwd, program_of_plan = plan.beside, plan.launch.cwd, plan.launch.argv[0]
    commands = Commands(host.helpers, time.monotonic)
    written = session_files.write_changes
    hooks = Hooks(policy.hooks, commands, reporter, environment.beside, written, cwd=cwd)
    sources = Sources(
        commands,
        lambda: next(filter(is_python, (program.interpreter, program_of_plan)), ""),
        environment.beside,
        cwd=cwd,
        folder=session_files.made,
        timeout=policy.gate.timeout,
    )
    gate = GateKeeper(
        policy.gate,
        plan.restart,
        commands,
        sources,
        hooks.tell,
        environment.beside,
        written,
        cwd=cwd,
        compiles=lambda: bool(program.interpreter) or is_python(program_of_plan),
        is_as_before=baseline.since_launch.is_as_before,
    )
    readiness = Readiness(
        policy.ready,
        commands,
        _probe(policy.ready, inbox.post),
        hooks.tell,
        environment.beside,
        time.monotonic,
        cwd=cwd,
    )
    return hooks, Beside(commands, gate, readiness, hooks, baseline.since_launch, written, environment.told)


def _probe(ready: ReadyPolicy, post: Post) -> StartProbe:
    if ready.http is None and ready.tcp is None:
        return lambda run, ready: lambda: None
    from reloader.system.probe import Probe  # costs 40 ms, so only where it is needed

    return Probe(post)


def _without_ours(plan: WatchPlan, folder: str | None) -> WatchPlan:
    """``plan``, by which our own files never count: their directory may lie in what is watched."""
    if folder is None or not any(is_within(folder, root, os.sep) for root in plan.roots):
        return plan
    rule = Rule(ignore_pattern(folder, plan.base, os.sep), "what reloader itself writes")
    return replace(plan, ignore=(*plan.ignore, rule))


def watch_set_of(plan: WatchPlan, disk: Disk) -> WatchSet:
    """What counts by the plan, and by the ignore files of the repositories that its roots lie in."""
    weaker: list[RuleSet] = []
    if plan.own_file is not None:
        rule = Rule(
            ignore_pattern(plan.own_file, plan.base, os.sep), "the configuration, which reloader takes over itself"
        )
        weaker.append(RuleSet(plan.base, (rule,), ignore_case=IGNORES_CASE))
    if plan.default_ignores:
        weaker.append(RuleSet("", DEFAULT_IGNORES, ignore_case=IGNORES_CASE))
    if plan.gitignore:
        weaker += rules_from_above(plan.roots)
    stronger = RuleSet(plan.base, plan.ignore, ignore_case=IGNORES_CASE)
    path_filter = PathFilter(
        plan.roots,
        watch=plan.watch,
        weaker=weaker,
        stronger=[stronger] if stronger else [],
        facts_of=disk.facts,
        separator=os.sep,
    )
    return WatchSet(plan.roots, frozenset(_source_or_itself(path) for path in plan.extra_files), path_filter)


def _is_watched_by_its_sources(plan: RunPlan) -> bool:
    """Until a Python program has told what it imports, and where none can."""
    return plan.watch.watch is None and plan.python.modules and is_python(plan.launch.argv[0])


def _source_or_itself(path: str) -> str:
    source = source_name(path)
    return source if source is not None and os.path.exists(source) else path


def tell_of_choice(reporter: Reporter, choice: Choice) -> None:
    """Which backend could not be had, and where none will do."""
    if choice.refused is not None:
        reporter.tell(BackendFellBack(choice.refused.backend, (), choice.refused.cause, choice.refused.remedy))
    for place in choice.silent:
        reporter.tell(Polling(place.directory, place.mount.type, verdict_on(place.mount.type).why))


def _unless_ignored(path_filter: PathFilter, post: Post) -> Post:
    """What the program imports counts whatever ``.gitignore`` files say, but not if the user's own ``ignore`` names it."""

    def posted(news: Posted) -> None:
        if not (isinstance(news, FileImported | FileOpened) and path_filter.refuses(news.path)):
            post(news)

    return posted


def _link_to_agents(plan: RunPlan, post: Post, reporter: Reporter) -> AgentLink | None:
    if not plan.python.modules:
        return None
    try:
        return AgentLink(ReportPipe(), post, plan.python, inside=lasting(INSIDE, "agent"))
    except OSError as error:
        reporter.tell(Note(f"a Python program cannot report what it imports: {error}; the patterns alone decide"))
        return None


class _AsItsDirectory:
    """Whether a file must be polled. Files of one directory lie on one file system, but for the rare file that is a mount."""

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts
        self._answers: dict[str, bool] = {}

    def __call__(self, path: str) -> bool:
        directory = os.path.dirname(path)
        if directory not in self._answers:
            self._answers[directory] = must_be_polled(directory, self._mounts)
        return self._answers[directory]


def _forget_bytecode(batch: ChangeBatch) -> None:
    drop_stale_bytecode(change.path for change in batch)


class _Progress:
    """Tells of a long scan now and then, and ends it when the user has lost patience."""

    def __init__(self, reporter: Reporter, clock: Clock, inbox: Inbox) -> None:
        self._reporter = reporter
        self._clock = clock
        self._inbox = inbox
        self._tell_at = clock() + PATIENCE
        self._files = 0
        self.is_over = False

    def listed(self, entries: int) -> None:
        """So many were seen in one more directory."""
        if not self.is_over:
            self(self._files + entries)

    def __call__(self, files: int) -> None:
        """So many were seen in all."""
        files = self._files = max(files, self._files)
        now = self._clock()
        if now < self._tell_at:
            return
        self._tell_at = now + TELL_EVERY
        self._reporter.tell(Scanning(files))
        for posted in self._inbox.take_now():
            if isinstance(posted, StopAsked):
                raise ScanInterrupted(posted.signal)
            self._inbox.keep(posted)


class _Environment:
    """The environment of each run: ours, what the files say now, what the plan adds, and what tells the child who it is."""

    def __init__(self, spec: LaunchSpec, program: Program, told: dict[str, str], *, is_logged: bool = False) -> None:
        self._spec = spec
        self._program = program
        self.told = told
        self._is_logged = is_logged
        if spec.env_files:
            from reloader.system.env_files import read_env_files  # costs 40 ms, so only where it is needed

            self._read_env_files = read_env_files

    def __call__(self, run: int) -> Mapping[str, str]:
        markers = {name: value for one in self._spec.compatible for name, value in MARKERS[one].items()}
        if self._is_logged:
            markers |= {"PYTHONUNBUFFERED": os.environ.get("PYTHONUNBUFFERED") or "1"}  # its output is no terminal now
        environment = self._with({"RELOADER_RUN": str(run), "RELOADER_RUN_MAIN": "true"}, markers)
        return environment | self._program.environment(run, environment)

    def beside(self, more: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """What a command beside the program is given, which is neither watched nor a child in a framework's sense.

        ``more`` may tell of the run that is to follow: then nothing is told of the one before.
        """
        try:
            environment = self._with(more or {}, {})
        except ReloaderError:
            return {**os.environ, **(more or {})}  # the run says what is wrong
        return {name: value for name, value in environment.items() if name not in OF_SOCKETS}

    def _with(self, more: Mapping[str, str], markers: Mapping[str, str]) -> dict[str, str]:
        from_files = self._read_env_files(self._spec.env_files) if self._spec.env_files else {}
        additions = {name: value for name, value in from_files.items() if name not in os.environ}
        told = {} if "RELOADER_REASON" in more else self.told
        additions |= {**markers, **self._spec.environment, **told, **more}
        bundle = getattr(sys, "_MEIPASS", None)
        return child_environment(inherited_environment(), additions, platform=sys.platform, bundle=bundle)
