"""Plays a script that somebody runs in a terminal: no job control, so the command in ``sys.argv`` shares its group.

When the command has ended, it says when, and whether, the terminal was usable again: its own, and with the attributes it had.
"""

import fcntl
import json
import os
import select
import signal
import sys
import termios
import time

assert sys.platform != "win32"

PATIENCE = 10.0


def is_usable() -> bool:
    return os.tcgetpgrp(0) == os.getpgrp() and termios.tcgetattr(0) == before


fcntl.ioctl(0, termios.TIOCSCTTY, 0)
before = termios.tcgetattr(0)
signal.signal(signal.SIGINT, signal.SIG_IGN)
command = os.fork()
if command == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - what scripts are for
sys.stderr.write(json.dumps({"notice": "command_started", "pid": command}) + "\n")
sys.stderr.flush()

_, status = os.waitpid(command, 0)
ended = time.monotonic()
while not is_usable() and time.monotonic() < ended + PATIENCE:
    select.select([], [], [], 0.01)
facts = {"is_usable": is_usable(), "seconds": time.monotonic() - ended}
sys.stderr.write(json.dumps({"notice": "terminal_is_back", **facts}) + "\n")
sys.exit(0 if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status))
