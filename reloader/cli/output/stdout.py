"""Writes to standard output. A closed pipe and a character that the terminal cannot show are not errors."""

from __future__ import annotations

import errno
import io
import os
import sys


def write(text: str) -> None:
    stream = sys.stdout
    if stream is None:  # closed, or a program without a console
        return
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # EINVAL is the same on Windows
            raise
        discard_output(stream.fileno())


def discard_output(descriptor: int) -> None:
    """Point ``descriptor`` at the null device. Otherwise Python tries to flush again when it exits, and prints an error."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)
