"""Has the terminal as it likes it: raw, on the other screen, without a cursor. Leaves it so when it is ended."""

import os
import sys

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal

assert sys.platform != "win32"

import tty  # noqa: E402 - what comes after the assert

tty.setraw(0)
os.write(0, b"\x1b[?1049h\x1b[?25l")
hear_stop_signals()
announce("started")
announce("asked", signal=wait_for_stop_signal())
os._exit(0)
