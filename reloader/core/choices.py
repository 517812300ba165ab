"""The values of the keys that allow a few words only. The table of keys, the model and the settings take them from here.

Imports ``enum`` alone: ``reloader --help`` reads this module.
"""

from __future__ import annotations

from enum import Enum


class BackendName(Enum):
    """The way in which changes are noticed."""

    AUTO = "auto"
    STAT = "stat"
    WATCHDOG = "watchdog"
    WATCHMAN = "watchman"


class CompareBy(Enum):
    """The part of a file that has to differ before its save is a change."""

    CONTENT = "content"
    STAT = "stat"


class Framework(Enum):
    """A framework with a reloader of its own, which accepts reloader as its parent."""

    WERKZEUG = "werkzeug"
    DJANGO = "django"


class OnExit(Enum):
    """The reaction to a child that exits by itself."""

    AUTO = "auto"
    EXIT = "exit"
    WAIT = "wait"
    RESTART = "restart"
