"""A session from its settings to its exit code: one engine after another, each for other settings."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from reloader.app.session_context import SessionContext
from reloader.app.wiring import assemble
from reloader.core.events import ControlRequest, KeyPressed, PathsChanged, StopRequested, Wakeup
from reloader.core.settings import Settings
from reloader.core.states import Idle, reason_without_new_settings
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.files.progress import ScanInterrupted
from reloader.engine.inbox import Inbox
from reloader.engine.loop import Engine
from reloader.errors import ConfigError, ReloaderError
from reloader.interfaces import Configuration, Reporter
from reloader.system import SystemSignals
from reloader.system.onefile import import_ahead

#: Make an engine for these settings, which begins as the last argument says. The stack undoes what has to be undone when the
#: engine has ended. Raises ReloaderError if the settings cannot be put into force.
Assemble = Callable[[Settings, ExitStack, Idle], Engine]


def run_engines(
    assemble: Assemble, config_reloader: ConfigReloader, inbox: Inbox, when_ready: Callable[[], None]
) -> int:
    """Run one engine after another, and return the exit code of the last. Call ``when_ready`` once the first is made."""
    with ExitStack() as resources:
        engine = assemble(config_reloader.settings, resources, Idle())
        when_ready()
        end = engine.run()
        while isinstance(end, Idle):
            resources.close()
            _drop_obsolete_events(inbox)
            following = _next_engine(assemble, config_reloader, resources, end)
            following.inherit(engine.pending_up_to(following))
            engine = following
            end = engine.run()
        return end


def _next_engine(assemble: Assemble, config_reloader: ConfigReloader, resources: ExitStack, start: Idle) -> Engine:
    """Return an engine for the pending settings, or for the previous ones if these cannot be put into force."""
    reloaded = config_reloader.pending
    if reloaded is not None:
        try:
            engine = assemble(reloaded.settings, resources, start)
        except (ReloaderError, ImportError) as error:  # the files of a frozen program may be gone
            resources.close()
            config_reloader.reject(error.problems if isinstance(error, ConfigError) else [str(error)])
            start = replace(start, reason=reason_without_new_settings(start.run + 1))
        else:
            config_reloader.accept(reloaded)
            return engine
    return assemble(config_reloader.settings, resources, start)


def _drop_obsolete_events(inbox: Inbox) -> None:
    """Keep the events that concern the next engine as well: requests, changed paths, and a hook that may have ended.

    A requested restart follows anyway, and failures are those of stopped watchers.
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
    """Run a session until it ends, and return the exit code. Raises ReloaderError for what the user must mend first.

    What is saved of ``configuration``, from which the settings are, takes effect while the session runs. If
    ``ends_the_process``, the signal handlers are not restored at the end, but ignore their signals.
    """
    inbox = Inbox(time.monotonic)
    with ExitStack() as resources:
        signals = SystemSignals()
        resources.callback(signals.stop, for_good=ends_the_process)
        signals.start(inbox.post)
        session = SessionContext(settings, reporter, configuration, inbox, resources)
        try:
            return run_engines(partial(assemble, session), session.config_reloader, inbox, _ready_for_the_loop)
        except ScanInterrupted as interrupted:
            return interrupted.exit_code


def _ready_for_the_loop() -> None:
    """Import what a frozen program could not import later, and keep all that exists out of garbage collection."""
    import_ahead()
    gc.freeze()
    gc.enable()
