"""What most verbs begin with: a console, and the plan."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from reloader.cli.output.console import Console, Options, Style
from reloader.config.arguments import Arguments
from reloader.config.load import Loaded
from reloader.config.reload import ConfigSource
from reloader.core.settings import OutputSettings, Settings
from reloader.errors import ConfigError
from reloader.interfaces import Fingerprint, ReloadedConfig, Reporter

if TYPE_CHECKING:
    from reloader.interfaces import Reporter


class ReloadableConfiguration:
    """``reporter_for`` makes the reporter of a plan; it raises ConfigError for what it cannot write to."""

    def __init__(self, source: ConfigSource, reporter_for: Callable[[OutputSettings], Reporter]) -> None:
        self._source = source
        self._reporter_for = reporter_for
        self._newest: Loaded = source.loaded

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
        """Of what was read, the newest is what is accepted."""
        self._source.accept(self._newest)


def console_on(stream: TextIO, options: Options) -> Console:
    from reloader.app.session import enable_colour  # brings all that a session needs

    shows_colour = enable_colour(stream)
    return Console(stream, Style.of(options, stream, shows_colour=shows_colour, environ=os.environ))


def load_settings(arguments: Arguments, environ: Mapping[str, str], *, needs_command: bool = True) -> Settings:
    """The plan for the current directory. Raises ConfigError with all that is wrong."""
    return load_here(arguments, environ, needs_command=needs_command).settings


def load_here(arguments: Arguments, environ: Mapping[str, str], *, needs_command: bool = True) -> Loaded:
    """As ``load_settings``, with all that was written."""
    directory = current_directory()  # first: there are versions of pydantic that cannot be imported without one
    from reloader.config.load import load

    return load(
        arguments,
        environ=environ,
        directory=directory,
        home=os.path.expanduser("~"),
        platform=sys.platform,
        needs_command=needs_command,
    )


def configuration_of(
    arguments: Arguments, environ: Mapping[str, str], reporter_for: Callable[[OutputSettings], Reporter]
) -> ReloadableConfiguration:
    """As ``load_settings``, for a session, which takes over what is saved of it. ``environ`` is taken as it is now."""
    directory = current_directory()
    from reloader.config.reload import ConfigSource

    source = ConfigSource(arguments, dict(environ), directory, os.path.expanduser("~"), sys.platform)
    return ReloadableConfiguration(source, reporter_for)


def current_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise ConfigError(["the current directory was deleted: change into one that exists"]) from None


def standard_error() -> TextIO:
    """Where notices go. What was closed is opened on nothing first, lest a file of ours be taken for a standard stream."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest free number, which is this one
    return sys.stderr if sys.stderr is not None else open(os.devnull, "w", encoding="utf-8")
