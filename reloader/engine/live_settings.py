"""The settings in force in an engine: what may change at once is changed in it, all else is for the engine that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reloader.core.events import SettingsChanged
from reloader.core.settings import Settings
from reloader.core.states import ConfigChanged, Idle, Reason, RestartHistory, reason_without_new_settings
from reloader.engine.config_reload import ConfigReloader
from reloader.engine.pause import Pause
from reloader.interfaces import ReloadedConfig


class LiveSettings:
    """Owned by the engine's thread. ``current`` is in force, and ``start`` says how the engine began.

    ``set_policies`` hands the engine's parts what may change at once. ``set_pending_policies`` hands the gate the check that
    a run of pending settings has to pass.
    """

    def __init__(
        self,
        settings: Settings,
        start: Idle,
        reloader: ConfigReloader,
        pause: Pause,
        set_policies: Callable[[Settings], None],
        set_pending_policies: Callable[[Settings], None],
    ) -> None:
        self.current = settings
        self._start = start
        self._reloader = reloader
        self._pause = pause
        self._set_policies = set_policies
        self._set_pending_policies = set_pending_policies

    def reload(self, now: float) -> SettingsChanged | None:
        """Apply what was saved. Return an event if the run has to be replaced for it."""
        reloaded = self._read(lambda: self._reloader.tick(now))
        return SettingsChanged(_keys_of(reloaded)) if reloaded is not None and self._apply(reloaded) else None

    def before_launch(self, run: int) -> Idle | None:
        """Make sure that ``run`` starts with the settings in force, whatever the reason for its launch.

        Returns how the engine for other settings is to begin, or None if this engine starts the run.
        """
        reloaded = self._read(self._reloader.before_launch)
        if reloaded is not None:
            self._apply(reloaded)
        pending = self._reloader.pending
        return None if pending is None else _start_after(run - 1, pending)

    def reason_for(self, run: int, reason: Reason) -> Reason:
        """Return ``reason``, unless it was other settings that have come to nothing."""
        is_obsolete = isinstance(reason, ConfigChanged) and reason is not self._start.reason
        return reason_without_new_settings(run) if is_obsolete else reason

    def _read(self, read: Callable[[], ReloadedConfig | None]) -> ReloadedConfig | None:
        """Return what is to be applied. If pending settings were withdrawn, the gate no longer waits for them."""
        if self._pause.is_on:
            return None
        was_pending = self._reloader.pending is not None
        reloaded = read()
        if was_pending and reloaded is None and self._reloader.pending is None:
            self._set_policies(self.current)
        return reloaded

    def _apply(self, reloaded: ReloadedConfig) -> bool:
        """Return True if ``reloaded`` needs another engine. Else its policies are in force from now on."""
        if self._reloader.judge(reloaded):
            self._set_pending_policies(reloaded.settings)
            return True
        # The launch settings stay: the sockets have their numbers in them.
        self.current = replace(reloaded.settings, launch=self.current.launch)
        self._set_policies(self.current)
        self._reloader.accept(reloaded)
        return False


def _start_after(run: int, reloaded: ReloadedConfig) -> Idle:
    """Return how the engine for other settings begins. They count as a served change, so no typo in them ends the session."""
    return Idle(run, ConfigChanged(_keys_of(reloaded)), RestartHistory(has_handled_change=True))


def _keys_of(reloaded: ReloadedConfig) -> tuple[str, ...]:
    return tuple(change.key for change in reloaded.changes)
