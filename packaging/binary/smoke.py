"""Tries a program on every system as a user would: asks for its version, starts a session, saves a file, stops it.

    PYTHONPATH=packaging python -m binary.smoke PROGRAM-OR-ARCHIVE VERSION

The command is this Python, which shares nothing with the program. ``packaging/verify`` tries more, without a Python.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from binary.archive import unpack

ANSWER_TIMEOUT = 60.0  # seconds

#: Prints its environment and libraries, and imports a module, so that the agent has something to report.
_APP = """\
import json, os, sys
import part
maps = open("/proc/self/maps").read() if os.path.exists("/proc/self/maps") else ""
print(json.dumps({"part": part.NAME, "environment": dict(os.environ), "maps": maps, "path": sys.path}), flush=True)
sys.stdin.read()
"""


class SmokeError(Exception):
    """The program does not do what it must."""


def smoke(program: str, version: str) -> None:
    """Try the program. Raise SmokeError for the first thing that is wrong."""
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=ANSWER_TIMEOUT, check=True
    ).stdout
    _expect(said.strip() == f"reloader {version}", f"it calls itself {said!r}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        (folder / "app.py").write_text(_APP, encoding="utf-8")
        (folder / "part.py").write_text('NAME = "first"\n', encoding="utf-8")
        command = json.dumps([sys.executable, "-B", "-u", "app.py"])
        (folder / "reloader.toml").write_text(f"command = {command}\n", encoding="utf-8")
        _check(program, folder)
        _examine(program, folder)
        _run_session(program, folder)
    print(f"{program} works")


def _examine(program: str, folder: Path) -> None:
    done = subprocess.run(
        [program, "doctor", "--json"], cwd=folder, capture_output=True, text=True, timeout=ANSWER_TIMEOUT, check=False
    )
    kinds = [json.loads(line)["notice"] for line in done.stdout.splitlines()]
    _expect("doctor_root" in kinds and done.returncode in (0, 1), f"the doctor says {done.stdout}{done.stderr}")


def _check(program: str, folder: Path) -> None:
    """Check the config with the subcommand for that, if the program has it."""
    said = subprocess.run(
        [program, "--help"], capture_output=True, text=True, timeout=ANSWER_TIMEOUT, check=True
    ).stdout
    if any(line.split()[:1] == ["check"] for line in said.splitlines()):
        done = subprocess.run(
            [program, "check"], cwd=folder, capture_output=True, text=True, timeout=ANSWER_TIMEOUT, check=False
        )
        _expect(done.returncode == 0, f"it does not accept the config: {done.stdout}{done.stderr}")


def _run_session(program: str, folder: Path) -> None:
    with _Session(program, folder) as session:
        first = session.wait_for_line()
        _expect(first["part"] == "first", f"the command says {first}")
        _check_inheritance(first, Path(program).resolve().parent)
        (folder / "part.py").write_text('NAME = "second"\n', encoding="utf-8")
        second = session.wait_for_line()
        _expect(second["part"] == "second", f"after an edit the command says {second}")
        changed = session.notices_of("changed")
        _expect("part.py" in json.dumps(changed), f"of the edit it says {changed}")
        code = session.stop()
        _expect(sys.platform == "win32" or code == 143, f"after SIGTERM it ended with {code}")


def _check_inheritance(told: dict[str, Any], folder: Path) -> None:
    """Raise SmokeError if the command has inherited something of the packaging."""
    environment: dict[str, str] = told["environment"]
    private = [name for name in environment if name.startswith(("_PYI_", "_MEI")) or name.endswith("_ORIG")]
    inside = [f"{name}={value}" for name, value in environment.items() if "_MEI" in value or "_internal" in value]
    libraries = {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} & (environment.keys() - os.environ.keys())
    _expect(not (private or inside or libraries), f"the command was handed {private} {inside} {libraries}")
    ours = [line for line in told["maps"].splitlines() if "_MEI" in line or f"{folder}{os.sep}_internal" in line]
    _expect(not ours, f"the command has loaded {ours}")


def _expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise SmokeError(what)


class _Session:
    """A session of the program in ``folder``, with the lines of its command and its notices."""

    def __init__(self, program: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [program, "--json"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._notices: list[dict[str, Any]] = []
        self._remarks: list[str] = []
        self._readers = [threading.Thread(target=self._read_lines), threading.Thread(target=self._read_notices)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> _Session:  # noqa: PYI034 - Self is too new for Python 3.10, which may have no packages here
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(ANSWER_TIMEOUT)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def wait_for_line(self) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=ANSWER_TIMEOUT)
        except queue.Empty:
            line = None
        if line is None:
            raise SmokeError(f"the command says nothing; the program said {self._notices} {self._remarks}")
        return line

    def notices_of(self, kind: str) -> list[dict[str, Any]]:
        return [notice for notice in self._notices if notice["notice"] == kind]

    def stop(self) -> int:
        self._process.terminate()
        return self._process.wait(ANSWER_TIMEOUT)

    def _read_lines(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _read_notices(self) -> None:
        for line in self._process.stderr or ():
            try:
                self._notices.append(json.loads(line))
            except ValueError:
                self._remarks.append(line)


def main(what: str, version: str) -> None:
    """Try ``what``: a program, or an archive of packaging/build that holds one."""
    if not what.endswith((".zip", ".tar.gz")):
        smoke(what, version)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpack(Path(what), Path(scratch))
        smoke(str(folder / ("reloader.exe" if sys.platform == "win32" else "reloader")), version)


if __name__ == "__main__":
    main(*sys.argv[1:])
