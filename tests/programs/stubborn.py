"""Ignores every request to stop."""

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal

hear_stop_signals()
announce("started")
while True:
    announce("asked", signal=wait_for_stop_signal())
