"""``reloader restart``: a running session restarts its command."""

from __future__ import annotations

from reloader.cli.session_client import simple_request
from reloader.core.control_protocol import RestartRequest

SUBCOMMAND = simple_request(
    RestartRequest(),
    details="""
Asks the session of this project to restart its command, as the key r and SIGUSR1 do, and shows its state. It returns at
once. To wait until the new run is ready, call "reloader wait" next.

The exit code is 0, or 4 if no session is running here.
""",
    examples=("reloader restart", "reloader restart --json"),
)
