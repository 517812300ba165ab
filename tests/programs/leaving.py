"""Starts a second process and ends at a word from the test, without waiting for the second."""

import os

from tests.programs.announcing import announce, start, wait_for_word

second = start("waiting")
announce("started")
wait_for_word()
os._exit(4)  # no farewell from subprocess, which would complain of the second
