"""Lists the servers that are restarted under load, with the commands that open an address and that take over a socket.

All of them serve one page with ``content: N`` in it. They log each connection that they accept, by the client's port.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

EDITED = "app.py"
TAKEN = "taken.log"

#: No signal may end the process, on any thread, between the call and the log: the connection would look as if no run had it.
_LOGGING = f"""\
import os, signal, socket, threading
ENDING = [signal.SIGTERM, signal.SIGINT]
log = os.open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "{TAKEN}"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
accept = socket.socket._accept
def noting(self):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        found = accept(self)
        os.write(log, b"%d\\n" % found[1][1])
        return found
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
socket.socket._accept = noting
begin = threading.Thread.start
def beginning(self):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        begin(self)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
threading.Thread.start = beginning
TEXT = "content: NUMBER"
"""
_WSGI = """\
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(TEXT)))])
    return [TEXT.encode()]
"""
_ASGI = """\
async def app(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"content-length", str(len(TEXT)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": TEXT.encode()})
"""
_FLASK = """\
from flask import Flask
app = Flask(__name__)
@app.get("/")
def page():
    return TEXT
"""
_STANDARD = """\
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT.encode())
    def log_message(self, *arguments): ...
if sys.argv[1] == "fd":
    server = HTTPServer(("", 0), Page, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[2]))
else:
    server = HTTPServer(("127.0.0.1", int(sys.argv[2])), Page)
server.serve_forever()
"""
_WERKZEUG = """\
import sys
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True, use_reloader="reload" in sys.argv)
"""
_WAITRESS = """\
import sys, waitress
waitress.serve(app, sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server. ``binds`` opens 127.0.0.1:PORT itself; ``takes`` serves on a descriptor that it inherits from reloader.

    ``reloads`` is the command with the server's own reloader, by the name of that reloader.
    """

    name: str
    source: str
    binds: tuple[str, ...]
    takes: tuple[str, ...]
    compatible: tuple[str, ...] = ()
    reloads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()

    def write(self, project: Path, number: int) -> None:
        """Replace the app in one step by one with other content. Its size varies, so Python never uses stale bytecode for it."""
        text = (_LOGGING + self.source).replace("NUMBER", str(number)) + f"# {'x' * (number % 100)}\n"
        beside = project / f"{EDITED}~"
        beside.write_text(text, encoding="utf-8")
        beside.replace(project / EDITED)


def servers(python: str) -> list[Server]:
    def module(*words: str) -> tuple[str, ...]:
        return (python, "-m", *words)

    at = "127.0.0.1:PORT"
    script = (python, EDITED)
    flask = module("flask", "--app", "app", "run", "--port")
    uvicorn = module("uvicorn", "--log-level", "warning")
    waitress = (python, "-c", f"from app import app, socket\n{_WAITRESS}", "{socket.0.fd}")
    return [
        Server("http.server", _STANDARD, (*script, "port", "PORT"), (*script, "fd", "{socket.0.fd}")),
        Server(
            "Werkzeug", _WSGI + _WERKZEUG, (*script, "PORT"), (*script, "0"), compatible=("werkzeug",),
            reloads={"Werkzeug's reloader": (*script, "PORT", "reload")}, packages=("werkzeug",),
        ),
        Server(
            "Flask", _FLASK, (*flask, "PORT", "--no-reload"), (*flask, "{socket.0.port}", "--no-reload"),
            compatible=("werkzeug",), reloads={"Werkzeug's reloader": (*flask, "PORT", "--debug")}, packages=("flask",),
        ),
        Server(
            "gunicorn", _WSGI, module("gunicorn", "--bind", at, "app:app"), module("gunicorn", "app:app"),
            packages=("gunicorn",),
        ),
        Server(
            "uvicorn", _ASGI, (*uvicorn, "--port", "PORT", "app:app"), (*uvicorn, "--fd", "{socket.0.fd}", "app:app"),
            reloads={"uvicorn --reload": (*uvicorn, "--port", "PORT", "--reload", "app:app")}, packages=("uvicorn",),
        ),
        Server(
            "hypercorn", _ASGI, module("hypercorn", "--bind", at, "app:app"),
            module("hypercorn", "--bind", "fd://{socket.0.fd}", "app:app"), packages=("hypercorn",),
        ),
        Server("waitress", _WSGI, module("waitress", f"--listen={at}", "app:app"), waitress, packages=("waitress",)),
    ]  # fmt: skip
