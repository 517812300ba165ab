"""Puts a second process where nobody looks for it: in a session of its own, orphaned, without our environment. Then waits."""

import os
import subprocess
import sys

from tests.programs.announcing import announce, hear_stop_signals, wait_for_stop_signal

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubborn.py")
if os.fork() == 0:
    os.setsid()
    kept = {name: value for name, value in os.environ.items() if name in ("PYTHONPATH", "LOCKS")}
    subprocess.Popen([sys.executable, path, sys.argv[1]], env=kept)
    os._exit(0)
os.wait()
hear_stop_signals()
announce("started")
announce("asked", signal=wait_for_stop_signal())
