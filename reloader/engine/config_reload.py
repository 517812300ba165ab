"""Picks up what is saved of the configuration while the session runs, and says what follows from it. Does none of it itself."""

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

#: Seconds between two looks that nobody has hinted at. Watchers hint; where one cannot, this is how long a save may wait.
CHECK_INTERVAL = 5.0
#: What was saved is read when it has looked the same for so many seconds: editors write in several steps.
QUIET_TIME = 0.1
#: So many seconds it is not looked at when the runs seem to write it. Then what is on the disk by then is taken over.
SUSPENSION = 60.0


class ConfigReloader:
    """Owned by the engine's thread; lives as long as the session.

    ``settings`` is in force, and ``pending`` is to be, as soon as nothing runs any more. A library's session has no
    ``configuration``, so that there is never anything to do.
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
        self._tell_to = set_reporter
        self.paths = _paths_of(configuration)
        self._known: Fingerprint = configuration.initial_fingerprint if configuration is not None else {}
        self._unsettled: Fingerprint | None = None
        self._is_in_doubt = False
        self._has_launched = False
        self._look_at = clock()
        self._loops = RestartLoops()
        self._launched_at = clock()
        self._suspended_until = clock()

    @property
    def deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        return None if self._looked_at is None else max(self._look_at, self._suspended_until)

    @property
    def _looked_at(self) -> Configuration | None:
        """None where nothing that is saved is taken over: to a session of a single run nothing matters after its launch."""
        return None if self._has_launched and self.settings.restart.once else self._configuration

    def handle(self, paths: Iterable[str]) -> None:
        """Look at the configuration at once if a backend hints at one of its ``paths``."""
        if not self.paths.isdisjoint(paths):
            self._look_at = self._clock()

    @property
    def has_unread_changes(self) -> bool:
        """Whether something was saved that has not been read yet."""
        return self._unsettled is not None

    def check_now(self) -> None:
        """Somebody asks for all that is on the disk: no hint is waited for."""
        if self._looked_at is not None:
            look = self._looked_at.fingerprint()
            if look not in (self._known, self._unsettled):
                self._has_changed(look, self._clock())

    def tick(self, now: float) -> ReloadedConfig | None:
        """What was saved, once that is certain, and is to be taken over at once. What needs a new session is pending."""
        configuration = self._looked_at
        if configuration is None or now < max(self._look_at, self._suspended_until):
            return None
        look = configuration.fingerprint()
        if look in (self._known, self._unsettled):
            self._look_at = now + CHECK_INTERVAL
            is_new, self._unsettled = look != self._known, None
            self._known = look
            return self._read(configuration) if is_new else None
        self._has_changed(look, now)
        return None

    def before_launch(self) -> ReloadedConfig | None:
        """As ``tick``, without patience: what is about to start shall be from what is on the disk.

        What is no good may not be finished yet, and is left to ``tick``.
        """
        now = self._clock()
        self._has_launched, self._launched_at = True, now
        if self._configuration is None or now < self._suspended_until:
            return None
        look = self._configuration.fingerprint()
        if look == self._known:
            return None
        try:
            reloaded = self._configuration.read()
        except ConfigError:
            return None
        self._known, self._unsettled = look, None
        return self._judged(reloaded, self._configuration)

    def accept(self, reloaded: ReloadedConfig) -> None:
        """``reloaded`` is in force."""
        self.settings, self.pending = reloaded.settings, None
        if self._configuration is not None:
            self._configuration.accept(reloaded)
            self._tell_to(reloaded.reporter)
            self.paths = _paths_of(self._configuration)
            self._look_at = self._clock()

    def refuse(self, problems: Iterable[str]) -> None:
        """What was pending cannot be had."""
        self._doubt(ConfigInvalid(tuple(problems)))

    def _read(self, configuration: Configuration) -> ReloadedConfig | None:
        try:
            return self._judged(configuration.read(), configuration)
        except ConfigFileMissing as gone:
            self._doubt(ConfigMissing(", ".join(gone.problems)))
        except ConfigError as error:
            self._doubt(ConfigInvalid(tuple(error.problems)))
        return None

    def _doubt(self, why: ConfigMissing | ConfigInvalid) -> None:
        """What is in force stays so, as is told: what was to follow is no more on the disk."""
        self._is_in_doubt, self.pending = True, None
        self._report(why)

    def _has_changed(self, look: Fingerprint, now: float) -> None:
        self._unsettled = look
        self._look_at = now + QUIET_TIME

    def _judged(self, reloaded: ReloadedConfig | None, configuration: Configuration) -> ReloadedConfig | None:
        was_in_doubt = self._is_in_doubt or self.pending is not None
        self._is_in_doubt, self.pending = False, None
        if reloaded is None:
            if was_in_doubt:
                self._report(ConfigRestored(configuration.source))
            return None
        return reloaded

    def judge(self, reloaded: ReloadedConfig) -> bool:
        """Tell of ``reloaded``, and whether it needs a new session; then it is pending."""
        needs_new = needs_restart(self.settings, reloaded.settings)
        self._report(ConfigReloaded(reloaded.settings.source, reloaded.changes, needs_new))
        self.pending = reloaded if needs_new else None
        if needs_new:
            self._guard_against_loops(reloaded.settings.source)
        return needs_new

    def reset(self) -> None:
        """Look at the configuration again: the user has asked for a restart."""
        self._loops = RestartLoops()
        self._suspended_until = self._clock()

    def note_external_activity(self) -> None:
        """Note that a client has waited for this run. It may save the configuration as soon as the run is ready."""
        self._loops = self._loops.note_external_activity()

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
