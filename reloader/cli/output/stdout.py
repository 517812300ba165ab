"""Writes an answer to standard output. A reader who has seen enough is no error, and no terminal fails for a letter."""

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
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # the latter is Windows' name for the same
            raise
        write_into_nothing(stream.fileno())


def write_into_nothing(descriptor: int) -> None:
    """Python would try it again at its end, and complain."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)
