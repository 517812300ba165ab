"""The configuration of a session, which reads the config file again when it changes. Imports pydantic."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from reloader.config.arguments import Arguments
from reloader.config.load import Loaded
from reloader.config.reload import ConfigSource
from reloader.core.settings import OutputSettings, Settings
from reloader.interfaces import Fingerprint, ReloadedConfig, Reporter


class ReloadableConfiguration:
    """Gives the engine the settings, and new ones when the config file has changed.

    ``reporter_for`` makes the reporter for new output settings. It raises ConfigError if a log file cannot be written.
    """

    def __init__(self, source: ConfigSource, reporter_for: Callable[[OutputSettings], Reporter]) -> None:
        self._source = source
        self._reporter_for = reporter_for
        self._newest: Loaded = source.loaded

    @classmethod
    def of(
        cls,
        arguments: Arguments,
        environ: Mapping[str, str],
        directory: str,
        reporter_for: Callable[[OutputSettings], Reporter],
    ) -> ReloadableConfiguration:
        """Load the configuration that applies in ``directory``. ``environ`` is copied. Raises ConfigError."""
        source = ConfigSource(arguments, dict(environ), directory, os.path.expanduser("~"), sys.platform)
        return cls(source, reporter_for)

    @property
    def settings(self) -> Settings:
        return self._source.loaded.settings

    @property
    def source(self) -> str:
        return self.settings.source

    @property
    def locations(self) -> Sequence[str]:
        return self._source.locations

    @property
    def initial_fingerprint(self) -> Fingerprint:
        return self._source.initial_fingerprint

    def fingerprint(self) -> Fingerprint:
        return self._source.fingerprint()

    def read(self) -> ReloadedConfig | None:
        found = self._source.read()
        if found is None:
            return None
        loaded, changes = found
        reloaded = ReloadedConfig(loaded.settings, changes, self._reporter_for(loaded.settings.output))
        self._newest = loaded
        return reloaded

    def accept(self, reloaded: ReloadedConfig) -> None:
        """Accept the configuration that was read last, which ``reloaded`` is."""
        self._source.accept(self._newest)
