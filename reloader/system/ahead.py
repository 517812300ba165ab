"""Imports what a session may come to need, before it begins: the files of a frozen program may be gone by then, or another version's.

An installed program does without: it has the same files under the same names after an upgrade, and ``holders`` can do without psutil.
"""

from __future__ import annotations

import sys


def import_ahead() -> None:
    """Nothing happens but in a frozen program."""
    if hasattr(sys, "frozen"):
        import psutil  # noqa: F401 - 20 ms, for who holds a port
