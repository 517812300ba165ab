"""Records a first session of ``reloader`` in a terminal, and draws it as docs/session.svg for the README.

    python -m benchmarks.recording

The programs themselves write everything on the picture. ``reloader init`` configures a project of two files, which is then
run, edited, broken, repaired and stopped. Only the prompt, and what is done in the editor, is added.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from benchmarks.terminal_svg import drawn

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "session.svg"
PATIENCE = 20.0
COLUMNS = 114

APP = """\
import signal

from greeting import GREETING

if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: print("Good bye.", flush=True))
    print(GREETING, flush=True)
    signal.pause()
"""
GOOD, BROKEN, REPAIRED = 'GREETING = "Hello"\n', 'GREETING "Hello, world!"\n', 'GREETING = "Hello, world!"\n'


class Terminal:
    """A terminal in which ``command`` runs, and what it shows."""

    def __init__(self, command: list[str], directory: Path) -> None:
        master, slave = pty.openpty()
        self._master = master
        self.shown = b""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("RELOADER_", "NO_COLOR"))
        }
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self._program = subprocess.Popen(
            command,
            cwd=directory,
            env={
                **environment,
                "PATH": path,
                "TERM": "xterm-256color",
                "COLUMNS": str(COLUMNS),
                "PYTHONPATH": str(ROOT),
            },
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 no other thread runs here
        )
        os.close(slave)

    def wait_for(self, text: str) -> None:
        """Wait until ``text`` is shown, after the texts of earlier calls."""
        begin, until = len(self.shown), time.monotonic() + PATIENCE
        while text.encode() not in self.shown[begin:]:
            if not self._read(until - time.monotonic()):
                raise SystemExit(f"there is no {text!r} in:\n{self.shown.decode()}")

    def press_ctrl_c(self) -> None:
        """Interrupt the program and its command, as a user does. The terminal shows the key itself."""
        os.write(self._master, b"\x03")

    def end(self) -> str:
        until = time.monotonic() + PATIENCE
        while self._read(until - time.monotonic()):
            pass
        self._program.wait(PATIENCE)
        os.close(self._master)
        return self.shown.decode()

    def _read(self, timeout: float) -> bool:
        if not select.select([self._master], [], [], max(timeout, 0.0))[0]:
            return False
        try:
            read = os.read(self._master, 65536)
        except OSError:
            return False  # the program has ended
        self.shown += read
        return bool(read)


def _take_terminal() -> None:
    """Make standard input the terminal that controls this session, so that its keys send signals."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def recorded(directory: Path) -> str:
    """Run the whole session, and return what the terminal received."""
    shop = directory / "shop"
    shop.mkdir()
    (shop / ".git").mkdir()  # a project's root
    (shop / "app.py").write_text(APP, encoding="utf-8")
    save(shop, GOOD)
    program = [sys.executable, "-m", "reloader"]
    text = "$ reloader init\n" + Terminal([*program, "init"], shop).end() + "$ reloader\n"
    session = Terminal(program, shop)
    session.wait_for("is ready")
    for content, awaited in ((BROKEN, "\nSyntaxError"), (REPAIRED, "run 2 is ready")):
        session.shown += f"\x1b[3mgreeting.py is saved: {content}\x1b[0m".encode()
        save(shop, content)
        session.wait_for(awaited)
    session.press_ctrl_c()
    text += session.end()
    return text.replace(str(shop), "~/shop")


def save(shop: Path, content: str) -> None:
    """Replace the file in one step, as an editor does."""
    beside = shop / "greeting.py~"
    beside.write_text(content, encoding="utf-8")
    beside.replace(shop / "greeting.py")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="reloader-recording-") as directory:
        text = recorded(Path(directory).resolve())
    PICTURE.write_text(drawn(re.sub(r"\r+\n", "\n", text), COLUMNS), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()
