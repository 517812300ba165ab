"""The log file: every notice is appended to it, whatever the terminal shows. A full disk does not stop a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime

from reloader.cli.output.console import as_object, local_time
from reloader.cli.output.messages import message
from reloader.core.notices import Notice, Scanning
from reloader.errors import ConfigError

LIMIT = 1024 * 1024
"""Bytes after which the file is full. It then replaces ``FILE.1``, and a new file begins."""


class LogFile:
    """A reporter that opens the file for each line, so that a log rotation can move it away.

    With ``as_json``, each line is the object that ``--json`` prints. Raises ConfigError if the file cannot be written.
    """

    def __init__(self, path: str, *, as_json: bool, now: Callable[[], datetime] = local_time) -> None:
        self._path = path
        self._as_json = as_json
        self._now = now
        try:
            with open(path, "a", encoding="utf-8"):
                pass
        except OSError as error:
            raise ConfigError([f"log_file: {path} cannot be written: {error.strerror}. Name another file"]) from None

    def report(self, notice: Notice) -> None:
        if isinstance(notice, Scanning):
            return  # the progress of a scan is of no use later
        try:
            with open(self._path, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(self._line(notice))
                is_full = file.tell() >= LIMIT
            if is_full:
                os.replace(self._path, f"{self._path}.1")
        except OSError:
            return  # the terminal has shown it; the next line tries again

    def _line(self, notice: Notice) -> str:
        time = self._now().isoformat(timespec="milliseconds")
        if self._as_json:
            return json.dumps({**as_object(notice), "time": time}) + "\n"
        return f"{time} {notice.level.name:<7} {message(notice)}\n"
