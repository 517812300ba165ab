"""The surroundings of a subcommand: a console on a stream, the settings of the current directory, the streams themselves."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from reloader.app.colour import shows_colour
from reloader.cli.output.console import Console, Options, Style
from reloader.config.arguments import Arguments
from reloader.errors import ConfigError

if TYPE_CHECKING:  # these bring pydantic
    from reloader.config.load import Loaded
    from reloader.core.settings import Settings


def console_on(stream: TextIO, options: Options) -> Console:
    return Console(stream, Style.of(options, stream, shows_colour=shows_colour(stream), environ=os.environ))


def load_settings(arguments: Arguments, environ: Mapping[str, str], *, needs_command: bool = True) -> Settings:
    """Return the settings for the current directory. Raises ConfigError with all problems."""
    return load_configuration(arguments, environ, needs_command=needs_command).settings


def load_configuration(arguments: Arguments, environ: Mapping[str, str], *, needs_command: bool = True) -> Loaded:
    """Return the settings for the current directory with the values that were merged. Raises ConfigError."""
    directory = current_directory()  # first: some versions of pydantic cannot be imported without one
    from reloader.config.load import load

    return load(
        arguments,
        environ=environ,
        directory=directory,
        home=os.path.expanduser("~"),
        platform=sys.platform,
        needs_command=needs_command,
    )


def current_directory() -> str:
    """Return the current directory. Raises ConfigError if it was deleted."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise ConfigError(["the current directory was deleted. Change into a directory that exists"]) from None


def standard_error() -> TextIO:
    """Return the stream for notices. Open closed standard descriptors on the null device first.

    Otherwise a file that reloader opens later could get the number of a standard stream.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest free number: this one
    return sys.stderr if sys.stderr is not None else open(os.devnull, "w", encoding="utf-8")
