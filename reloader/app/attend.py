"""Opens a session to those who want to ask it something, and to its history. A composition root, as ``assemble`` is."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from reloader.core.session_notices import ControlUnavailable
from reloader.core.settings import RunPlan
from reloader.engine.control.journal import Chronicle
from reloader.engine.inbox import Inbox
from reloader.interfaces import Reporter
from reloader.system.control_server import Visitors
from reloader.system.control_socket import MeetingPoint
from reloader.system.run_history import History


def chronicle_of(plan: RunPlan, reporter: Reporter) -> Chronicle:
    """What listens to ``reporter`` and writes the history. A plan of no project has none."""
    if not plan.project:
        return Chronicle(reporter, time.monotonic, time.time)
    history = History(plan.project, os.environ, os.path.expanduser("~"))
    return Chronicle(reporter, time.monotonic, time.time, history.keep)


def open_to_visitors(plan: RunPlan, inbox: Inbox, reporter: Reporter, resources: ExitStack) -> None:
    """From now on others may ask. A session that cannot be asked runs all the same."""
    if not plan.project:
        return
    try:
        point = MeetingPoint(plan.project, os.environ)
    except OSError as error:
        remedy = "Set XDG_RUNTIME_DIR to a short path of a directory that only this user may enter"
        reporter.tell(ControlUnavailable(str(error), remedy))
        return
    resources.callback(Visitors(point, inbox.post).close)
