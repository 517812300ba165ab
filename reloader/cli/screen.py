"""Clears the terminal before each restart, so that what is on it is of one run."""

from __future__ import annotations

from reloader.cli.console import Console
from reloader.core.notices import Changed, Launched, Level, Notice
from reloader.core.reasons import FirstStart

CLEAR = "\x1b[H\x1b[2J"
"""To the upper left, and erase the screen. What was scrolled away stays."""


class ClearedScreen:
    """A console that keeps what is needed to understand the new run: why it was started, and what was wrong on the way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._kept: list[Notice] = []

    def tell(self, notice: Notice) -> None:
        if isinstance(notice, Launched):
            self._clear(notice)
        elif isinstance(notice, Changed) or notice.level is Level.WARNING:
            self._kept.append(notice)
        self._console.tell(notice)

    def _clear(self, launched: Launched) -> None:
        if not isinstance(launched.reason, FirstStart):
            self._console.write(CLEAR)
            for notice in self._kept:
                self._console.tell(notice)
        self._kept.clear()
