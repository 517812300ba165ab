"""A session from its plan to its exit code: what lasts as long as it does, and the engines that follow one another in it."""

from __future__ import annotations

import gc
import time
from contextlib import ExitStack
from functools import partial

from reloader.app.attend import chronicle_of
from reloader.app.exchange import run_engines
from reloader.app.session_context import Lasting
from reloader.app.wiring import assembled
from reloader.core.settings import RunPlan
from reloader.engine.config_reload import Renewal
from reloader.engine.files.progress import ScanInterrupted
from reloader.engine.inbox import Inbox
from reloader.interfaces import Configuration, Reporter
from reloader.system import Sockets, SystemSignals, enable_colour
from reloader.system.ahead import import_ahead
from reloader.system.session_files import SessionFiles

__all__ = ["enable_colour", "run_session"]


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
            return run_engines(partial(assembled, lasting_parts), renewal, inbox, _ready_for_the_loop)
        except ScanInterrupted as interrupted:
            return interrupted.exit_code


def _ready_for_the_loop() -> None:
    import_ahead()
    gc.freeze()  # nothing of what there is by now will ever be garbage
    gc.enable()
