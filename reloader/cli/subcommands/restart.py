"""``reloader restart``: a restart by hand of a running session."""

from __future__ import annotations

from reloader.cli.asking import PID, ask, show
from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.core.control_protocol import RestartRequest

    show(arguments, ask(arguments, RestartRequest()))
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "quiet", "json"),
    flags=(PID,),
    details="""
Asks the session of this project for a restart by hand, as the key r and SIGUSR1 do, and shows how the session is.
It returns at once: "reloader wait" behind it returns when the new run is ready.

The exit code is 0, or 4 if no session runs here.
""",
    examples=("reloader restart", "reloader restart --json"),
)
