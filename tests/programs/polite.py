"""Runs until it is asked to stop, and ends with code 5."""

import sys

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal

hear_stop_signals()
announce("started")
announce("asked", signal=wait_for_stop_signal())
sys.exit(5)
