"""Tries to start a process outside of what it was put into, and says whether it could."""

import os
import subprocess
import sys

from tests.programs.announcing import announce, start, wait_for_word


def start_outside() -> subprocess.Popen[bytes]:
    if sys.platform == "win32":
        return start("waiting", creationflags=subprocess.CREATE_BREAKAWAY_FROM_JOB)
    return start("waiting", start_new_session=True)


try:
    second = start_outside()
except PermissionError:
    announce("refused")
else:
    announce("started")
wait_for_word()
os._exit(0)
