"""Reads the configuration again when it is saved, and reports the result. Applies nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reloader.core.notices import (
    ConfigInvalid,
    ConfigMissing,
    ConfigReloaded,
    ConfigReloadSuspended,
    ConfigRestored,
    Notice,
)
from reloader.core.restart_loops import FileRestart, RestartLoops
from reloader.core.settings import Settings
from reloader.core.settings_diff import needs_restart
from reloader.errors import ConfigError, ConfigFileMissing
from reloader.interfaces import Clock, Configuration, Fingerprint, ReloadedConfig, Reporter

#: Seconds between two checks without a hint. Where no backend hints, a save is noticed this much later at most.
CHECK_INTERVAL = 5.0
#: Seconds without a further change before a saved file is read: editors write in several steps.
QUIET_TIME = 0.1
#: Seconds without any check after the runs seem to have written the configuration in a loop.
SUSPENSION = 60.0


class ConfigReloader:
    """Owned by the engine's thread; lives as long as the session.

    ``settings`` are in force. ``pending`` needs a new engine, and is applied as soon as nothing runs. The session of a
    library has no ``configuration``, so that there is nothing to do.
    """

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration | None,
        clock: Clock,
        report: Callable[[Notice], None],
        set_reporter: Callable[[Reporter], None] = lambda reporter: None,
    ) -> None:
        self.settings = settings
        self.pending: ReloadedConfig | None = None
        self._configuration = configuration
        self._clock = clock
        self._report = report
        self._set_reporter = set_reporter
        self.paths = _paths_of(configuration)
        self._known: Fingerprint = configuration.initial_fingerprint if configuration is not None else {}
        self._unread: Fingerprint | None = None
        self._is_rejected = False
        self._has_launched = False
        self._check_at = clock()
        self._loops = RestartLoops()
        self._launched_at = clock()
        self._suspended_until = clock()

    @property
    def deadline(self) -> float | None:
        """The moment at which ``tick`` has something to do."""
        return None if self._checked is None else max(self._check_at, self._suspended_until)

    @property
    def _checked(self) -> Configuration | None:
        """The configuration, or None if a change of it has no effect. With ``once`` it has none after the launch."""
        return None if self._has_launched and self.settings.restart.once else self._configuration

    def handle(self, paths: Iterable[str]) -> None:
        """Check the configuration at once if a backend hints at one of its ``paths``."""
        if not self.paths.isdisjoint(paths):
            self._check_at = self._clock()

    @property
    def has_unread_changes(self) -> bool:
        """True if the configuration was saved and has not been read since."""
        return self._unread is not None

    def check_now(self) -> None:
        """Look for a save without waiting for a hint: a client asks for the state that includes all files on the disk."""
        if self._checked is not None:
            fingerprint = self._checked.fingerprint()
            if fingerprint not in (self._known, self._unread):
                self._defer_reading(fingerprint, self._clock())

    def tick(self, now: float) -> ReloadedConfig | None:
        """Check the configuration if that is due. Return it if it was saved and has been quiet since."""
        configuration = self._checked
        if configuration is None or now < max(self._check_at, self._suspended_until):
            return None
        fingerprint = configuration.fingerprint()
        if fingerprint in (self._known, self._unread):
            self._check_at = now + CHECK_INTERVAL
            is_new, self._unread = fingerprint != self._known, None
            self._known = fingerprint
            return self._read(configuration) if is_new else None
        self._defer_reading(fingerprint, now)
        return None

    def before_launch(self) -> ReloadedConfig | None:
        """Return the configuration if it was saved, without waiting for quiet: the next run needs what is on the disk.

        A file with errors may be written to still, and is left to ``tick``.
        """
        now = self._clock()
        self._has_launched, self._launched_at = True, now
        if self._configuration is None or now < self._suspended_until:
            return None
        fingerprint = self._configuration.fingerprint()
        if fingerprint == self._known:
            return None
        try:
            reloaded = self._configuration.read()
        except ConfigError:
            return None
        self._known, self._unread = fingerprint, None
        return self._withdraw_pending(reloaded, self._configuration)

    def announce(self, reloaded: ReloadedConfig) -> bool:
        """Report ``reloaded``. Return True if it needs a new engine; it is pending then."""
        needs_new = needs_restart(self.settings, reloaded.settings)
        self._report(ConfigReloaded(reloaded.settings.source, reloaded.changes, needs_new))
        self.pending = reloaded if needs_new else None
        if needs_new:
            self._guard_against_loops(reloaded.settings.source)
        return needs_new

    def accept(self, reloaded: ReloadedConfig) -> None:
        """Note that ``reloaded`` is in force."""
        self.settings, self.pending = reloaded.settings, None
        if self._configuration is not None:
            self._configuration.accept(reloaded)
            self._set_reporter(reloaded.reporter)
            self.paths = _paths_of(self._configuration)
            self._check_at = self._clock()

    def reject(self, problems: Iterable[str]) -> None:
        """Reject the pending settings: no engine can be started with them."""
        self._reject(ConfigInvalid(tuple(problems)))

    def reset(self) -> None:
        """End a suspension: the user has requested a restart."""
        self._loops = RestartLoops()
        self._suspended_until = self._clock()

    def note_external_activity(self) -> None:
        """Note that a client has waited for this run. It may save the configuration as soon as the run is ready."""
        self._loops = self._loops.note_external_activity()

    def _defer_reading(self, fingerprint: Fingerprint, now: float) -> None:
        self._unread = fingerprint
        self._check_at = now + QUIET_TIME

    def _read(self, configuration: Configuration) -> ReloadedConfig | None:
        try:
            return self._withdraw_pending(configuration.read(), configuration)
        except ConfigFileMissing as missing:
            self._reject(ConfigMissing(", ".join(missing.problems)))
        except ConfigError as error:
            self._reject(ConfigInvalid(tuple(error.problems)))
        return None

    def _reject(self, notice: ConfigMissing | ConfigInvalid) -> None:
        """Keep the settings in force, and withdraw the pending ones, which are no longer on the disk."""
        self._is_rejected, self.pending = True, None
        self._report(notice)

    def _withdraw_pending(self, reloaded: ReloadedConfig | None, configuration: Configuration) -> ReloadedConfig | None:
        """Withdraw the pending settings, and return ``reloaded``. If it is None, the settings in force were restored."""
        was_different = self._is_rejected or self.pending is not None
        self._is_rejected, self.pending = False, None
        if reloaded is None and was_different:
            self._report(ConfigRestored(configuration.source))
        return reloaded

    def _guard_against_loops(self, source: str) -> None:
        now = self._clock()
        self._loops = self._loops.with_restart(FileRestart(now, {source: now - self._launched_at}))
        if self._loops.suspended:
            restarts = self._loops.restarts
            self._loops = RestartLoops()
            self._suspended_until = now + SUSPENSION
            self._report(ConfigReloadSuspended(source, len(restarts), now - restarts[0].moment, SUSPENSION))


def _paths_of(configuration: Configuration | None) -> frozenset[str]:
    return frozenset() if configuration is None else frozenset(configuration.locations)
