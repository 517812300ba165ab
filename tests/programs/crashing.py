"""Ends as a program does that reads memory which is not its own."""

import os
import signal
import sys

from tests.programs.announcing import announce

announce("started")
if sys.platform == "win32":
    os._exit(0xC0000005 - 2**32)
else:
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGSEGV)
