"""Listens at the port in argv[2] until it is ended, and complains if somebody else does."""

import socket
import sys

from tests.programs.announcing import announce, complain, wait_for_word

server = socket.socket()
try:
    server.bind(("127.0.0.1", int(sys.argv[2])))
    server.listen()
except OSError as error:
    complain(f"the port was refused: {error}")
announce("started")
wait_for_word()
