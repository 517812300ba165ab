"""The components of an engine, and the protocol of those that act by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reloader.core.changes import ChangeBatch
from reloader.core.events import Event
from reloader.core.gate import GateResult
from reloader.core.states import Reason
from reloader.engine.agent_reports import AgentReports
from reloader.engine.change_tracker import ChangeTracker
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.control.handler import ControlHandler
from reloader.engine.files.restart_loops import RestartLoopGuard
from reloader.engine.inbox import Inbox
from reloader.engine.pause import Pause
from reloader.engine.port_conflicts import PortConflicts
from reloader.engine.tasks.gate import GateRunner
from reloader.engine.tasks.hooks import Hooks
from reloader.engine.tasks.readiness import Readiness
from reloader.engine.tasks.runner import TaskRunner
from reloader.interfaces import ChildHost, Clock, Reporter

#: Return the environment of a run. Arguments: its number, the reason for it, the changes since the last launch.
EnvironmentFor = Callable[[int, Reason, ChangeBatch], Mapping[str, str]]


class Component(Protocol):
    """A component that acts by itself. The engine calls it only while it is active."""

    @property
    def is_active(self) -> bool:
        """True if ``tick`` is to be called on every turn."""

    @property
    def deadline(self) -> float | None:
        """The moment at which a turn is needed even if nothing is posted, or None."""

    def tick(self, now: float) -> Iterable[Event | GateResult]:
        """Do what is due, and return the events that follow from it."""


@dataclass(frozen=True, slots=True)
class Components:
    """Tests may replace each of them by a fake."""

    host: ChildHost
    files: ChangeTracker
    agent_reports: AgentReports
    restart_loops: RestartLoopGuard
    port_conflicts: PortConflicts
    tasks: TaskRunner
    gate: GateRunner
    readiness: Readiness
    hooks: Hooks
    pause: Pause
    control: ControlHandler
    config_reloader: ConfigReloader
    reporter: Reporter
    clock: Clock
    inbox: Inbox
    environment_for: EnvironmentFor
    prepare: Callable[[ChangeBatch], None]
