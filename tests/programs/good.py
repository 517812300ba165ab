"""Ends at once, with the exit code in argv[2]."""

import sys

from tests.programs.announcing import announce

announce("started")
sys.exit(int(sys.argv[2]))
