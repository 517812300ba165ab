"""Process groups and single processes, signalled by somebody who may come too late: nobody to be found is no error."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os


def signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # gone, or nothing but zombies of it left (macOS says EPERM then)


def signal_process(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # gone since it was listed, or somebody else's by now


def group_is_alive(group: int) -> bool:
    """Zombies count as long as nobody has reaped them. The id cannot be used anew while the group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform != "darwin"  # macOS: nothing but zombies is left; Linux: members of another user
    return True
