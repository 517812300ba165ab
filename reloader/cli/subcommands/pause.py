"""``reloader pause``: a running session collects changes instead of restarting on them."""

from __future__ import annotations

from reloader.cli.session_client import simple_request
from reloader.core.control_protocol import PauseRequest

SUBCOMMAND = simple_request(
    PauseRequest(),
    details="""
From now on the session of this project collects changes and does not restart for them, for example during a large merge.
Requested restarts still happen, whether you or the command asks, and include all collected changes.

The exit code is 0, or 4 if no session is running here.
""",
    examples=("reloader pause", "reloader pause --quiet"),
)
