"""What was saved of the configuration, in an engine: policies are exchanged in it, all else is for an engine that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reloader.core.events import SettingsChanged
from reloader.core.settings import Settings
from reloader.core.states import ConfigChanged, Idle, Reason, RestartHistory, reason_without_new_settings
from reloader.engine.components import Components
from reloader.interfaces import ReloadedConfig


class SettingsSwitch:
    """Owned by the engine's thread. ``settings`` is the one in force, and ``start`` how the engine began."""

    def __init__(self, settings: Settings, parts: Components, start: Idle) -> None:
        self.settings = settings
        self._parts = parts
        self._start = start

    @property
    def deadline(self) -> float | None:
        """When the configuration is looked at; during a pause it is not."""
        return None if self._parts.control.pause.is_on else self._parts.renewal.deadline

    def look(self, now: float) -> SettingsChanged | None:
        """Take over what was saved. The answer is for the supervisor: the run is not from the plan that is to follow."""
        reloaded = self._saved(lambda: self._parts.renewal.tick(now))
        return SettingsChanged(_keys_of(reloaded)) if reloaded is not None and self._take_over(reloaded) else None

    def before_launch(self, run: int) -> Idle | None:
        """Whatever the reason for a launch, what starts is from the plan that is in force.

        The answer is how the engine for another plan is to begin, or None if it is this one that starts the run.
        """
        reloaded = self._saved(self._parts.renewal.before_launch)
        if reloaded is not None:
            self._take_over(reloaded)
        pending = self._parts.renewal.pending
        return None if pending is None else _start_after(run - 1, pending)

    def reason_for(self, run: int, reason: Reason) -> Reason:
        """``reason``, unless that was another plan which has come to nothing."""
        is_gone = isinstance(reason, ConfigChanged) and reason is not self._start.reason
        return reason_without_new_settings(run) if is_gone else reason

    def _saved(self, read: Callable[[], ReloadedConfig | None]) -> ReloadedConfig | None:
        """What is to be taken over. If that is nothing any more, what waits for it does so no longer."""
        parts = self._parts
        if parts.control.pause.is_on:
            return None
        was_pending = parts.renewal.pending is not None
        reloaded = read()
        if was_pending and reloaded is None and parts.renewal.pending is None:
            parts.beside.adopt(self.settings)
        return reloaded

    def _take_over(self, reloaded: ReloadedConfig) -> bool:
        """Whether that needs other parts than those that there are. Policies are exchanged at once."""
        parts = self._parts
        if parts.renewal.judge(reloaded):
            parts.beside.hold_to(reloaded.settings)
            return True
        self.settings = replace(
            reloaded.settings, launch=self.settings.launch
        )  # in which the sockets have their numbers
        parts.collector.adopt(self.settings.watch.debounce)
        parts.beside.adopt(self.settings)
        parts.control.adopt(self.settings)
        parts.renewal.accept(reloaded)
        return False


def _start_after(run: int, reloaded: ReloadedConfig) -> Idle:
    """How the engine for another plan begins. The plan is a change that was served, so that no typo in it ends the session."""
    return Idle(run, ConfigChanged(_keys_of(reloaded)), RestartHistory(has_handled_change=True))


def _keys_of(reloaded: ReloadedConfig) -> tuple[str, ...]:
    return tuple(change.key for change in reloaded.changes)
