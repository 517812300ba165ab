"""Applies reloaded settings: at once in this engine if that is possible, else by a new engine."""

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
    """Owned by the engine's thread. ``current`` are the settings in force, ``start`` is the state in which the engine began.

    ``set_policies`` passes the settings that may change at once to the engine's components. ``set_pending_policies`` passes
    the gate the check that a run with pending settings must pass.
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
        """Apply a saved configuration. Return an event if the run must be replaced for it."""
        reloaded = self._read(lambda: self._reloader.tick(now))
        return SettingsChanged(_keys_of(reloaded)) if reloaded is not None and self._apply(reloaded) else None

    def before_launch(self, run: int) -> Idle | None:
        """Read the configuration once more, so that ``run`` starts with the saved settings.

        Return the state in which an engine with other settings is to begin, or None if this engine starts the run.
        """
        reloaded = self._read(self._reloader.before_launch)
        if reloaded is not None:
            self._apply(reloaded)
        pending = self._reloader.pending
        return None if pending is None else _start_after(run - 1, pending)

    def reason_for(self, run: int, reason: Reason) -> Reason:
        """Return ``reason``. If it was a change of settings that was withdrawn, return another reason."""
        is_obsolete = isinstance(reason, ConfigChanged) and reason is not self._start.reason
        return reason_without_new_settings(run) if is_obsolete else reason

    def _read(self, read: Callable[[], ReloadedConfig | None]) -> ReloadedConfig | None:
        """Return the settings to be applied. If pending settings were withdrawn, restore the policies in force."""
        if self._pause.is_on:
            return None
        was_pending = self._reloader.pending is not None
        reloaded = read()
        if was_pending and reloaded is None and self._reloader.pending is None:
            self._set_policies(self.current)
        return reloaded

    def _apply(self, reloaded: ReloadedConfig) -> bool:
        """Return True if ``reloaded`` needs another engine. Otherwise put its policies in force."""
        if self._reloader.announce(reloaded):
            self._set_pending_policies(reloaded.settings)
            return True
        # The launch settings stay, since they contain the descriptors of the sockets.
        self.current = replace(reloaded.settings, launch=self.current.launch)
        self._set_policies(self.current)
        self._reloader.accept(reloaded)
        return False


def _start_after(run: int, reloaded: ReloadedConfig) -> Idle:
    """Return the state in which an engine with other settings begins.

    The change of settings counts as handled, so that a typo in them does not end the session.
    """
    return Idle(run, ConfigChanged(_keys_of(reloaded)), RestartHistory(has_handled_change=True))


def _keys_of(reloaded: ReloadedConfig) -> tuple[str, ...]:
    return tuple(change.key for change in reloaded.changes)
