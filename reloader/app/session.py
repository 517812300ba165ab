"""A session from its plan to its exit code: what lasts as long as it does, and the engines that follow one another in it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from reloader.app.session_context import SessionContext, chronicle_of
from reloader.app.wiring import assembled
from reloader.core.events import ControlRequest, KeyPressed, PathsChanged, StopRequested, Wakeup
from reloader.core.settings import Settings
from reloader.core.states import Idle, reason_without_new_settings
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.files.progress import ScanInterrupted
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.inbox import Inbox
from reloader.engine.loop import Engine
from reloader.engine.pause import Pause
from reloader.errors import ConfigError, ReloaderError
from reloader.interfaces import Configuration, Reporter
from reloader.system import Sockets, SystemSignals
from reloader.system.directories import SessionFiles
from reloader.system.onefile import import_ahead

#: Makes an engine for a plan that begins as it is told. What has to be undone when it has ended is left with the stack. The
#: last argument is the engine before it, with what that leaves undone. Raises ReloaderError if the plan cannot be had.
Assemble = Callable[[Settings, ExitStack, Idle, "Engine | None"], Engine]


def run_engines(assemble: Assemble, renewal: ConfigReloader, inbox: Inbox, when_ready: Callable[[], None]) -> int:
    """The exit code of the last engine. ``when_ready`` is called once the first one is made."""
    with ExitStack() as resources:
        engine = assemble(renewal.settings, resources, Idle(), None)
        when_ready()
        end = engine.run()
        while isinstance(end, Idle):
            resources.close()
            _drop_news_of_what_has_ended(inbox)
            engine = _next_engine(assemble, renewal, resources, end, engine)
            end = engine.run()
        return end


def _next_engine(
    assemble: Assemble, renewal: ConfigReloader, resources: ExitStack, start: Idle, before: Engine
) -> Engine:
    """For the plan that is pending, or, if that cannot be had, for the one that has worked before."""
    reloaded = renewal.pending
    if reloaded is not None:
        try:
            engine = assemble(reloaded.settings, resources, start, before)
        except (ReloaderError, ImportError) as error:  # of a frozen program, the files may be gone
            resources.close()
            renewal.refuse(error.problems if isinstance(error, ConfigError) else [str(error)])
            start = replace(start, reason=reason_without_new_settings(start.run + 1))
        else:
            renewal.accept(reloaded)
            return engine
    return assemble(renewal.settings, resources, start, before)


def _drop_news_of_what_has_ended(inbox: Inbox) -> None:
    """A wish is for whoever runs, and a hook may have ended; a restart by hand is what follows anyway.

    Failures are those of watchers that are no more.
    """
    for posted in inbox.drain():
        if isinstance(posted, StopRequested | ControlRequest | KeyPressed | PathsChanged | Wakeup):
            inbox.put_back(posted)


def run_session(
    settings: Settings,
    reporter: Reporter,
    *,
    configuration: Configuration | None = None,
    ends_the_process: bool = False,
) -> int:
    """Run ``settings`` until it ends and return the exit code. Raises ReloaderError for what the user must mend first.

    What is saved of ``configuration``, which the plan is from, is taken over. ``ends_the_process`` says that nothing follows,
    so that no signal has anything to end any more.
    """
    inbox = Inbox(time.monotonic)
    with ExitStack() as resources:
        signals = SystemSignals()
        resources.callback(signals.stop, for_good=ends_the_process)
        signals.start(inbox.post)
        chronicle = chronicle_of(settings, reporter)
        renewal = ConfigReloader(settings, configuration, time.monotonic, chronicle.report, chronicle.set_reporter)
        loops = RestartLoopGuard(settings.watch, time.monotonic, chronicle)
        lasting_parts = SessionContext(chronicle, inbox, Sockets(), SessionFiles(), renewal, Pause(), loops, resources)
        resources.callback(lasting_parts.sockets.close)
        resources.callback(lasting_parts.files.close)
        try:
            return run_engines(partial(assembled, lasting_parts), renewal, inbox, _ready_for_the_loop)
        except ScanInterrupted as interrupted:
            return interrupted.exit_code


def _ready_for_the_loop() -> None:
    import_ahead()
    gc.freeze()  # nothing of what there is by now will ever be garbage
    gc.enable()
