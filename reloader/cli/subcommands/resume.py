"""``reloader resume``: a paused session handles the collected changes, with one restart."""

from __future__ import annotations

from reloader.cli.session_client import simple_request
from reloader.core.control_protocol import ResumeRequest

SUBCOMMAND = simple_request(
    ResumeRequest(),
    details="""
Ends a pause. One restart handles the changes that were collected. Without changes, nothing happens.

The exit code is 0, or 4 if no session is running here.
""",
    examples=("reloader resume",),
)
