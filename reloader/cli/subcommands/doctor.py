"""``reloader doctor``: how a session would watch the files here, with measurements."""

from __future__ import annotations

import os
import sys

from reloader.cli.subcommand import Subcommand
from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    """Print the findings. Return 1 if one of them is a warning."""
    from reloader.app.doctor import examine
    from reloader.cli.context import console_on, load_settings

    console = console_on(sys.stdout, arguments)
    examine(load_settings(arguments, os.environ, needs_command=False), console)
    return int(console.has_warned)


SUBCOMMAND = Subcommand(
    perform,
    takes_keys=True,
    details="""
Shows for each directory which backend would watch it and why, how long it takes to watch everything, how soon a change
is noticed, and how much of the system's limits is in use. To measure this, it writes a file into each directory and
removes it.

The exit code is 0 if everything is in order, otherwise 1.
""",
    examples=("reloader doctor", "reloader doctor --backend stat --json"),
)
