"""The colours of a stream. Apart from the session, whose import would double the time of a short answer."""

from __future__ import annotations

from typing import TextIO

from reloader.system import enable_colour


def shows_colour(stream: TextIO) -> bool:
    """Return True if ``stream`` shows ANSI colours. On Windows, let its console do so until the process ends."""
    return enable_colour(stream)
