"""What the verbs that ask a running session have in common: whom they ask, and how they show the answer."""

from __future__ import annotations

import os
import sys

from reloader.cli.subcommand import Flag
from reloader.errors import ConfigError

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from collections.abc import Mapping

    from reloader.config.arguments import Arguments
    from reloader.core.control_protocol import Request
    from reloader.core.notices import SessionNotice

PID = Flag("pid", "Ask the session with this pid, where several run.", metavar="PID")


def ask(arguments: Arguments, request: Request) -> SessionNotice:
    """The answer of the one session that is meant."""
    from reloader.app.client import ask_one

    return ask_one(projects_of_here(arguments, os.environ), request, pid_in(arguments)).notice


def show(arguments: Arguments, *notices: SessionNotice) -> None:
    from reloader.cli.context import console_on

    console = console_on(sys.stdout, arguments)
    for notice in notices:
        console.report(notice)


def projects_of_here(arguments: Arguments, environ: Mapping[str, str]) -> tuple[str, ...]:
    from reloader.cli.context import current_directory
    from reloader.config.discovery import project_paths
    from reloader.config.options import CONFIG_VARIABLE

    named = arguments.config or environ.get(CONFIG_VARIABLE) or None
    return project_paths(named, current_directory(), os.path.expanduser("~"))


def pid_in(arguments: Arguments) -> int | None:
    text = arguments.options.get("pid")
    if text is None:
        return None
    if not str(text).isdecimal():
        raise ConfigError([f'--pid: "{text}" is not a number: "reloader status" shows those of the sessions'])
    return int(str(text))
