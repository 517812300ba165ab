"""How the programs of the tests say what they do: lines of JSON to a socket of the test, whose port is in argv[1].

The connection lasts as long as the process. A word from the test on it is what the slow and the stubborn wait for. Where LOCKS
names a directory, each program holds a lock there as long as it lives, and complains if another copy of it does so already.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any

STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]

_WHO = os.path.basename(sys.argv[0])[:-3]

_asked: list[int] = []
_connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
_connection.settimeout(0.02)  # a signal of Windows does not interrupt a blocking call


def announce(what: str, **facts: Any) -> None:
    line = json.dumps({"what": what, "who": _WHO, "pid": os.getpid(), **facts})
    _connection.sendall(line.encode() + b"\n")


def complain(of: str) -> None:
    with open(os.path.join(os.environ["LOCKS"], "complaints"), "a", encoding="utf-8") as complaints:
        complaints.write(f"{_WHO} ({os.getpid()}): {of}\n")


def hear_stop_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, frame: _asked.append(number))


def wait_for_stop_signal() -> int:
    """The number of the stop signal that came first. Exits if the test is gone."""
    while not _asked:
        _word_from_test()
    return _asked.pop(0)


def wait_for_word() -> None:
    while not _word_from_test():
        pass


def start(program: str, **options: Any) -> subprocess.Popen[bytes]:
    """Another of these programs, announcing to the same test."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), program + ".py")
    return subprocess.Popen([sys.executable, path, sys.argv[1]], **options)


def _word_from_test() -> bool:
    try:
        received = _connection.recv(1)
    except TimeoutError:
        return False
    except ConnectionError:
        received = b""
    if not received:
        sys.exit("the test is gone")
    return True


if sys.platform != "win32" and "LOCKS" in os.environ:
    import fcntl

    _lock = open(os.path.join(os.environ["LOCKS"], _WHO + ".lock"), "w")  # noqa: SIM115 - held to the end
    try:
        fcntl.flock(_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        complain("another copy is alive")
