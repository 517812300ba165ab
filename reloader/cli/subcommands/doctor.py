"""``reloader doctor``: what a session would watch here, measured."""

from __future__ import annotations

import os
import sys

from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    """What the doctor says, with 1 if something is amiss."""
    from reloader.app.doctor import examine
    from reloader.cli.context import console_on, load_settings

    console = console_on(sys.stdout, arguments)
    examine(load_settings(arguments, os.environ, needs_command=False), console)
    return int(console.has_warned)


SUBCOMMAND = Subcommand(
    perform,
    takes_keys=True,
    details="""
Says for each directory what would watch it and why, what it takes to watch everything, how soon a change is heard of
there, and how much of the system's limits is in use. To measure that, it writes a file into each directory, and
removes it.

The exit code is 0 if all is well, else 1.
""",
    examples=("reloader doctor", "reloader doctor --backend stat --json"),
)
