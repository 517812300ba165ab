"""What an engine is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reloader.core.changes import ChangeBatch
from reloader.engine.agent_reports import AgentReports
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.handler import ControlHandler
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.collector import ChangeCollector
from reloader.engine.files.rescan import Rescan
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.inbox import Inbox
from reloader.engine.port_conflicts import PortConflicts
from reloader.engine.tasks.auxiliary import Auxiliary
from reloader.interfaces import ChildHost, Clock, Reporter

#: The environment of a run, by its number.
EnvironmentFor = Callable[[int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Components:
    """Each of them can be a fake."""

    host: ChildHost
    watching: BackendSet
    baseline: Baseline
    collector: ChangeCollector
    rescan: Rescan
    loops: RestartLoopGuard
    failed_starts: PortConflicts
    program: AgentReports
    control: ControlHandler
    reporter: Reporter
    clock: Clock
    inbox: Inbox
    environment_for: EnvironmentFor
    prepare: Callable[[ChangeBatch], None]
    beside: Auxiliary
    renewal: ConfigReloader
