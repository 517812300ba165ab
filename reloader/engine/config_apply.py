"""What was saved of the configuration, in an engine: policies are exchanged in it, all else is for an engine that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reloader.core.events import SettingsChanged
from reloader.core.settings import Settings
from reloader.core.states import ConfigChanged, Idle, Reason, RestartHistory, for_want_of_another_plan
from reloader.engine.components import Components
from reloader.interfaces import ReloadedConfig


class SettingsSwitch:
    """Owned by the engine's thread. ``plan`` is the one in force, and ``start`` how the engine began."""

    def __init__(self, plan: Settings, parts: Components, start: Idle) -> None:
        self.plan = plan
        self._parts = parts
        self._start = start

    @property
    def deadline(self) -> float | None:
        """When the configuration is looked at; during a pause it is not."""
        return None if self._parts.control.pause.is_on else self._parts.renewal.deadline

    def look(self, now: float) -> SettingsChanged | None:
        """Take over what was saved. The answer is for the supervisor: the run is not from the plan that is to follow."""
        renewed = self._saved(lambda: self._parts.renewal.tick(now))
        return SettingsChanged(_keys_of(renewed)) if renewed is not None and self._take_over(renewed) else None

    def before_launch(self, run: int) -> Idle | None:
        """Whatever the reason for a launch, what starts is from the plan that is in force.

        The answer is how the engine for another plan is to begin, or None if it is this one that starts the run.
        """
        renewed = self._saved(self._parts.renewal.before_launch)
        if renewed is not None:
            self._take_over(renewed)
        pending = self._parts.renewal.pending
        return None if pending is None else _start_after(run - 1, pending)

    def reason_for(self, run: int, reason: Reason) -> Reason:
        """``reason``, unless that was another plan which has come to nothing."""
        is_gone = isinstance(reason, ConfigChanged) and reason is not self._start.reason
        return for_want_of_another_plan(run) if is_gone else reason

    def _saved(self, read: Callable[[], ReloadedConfig | None]) -> ReloadedConfig | None:
        """What is to be taken over. If that is nothing any more, what waits for it does so no longer."""
        parts = self._parts
        if parts.control.pause.is_on:
            return None
        was_pending = parts.renewal.pending is not None
        renewed = read()
        if was_pending and renewed is None and parts.renewal.pending is None:
            parts.beside.adopt(self.plan)
        return renewed

    def _take_over(self, renewed: ReloadedConfig) -> bool:
        """Whether that needs other parts than those that there are. Policies are exchanged at once."""
        parts = self._parts
        if parts.renewal.judge(renewed):
            parts.beside.hold_to(renewed.plan)
            return True
        self.plan = replace(renewed.plan, launch=self.plan.launch)  # in which the sockets have their numbers
        parts.collector.adopt(self.plan.watch.debounce)
        parts.beside.adopt(self.plan)
        parts.control.adopt(self.plan)
        parts.renewal.accept(renewed)
        return False


def _start_after(run: int, renewed: ReloadedConfig) -> Idle:
    """How the engine for another plan begins. The plan is a change that was served, so that no typo in it ends the session."""
    return Idle(run, ConfigChanged(_keys_of(renewed)), RestartHistory(has_served_a_change=True))


def _keys_of(renewed: ReloadedConfig) -> tuple[str, ...]:
    return tuple(change.key for change in renewed.changes)
