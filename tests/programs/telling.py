"""Announces what it was given: arguments, environment, working directory."""

import os
import sys

from tests.programs.announcing import announce

announce("told", arguments=sys.argv[2:], environment=dict(os.environ), cwd=os.getcwd())
