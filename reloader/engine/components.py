"""What an engine is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reloader.core.changes import ChangeBatch
from reloader.engine.agent_reports import Program
from reloader.engine.config_reload import Renewal
from reloader.engine.control.handler import Control
from reloader.engine.files.backends import Watching
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.rescan import Sweep
from reloader.engine.files.restart_loops import LoopGuard
from reloader.engine.inbox import Inbox
from reloader.engine.port_conflicts import FailedStarts
from reloader.engine.tasks.auxiliary import Beside
from reloader.interfaces import ChildHost, Clock, Reporter

#: The environment of a run, by its number.
EnvironmentFor = Callable[[int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Parts:
    """Each of them can be a fake."""

    host: ChildHost
    watching: Watching
    baseline: Baseline
    collector: ChangeCollector
    sweep: Sweep
    loops: LoopGuard
    failed_starts: FailedStarts
    program: Program
    control: Control
    reporter: Reporter
    clock: Clock
    inbox: Inbox
    environment_for: EnvironmentFor
    prepare: Callable[[ChangeBatch], None]
    beside: Beside
    renewal: Renewal
