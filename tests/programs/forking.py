"""Starts a second process, and runs until it is asked to stop, as the second does."""

import sys

from tests.programs.announcing import announce, hear_stop_signals, start, wait_for_stop_signal

hear_stop_signals()
second = start("polite")
announce("started")
announce("asked", signal=wait_for_stop_signal())
sys.exit(second.wait())
