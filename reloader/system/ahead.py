"""Imports what a session may come to need, before it begins: a frozen program's files may be gone by then, or another version's.

An installed program does without: after an upgrade its files have the same names, and ``holders`` gets by without psutil.
"""

from __future__ import annotations

import sys


def import_ahead() -> None:
    """Nothing happens but in a frozen program."""
    if hasattr(sys, "frozen"):
        import psutil  # noqa: F401 - 20 ms, for who holds a port
