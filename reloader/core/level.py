"""How loud a notice is."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """How loud a notice is: ``--quiet`` leaves warnings and errors, ``--verbose`` adds details."""

    DETAIL = 0
    INFO = 1
    WARNING = 2
    ERROR = 3
