"""Takes 0.3 s to start, and handles no signal before."""

import threading

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal

threading.Event().wait(0.3)
hear_stop_signals()
announce("started")
announce("asked", signal=wait_for_stop_signal())
