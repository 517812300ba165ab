"""The common part of the subcommands that ask a running session: which session they ask, and how they show its answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from reloader.cli.subcommand import Flag, Subcommand
from reloader.config.arguments import Arguments
from reloader.errors import ConfigError

TYPE_CHECKING = False  # these two bring dataclasses, which an error or a help text does not need
if TYPE_CHECKING:
    from reloader.core.control_protocol import Request
    from reloader.core.notices import ControlAnswer, Notice

PID = Flag("pid", "Ask the session with this pid, if several are running.", metavar="PID")


def simple_request(request: Request, *, details: str, examples: tuple[str, ...]) -> Subcommand:
    """Return a subcommand that sends ``request`` to one session and shows the answer."""

    def perform(arguments: Arguments) -> int:
        show(arguments, ask(arguments, request))
        return 0

    return Subcommand(perform, general=("config", "quiet", "json"), flags=(PID,), details=details, examples=examples)


def ask(arguments: Arguments, request: Request) -> ControlAnswer:
    """Return the answer of the session of this project, or of the one that ``--pid`` names.

    Raises SessionNotFound if none is running, and NoSession if several are and none was named.
    """
    from reloader.app.client import ask_one

    return ask_one(project_locations(arguments, os.environ), request, pid_of(arguments)).notice


def show(arguments: Arguments, *notices: Notice) -> None:
    """Print the answers on standard output."""
    from reloader.cli.context import console_on

    console = console_on(sys.stdout, arguments)
    for notice in notices:
        console.report(notice)


def project_locations(arguments: Arguments, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the real paths that may name the session's project, the likeliest first."""
    from reloader.cli.context import current_directory
    from reloader.config.discovery import project_paths
    from reloader.config.options import CONFIG_VARIABLE

    named = arguments.config or environ.get(CONFIG_VARIABLE) or None
    return project_paths(named, current_directory(), os.path.expanduser("~"))


def pid_of(arguments: Arguments) -> int | None:
    """Return the number that ``--pid`` names, or None without it. Raises ConfigError if it is not a number."""
    text = arguments.options.get("pid")
    if text is None:
        return None
    if not str(text).isdecimal():
        raise ConfigError([f'--pid: "{text}" is not a number. To see the pids of the sessions: reloader status'])
    return int(str(text))
