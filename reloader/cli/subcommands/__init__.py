"""The table of subcommands. Each has a module of its name here, which is imported only when it is asked for.

To add one, write a line in SUBCOMMANDS and a module that holds ``SUBCOMMAND``. Its help, its completions and its part of
the manual page follow from these.
"""

from __future__ import annotations

from reloader.cli.subcommand import Subcommand

DEFAULT = "run"
"""The subcommand that is meant if none is written."""

SUBCOMMANDS = {
    "run": "Run the command and restart it on changes (default).",
    "init": "Write a reloader.toml that fits this project.",
    "check": "Check the configuration and show its values.",
    "schema": "Print the JSON Schema of reloader.toml, for editors.",
    "status": "Show the state of the running session.",
    "restart": "Restart the command of the running session.",
    "pause": "Collect changes instead of restarting on them.",
    "resume": "End a pause and handle the collected changes.",
    "wait": "Wait until the run with the last edit is ready.",
    "history": "List the last runs, each with its reason and end.",
    "watch": "Print each batch of changes; run no command.",
    "why": "Explain why a path is watched or not.",
    "files": "List every watched file.",
    "doctor": "Show and measure how files are watched here.",
    "completions": "Print completions for a shell.",
    "man": "Print the manual page.",
}
"""A line on each, in the order of the help."""


def load(name: str) -> Subcommand:
    """Import the subcommand of that name, which must be in SUBCOMMANDS."""
    module = __import__(f"{__name__}.{name}", fromlist=["SUBCOMMAND"])  # importlib itself would have to be imported
    subcommand: Subcommand = module.SUBCOMMAND
    return subcommand
