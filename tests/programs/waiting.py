"""Ends at a byte from the test."""

from tests.programs.announcing import announce, wait_for_word

announce("started")
wait_for_word()
