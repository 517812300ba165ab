"""Clears the terminal before each restart, so that what is on it is of one run."""

from __future__ import annotations

from reloader.cli.output.console import Console
from reloader.core.notices import Changed, Ended, Launched, Level, Notice
from reloader.core.reasons import FirstStart

CLEAR = "\x1b[H\x1b[2J"
"""To the upper left, and erase the screen. What was scrolled away stays."""


class ClearedScreen:
    """A console that keeps what is needed to understand the new run: why it is started, and what was wrong on the way.

    A change clears as soon as nothing runs: once a launch is told of, its command may have written already. So only what no
    change leads to (a restart by hand) clears then.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._kept: list[Notice] = []
        self._runs = False
        self._is_clear = True

    def tell(self, notice: Notice) -> None:
        match notice:
            case Launched(reason=reason):
                self._clear_once(if_so=not isinstance(reason, FirstStart))
                self._runs = True
                self._is_clear = False
                self._kept.clear()
            case Changed():
                self._clear_once(if_so=not self._runs)
                self._kept.append(notice)
            case Ended(stopped=stopped):
                self._runs = False
                self._clear_once(if_so=stopped and any(isinstance(one, Changed) for one in self._kept))
            case _ if notice.level is Level.WARNING:
                self._kept.append(notice)
        self._console.tell(notice)

    def _clear_once(self, *, if_so: bool) -> None:
        if if_so and not self._is_clear:
            self._is_clear = True
            self._console.write(CLEAR)
            for notice in self._kept:
                self._console.tell(notice)
