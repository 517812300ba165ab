"""``reloader pause``: a running session collects changes instead of serving them."""

from __future__ import annotations

from reloader.cli.asking import PID, ask, show
from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.core.control_protocol import PauseRequest

    show(arguments, ask(arguments, PauseRequest()))
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "quiet", "json"),
    flags=(PID,),
    details="""
From now on the session of this project collects what changes and restarts nothing for it, as for a large merge. A
restart by hand, and what the command asks for itself, are still done; a restart has all that was collected.

The exit code is 0, or 4 if no session runs here.
""",
    examples=("reloader pause", "reloader pause --quiet"),
)
