"""Marks that skip tests, each with the limit of the platform as its reason. Wine tests the Windows half without Windows."""

from __future__ import annotations

import ctypes
import sys

import pytest


def under_wine() -> bool:
    """Return True if this is a Windows program that runs under Wine."""
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def skip_under_wine(limit: str) -> pytest.MarkDecorator:
    """Skip a test that cannot run under Wine. ``limit`` says what Wine does instead of what Windows does."""
    return pytest.mark.skipif(under_wine(), reason=f"Wine {limit}")


needs_stop_event = skip_under_wine("delivers no CTRL_BREAK: it refuses the call, or ends the process unasked")
needs_percent_signs = skip_under_wine("has a cmd with its own rules for percent signs")
needs_symlinks = skip_under_wine("makes symlinks that cannot be read")
needs_events_of_older_directories = skip_under_wine("reports nothing from subdirectories that are older than the watch")
needs_tree_of_processes = skip_under_wine("shows psutil no process except its own")

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="only POSIX has these signals and process groups")
needs_foreground = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells the other end of a terminal its foreground group"
)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has subreapers and /proc")
windows_only = pytest.mark.skipif(sys.platform != "win32", reason="only Windows has this")
