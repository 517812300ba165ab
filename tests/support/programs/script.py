"""Act as a script in a terminal: without job control, so that the command in ``sys.argv`` shares its group.

After the end of the command it reports if, and how soon, the terminal was in its foreground and had its attributes again.
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

#: Seconds to wait for the terminal.
TERMINAL_TIMEOUT = 10.0


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
while not is_usable() and time.monotonic() < ended + TERMINAL_TIMEOUT:
    select.select([], [], [], 0.01)
facts = {"is_usable": is_usable(), "seconds": time.monotonic() - ended}
sys.stderr.write(json.dumps({"notice": "terminal_is_back", **facts}) + "\n")
sys.exit(0 if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status))
