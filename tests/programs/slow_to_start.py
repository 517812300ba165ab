"""Takes its time to start, and hears nothing before it has."""

import threading

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal

threading.Event().wait(0.3)
hear_stop_signals()
announce("started")
announce("asked", signal=wait_for_stop_signal())
