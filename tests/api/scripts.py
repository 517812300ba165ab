"""Programs that restart themselves, and their parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.sessions.program import Reloader

#: Says what it read from its module, and stays.
APP = """\
import sys
import reloader
import settings
def main():
    print("content:", settings.VALUE, flush=True)
    sys.stdin.read()
if __name__ == "__main__":
    reloader.run_with_reloader(main, json=True, verbose=True, interval=0.1, OPTIONS)
"""


def app(options: str = "") -> str:
    return APP.replace("OPTIONS", options)


def settings(value: str) -> str:
    return f"VALUE = {value!r}\n"


class Program(Reloader):
    """A session of a program that calls ``run_with_reloader(…, json=True, verbose=True)``, started by ``words``."""

    def __init__(self, *words: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> None:
        super().__init__(cwd=cwd, environment=environment)
        self._command = [str(word) for word in words]
