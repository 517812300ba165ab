"""Reads its standard input, to the end if there is one, and then waits."""

import sys

from tests.programs.announcing import announce, wait_for_word

announce("started")
for line in sys.stdin:
    announce("read", line=line)
wait_for_word()
