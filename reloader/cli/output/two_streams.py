"""Changes on one console, what is told beside them on another."""

from __future__ import annotations

from reloader.core.notices import Changed, Notice
from reloader.interfaces import Reporter


class TwoStreams:
    def __init__(self, changes: Reporter, rest: Reporter) -> None:
        self._changes = changes
        self._rest = rest

    def tell(self, notice: Notice) -> None:
        (self._changes if isinstance(notice, Changed) else self._rest).tell(notice)
