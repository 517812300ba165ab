"""The table of verbs. Each has a module of its name here, which is imported only when it is asked for.

To add one: a line in VERBS, and a module that holds ``VERB``. Help, completions and the manual follow from these.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.cli.verb import Verb

DEFAULT = "run"
"""What happens without a verb."""

VERBS = {
    "run": "Run the command, restart it at changes; the default.",
    "init": "Write a reloader.toml that fits this project.",
    "check": "Judge the configuration; show what is in force.",
    "schema": "Print the JSON Schema of reloader.toml, for editors.",
    "doctor": "Say what would watch here, and why; measure it.",
    "completions": "Print completions for a shell.",
    "man": "Print the manual page.",
}
"""What each does, in one line, in the order of the help."""


def load(name: str) -> Verb:
    """The verb of that name, which is one of VERBS."""
    verb: Verb = __import__(f"{__name__}.{name}", fromlist=["VERB"]).VERB  # importlib itself would have to be imported
    return verb
