"""An address that is in use: the exception does not say which, its frames do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from reloader.core.addresses import Address
from reloader.core.events import AddressInUse
from tests.agent.reporting import reported_by, with_every_python, write

#: How programs come to an address, and the host that they give.
WAYS = {
    "socketserver": (
        "127.0.0.1",
        """\
from http.server import BaseHTTPRequestHandler, HTTPServer
HTTPServer.allow_reuse_address = False
HTTPServer(('127.0.0.1', 4711), BaseHTTPRequestHandler)
""",
    ),
    "asyncio": (
        "127.0.0.1",
        "import asyncio\nasync def main(): await asyncio.start_server(print, '127.0.0.1', 4711)\nasyncio.run(main())\n",
    ),
    "create_server": ("127.0.0.1", "import socket\nsocket.create_server(('127.0.0.1', 4711))\n"),
    "a constant": ("127.0.0.1", "import socket\nsocket.socket().bind(('127.0.0.1', 4711))\n"),
    "a variable": ("127.0.0.1", "import socket\nAT = ('127.0.0.1', 4711)\nsocket.socket().bind(AT)\n"),
    "a global port": ("", "import socket\nPORT = 4711\ndef main(): socket.socket().bind(('', PORT))\nmain()\n"),
    "an attribute": (
        "",
        """\
import socket
class Server:
    def __init__(self): self.port = 4711
    def run(self): socket.socket().bind(('', self.port))
Server().run()
""",
    ),
    "the cause of another exception": (
        "127.0.0.1",
        """\
import socket
try: socket.socket().bind(('127.0.0.1', 4711))
except OSError as error: raise RuntimeError('cannot start') from error
""",
    ),
}


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("way", WAYS)
def test_an_address_in_use_is_told_by_whoever_wants_it(tmp_path: Path, way: str) -> None:
    host, source = WAYS[way]
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
        write(tmp_path, {"app.py": source.replace("4711", str(port))})
        report = reported_by("app.py", cwd=tmp_path)
    assert report.code == 1
    assert report.all_of(AddressInUse)[0] == AddressInUse(1, Address(host, port))


@with_every_python
def test_every_python_tells_it_and_ends_as_ever(tmp_path: Path, port: int, python: str) -> None:
    write(tmp_path, {"app.py": f"import socket\nsocket.socket().bind(('127.0.0.1', {port}))\n"})
    report = reported_by("app.py", cwd=tmp_path, python=python)
    assert report.err.splitlines()[-1].startswith("OSError: ")
    assert report.all_of(AddressInUse) == [AddressInUse(1, Address("127.0.0.1", port))]
    assert report.crashes == ["OSError"]


@pytest.mark.parametrize(
    "source",
    [
        "PORT = 80\nraise ValueError('of something else')\n",
        "PORT = 80\nopen('there is no such file')\n",
        "import socket, sys\ntry: socket.socket().bind(('127.0.0.1', 80))\nexcept OSError: sys.exit(1)\n",
    ],
)
def test_nothing_is_told_of_another_end(tmp_path: Path, source: str) -> None:
    write(tmp_path, {"app.py": source})
    assert reported_by("app.py", cwd=tmp_path).all_of(AddressInUse) == []


def test_an_object_that_cannot_be_looked_at_changes_nothing(tmp_path: Path, port: int) -> None:
    source = (
        "import socket\n"
        "class Odd:\n"
        "    def __getattribute__(self, name): raise ZeroDivisionError\n"
        f"    def run(self): socket.socket().bind(('127.0.0.1', {port}))\n"
        "Odd.run(Odd())\n"
    )
    write(tmp_path, {"app.py": source})
    report = reported_by("app.py", cwd=tmp_path)
    assert report.code == 1
    assert report.err.splitlines()[-1].startswith("OSError: ")
    assert report.crashes == ["OSError"]
