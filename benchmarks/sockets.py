"""Restarts servers under load, and counts what happens to clients that open a new connection every 5 ms.

    python -m benchmarks.sockets [--peers DIR] [--only NAME …] [--tools NAME …] [--restarts N] [--out DIR]

``benchmarks/peers DIR`` makes the environment of the other reloaders; with it, all servers run on its Python. With ``--out``
the results are kept as JSON, from which the tables are written. New results replace older ones of the same servers.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import EVERY, Load, tally
from benchmarks.figures import load_average, machine
from benchmarks.servers import TAKEN, Server, servers
from benchmarks.sessions import REPOSITORY, Session, accept_signals, clean_environment, pause, running
from benchmarks.survival import Kept, Survival, publish, tables
from benchmarks.tools import output_of, versions_of
from reloader import __version__

OURS = "reloader"
RESTARTS = 50
STARTS = 10
#: Seconds between a new page and the next edit, in turn. At even intervals, edits would look like the program's own.
PAUSES = (0.1, 0.2, 0.15, 0.1, 0.9)
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A reloader. ``argv`` restarts ``server``, which listens at the port that it was made for."""

    name: str
    version: str
    argv: tuple[str, ...]


def tools_for(server: Server, port: int, project: Path, peers: Path | None) -> Iterator[Tool]:
    config = {
        "command": list(server.takes), "sockets": [f"127.0.0.1:{port}"], "compatible": list(server.compatible),
    }  # fmt: skip
    (project / "reloader.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in config.items()))
    yield Tool(OURS, __version__, (sys.executable, "-m", "reloader"))
    if peers is None:
        return
    for name, argv in server.reloads.items():
        yield Tool(name, "", _at(argv, port))
    nodemon = str(peers / "node_modules/.bin/nodemon")
    version = output_of((nodemon, "--version"))
    if version:
        command = " ".join(_at(server.binds, port))
        yield Tool("nodemon", version, (nodemon, "--quiet", "--ext", "py", "--signal", "SIGTERM", "--exec", command))


def _at(argv: Sequence[str], port: int) -> tuple[str, ...]:
    return tuple(word.replace("PORT", str(port)) for word in argv)


def own_life(server: Server) -> tuple[float, float]:
    """Return the seconds from the start of the server, without a reloader, to its first page, and from SIGTERM to its end."""
    with tempfile.TemporaryDirectory(prefix="reloader-sockets-") as directory:
        server.write(Path(directory), 0)
        port = free_port()
        with running(_at(server.binds, port), cwd=Path(directory), environment=clean_environment()) as session:
            start = first_page(port, session) - session.started
            before = time.perf_counter()
            session.end()
            return start, time.perf_counter() - before


def first_page(port: int, session: Session) -> float:
    """Return the time of the first page. Raise an error if none comes."""
    from http.client import HTTPConnection, HTTPException

    limit = time.perf_counter() + PATIENCE
    while time.perf_counter() < limit:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", "/")
            if b"content: " in connection.getresponse().read():
                return time.perf_counter()
        except (OSError, HTTPException):
            pause(0.001)
        finally:
            connection.close()
    raise SystemExit(f"no page came: {session.last_words()}")


def free_port() -> int:
    """Return a port below those of outgoing connections, so that no client takes it between two runs."""
    import socket

    for port in random.sample(range(20000, 30000), k=100):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise SystemExit("no port is free")


def measure(server: Server, tool: Tool, port: int, project: Path, restarts: int) -> Survival:
    """Make ``restarts`` edits under load. Each of them waits until the page of the one before was served."""
    (project / TAKEN).unlink(missing_ok=True)
    environment = clean_environment(PYTHONPATH=str(REPOSITORY))
    served = 0
    with running(tool.argv, cwd=project, environment=environment) as session:
        first_page(port, session)
        with Load(port) as load:
            for number in range(1, restarts + 1):
                pause(PAUSES[number % len(PAUSES)])
                server.write(project, number)
                if not load.wait_for(f"content: {number}", PATIENCE):
                    break
                served = number
                load.wait_until_served()
            pause(max(PAUSES))
    clients = tally(load.visits, project / TAKEN)
    return Survival(server.name, tool.name, tool.version, served, restarts, clients)


def _report(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path, metavar="DIR", help="compare with the reloaders in this environment")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these servers")
    parser.add_argument("--tools", nargs="+", metavar="NAME", help="only tools whose name begins so")
    parser.add_argument("--restarts", type=int, default=RESTARTS)
    parser.add_argument("--starts", type=int, default=STARTS, help="bare starts of each server")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to keep what was found; unset: print it only")
    return parser.parse_args()


def main() -> int:
    options = _options()
    accept_signals()
    python = str(options.peers.resolve() / "venv/bin/python") if options.peers else sys.executable
    before = load_average()
    found: list[Survival] = []
    lives: dict[str, list[tuple[float, float]]] = {}
    versions: dict[str, str] = {}
    for server in servers(python):
        if options.only and server.name not in options.only:
            continue
        lives[server.name] = [own_life(server) for _ in range(options.starts)]
        versions[server.name] = versions_of(python, *server.packages) if server.packages else ""
        with tempfile.TemporaryDirectory(prefix="reloader-sockets-") as directory:
            project, port = Path(directory), free_port()
            for tool in tools_for(server, port, project, options.peers and options.peers.resolve()):
                if options.tools and not tool.name.startswith(tuple(options.tools)):
                    continue
                _report(f"{server.name} under {tool.name}")
                server.write(project, 0)
                found.append(measure(server, tool, port, project, options.restarts))
                _report(str(found[-1]))
    kept = Kept(machine(), (before, load_average()), EVERY, lives, versions, found)
    if options.out is not None:
        kept = publish(kept, options.out)
    print(tables(kept))
    return 0


if __name__ == "__main__":
    sys.exit(main())
