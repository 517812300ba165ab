"""``reloader status``: the state of the running sessions of this project."""

from __future__ import annotations

import os

from reloader.cli.session_client import PID, ask, pid_of, project_locations, show
from reloader.cli.subcommand import Subcommand
from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.app.client import ask_all
    from reloader.core.control_protocol import StatusRequest

    if pid_of(arguments) is not None:
        show(arguments, ask(arguments, StatusRequest()))
    else:
        show(arguments, *(response.notice for response in ask_all(project_locations(arguments, os.environ))))
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "quiet", "json"),
    flags=(PID,),
    details="""
Shows for each session of this project what it runs, since when and why, whether the run is ready, and whether the
session is paused and which changes are pending. The project is the one of the config file that applies here. Without a
config file, it is the current directory.

The exit code is 0, or 4 if no session is running here.
""",
    examples=("reloader status", "reloader status --json"),
)
