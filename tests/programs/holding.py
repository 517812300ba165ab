"""Listens on the host in argv[2], at a port that was free, until a word from the test."""

import socket
import sys

from tests.programs.announcing import announce, wait_for_word

host = sys.argv[2]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
with socket.create_server((host, 0), family=family) as server:
    announce("started", port=server.getsockname()[1])
    wait_for_word()
