"""``reloader resume``: a paused session serves what was collected, by one restart."""

from __future__ import annotations

from reloader.cli.asking import PID, ask, show
from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.core.control_protocol import ResumeRequest

    show(arguments, ask(arguments, ResumeRequest()))
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "quiet", "json"),
    flags=(PID,),
    details="""
Ends a pause. What has changed meanwhile is served by one restart; if nothing has, nothing happens.

The exit code is 0, or 4 if no session runs here.
""",
    examples=("reloader resume",),
)
