"""When it is asked to stop, it first waits for a byte from the test."""

import sys

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal, wait_for_word

hear_stop_signals()
announce("started")
announce("asked", signal=wait_for_stop_signal())
wait_for_word()
sys.exit(6)
