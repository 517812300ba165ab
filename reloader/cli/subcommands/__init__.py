"""The table of verbs. Each has a module of its name here, which is imported only when it is asked for.

To add one: a line in VERBS, and a module that holds ``SUBCOMMAND``. Help, completions and the manual follow from these.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.cli.subcommand import Subcommand

DEFAULT = "run"
"""What happens without a verb."""

SUBCOMMANDS = {
    "run": "Run the command, restart it at changes; the default.",
    "init": "Write a reloader.toml that fits this project.",
    "check": "Judge the configuration; show what is in force.",
    "schema": "Print the JSON Schema of reloader.toml, for editors.",
    "status": "Say how the running session is.",
    "restart": "Restart by hand, from elsewhere.",
    "pause": "Have changes collected, not served.",
    "resume": "Serve what was collected, and all that follows.",
    "wait": "Return when the run with the last edit is ready.",
    "history": "List the last runs, each with its reason and end.",
    "watch": "Tell of changes, batch by batch; run nothing.",
    "why": "Say why a path counts or does not.",
    "files": "List every file that counts.",
    "doctor": "Say what would watch here, and why; measure it.",
    "completions": "Print completions for a shell.",
    "man": "Print the manual page.",
}
"""What each does, in one line, in the order of the help."""


def load(name: str) -> Subcommand:
    """The verb of that name, which is one of VERBS."""
    subcommand: Subcommand = __import__(
        f"{__name__}.{name}", fromlist=["VERB"]
    ).SUBCOMMAND  # importlib itself would have to be imported
    return subcommand
