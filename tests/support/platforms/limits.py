"""What a platform cannot do, for the reasons of skipped tests. Wine is where the Windows half is tested without Windows."""

from __future__ import annotations

import ctypes
import sys

import pytest


def under_wine() -> bool:
    """Whether this is a Windows program, and Windows is Wine."""
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def skip_under_wine(limit: str) -> pytest.MarkDecorator:
    """For a test that Wine cannot carry. ``limit`` says what Wine does instead of what Windows does."""
    return pytest.mark.skipif(under_wine(), reason=f"Wine {limit}")


needs_stop_event = skip_under_wine("delivers no CTRL_BREAK: it refuses the call, or ends the process unasked")
needs_percent_signs = skip_under_wine("has a cmd that reads percent signs by rules of its own")
needs_symlinks = skip_under_wine("makes symlinks that cannot be read")
needs_events_of_older_directories = skip_under_wine("reports nothing from subdirectories that are older than the watch")
needs_tree_of_processes = skip_under_wine("does not tell psutil of processes other than the asking one")

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are of POSIX alone")
needs_foreground = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells the far end of a terminal which group is in its foreground"
)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="subreapers and /proc are of Linux alone")
windows_only = pytest.mark.skipif(sys.platform != "win32", reason="what is asked here is of Windows alone")
