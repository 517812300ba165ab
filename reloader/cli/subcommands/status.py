"""``reloader status``: how the running sessions of this project are."""

from __future__ import annotations

import os

from reloader.cli.asking import PID, ask, pid_in, projects_of_here, show
from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.app.client import ask_all
    from reloader.core.control_protocol import StatusRequest

    if pid_in(arguments) is not None:
        show(arguments, ask(arguments, StatusRequest()))
    else:
        show(arguments, *(told.notice for told in ask_all(projects_of_here(arguments, os.environ))))
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "quiet", "json"),
    flags=(PID,),
    details="""
Says of each session of this project what it runs, since when and why, whether that is ready, whether the session is
paused and what it holds back. The project is the one of the config file that applies here, or the directory where
there is none.

The exit code is 0, or 4 if no session runs here.
""",
    examples=("reloader status", "reloader status --json"),
)
