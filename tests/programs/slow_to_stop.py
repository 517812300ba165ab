"""Takes 0.15 s to stop."""

import threading

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal

hear_stop_signals()
announce("started")
announce("asked", signal=wait_for_stop_signal())
threading.Event().wait(0.15)
