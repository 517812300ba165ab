"""The reloaders that are compared: how each is started at its default settings, and the program that it restarts.

Each program says one line as soon as its own code runs, and its bare start is the same program without the reloader.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reloader import __version__


@dataclass(frozen=True, slots=True)
class Tool:
    """``edited`` is the file, relative to the project, that says the line; ``text`` is what it holds, with ``{line}``."""

    name: str
    version: str
    argv: tuple[str, ...]
    bare: tuple[str, ...]
    edited: str = "child.py"
    text: str = 'print("{line}", flush=True)\nimport time\ntime.sleep(600)\n'
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM

    def lay_out(self, project: Path) -> None:
        for name, text in self.files.items():
            (project / name).write_text(text, encoding="utf-8")

    def say(self, project: Path, line: str, *, filler: int) -> None:
        """Edit the program. ``filler`` varies its size, so that Python never takes stale bytecode for it."""
        text = self.text.replace("{line}", line) + f"# {'x' * filler}\n"
        (project / self.edited).write_text(text, encoding="utf-8")


def reloader(backend: str) -> Tool:
    """This project, through its command line and a config file, everything but the backend at its default."""
    child = (sys.executable, "child.py")
    config = f'command = ["{sys.executable}", "child.py"]\nbackend = "{backend}"\n'
    argv = (sys.executable, "-m", "reloader", "--config", "reloader.toml")
    return Tool(f"reloader ({backend})", __version__, argv, child, files={"reloader.toml": config})


def peers(directory: Path) -> list[Tool]:
    """What ``benchmarks/peers`` has put into ``directory``, and entr if the system has it."""
    python = str(directory / "venv/bin/python")
    found = [*_for_any_command(directory, python), *_for_python(python)]
    return [tool for tool in found if tool.version]


def _for_any_command(directory: Path, python: str) -> list[Tool]:
    child = (sys.executable, "child.py")
    nodemon = directory / "node_modules/.bin/nodemon"
    watchfiles = (python, "-m", "watchfiles", " ".join(child), ".")
    return [
        Tool(
            "nodemon", _said((str(nodemon), "--version")),
            (str(nodemon), "--quiet", "--ext", "py", "--exec", " ".join(child)), child, stop_signal=signal.SIGINT,
        ),
        Tool("entr", _debian_version("entr"), ("entr", "-n", "-r", *child), child, stdin="child.py\n"),
        Tool("watchfiles", _pypi_version(python, "watchfiles"), watchfiles, child, stop_signal=signal.SIGINT),
    ]  # fmt: skip


def _for_python(python: str) -> list[Tool]:
    return [
        _uvicorn(python),
        *(_hupper(python, monitor) for monitor in ("watchdog", "polling")),
        *(_werkzeug(python, kind) for kind in ("watchdog", "stat")),
        _django(python),
    ]


def _uvicorn(python: str) -> Tool:
    bare = (python, "-m", "uvicorn", "--port", "0", "child:app")
    return Tool(
        "uvicorn --reload", _pypi_version(python, "uvicorn"), (*bare, "--reload"), bare,
        text='print("{line}", flush=True)\nasync def app(scope, receive, send): ...\n',
    )  # fmt: skip


def _hupper(python: str, monitor: str) -> Tool:
    factory = {"watchdog": "hupper.watchdog.WatchdogFileMonitor", "polling": "hupper.polling.PollingFileMonitor"}[
        monitor
    ]
    return Tool(
        f"hupper ({monitor})", _pypi_version(python, "hupper"), (str(Path(python).with_name("hupper")), "-m", "child"),
        (python, "-m", "child"), environment={"HUPPER_DEFAULT_MONITOR": factory},
    )  # fmt: skip


def _werkzeug(python: str, kind: str) -> Tool:
    """The server's own start, with an application that speaks when it is imported."""
    start = (
        "import sys\nfrom werkzeug.serving import run_simple, is_running_from_reloader\n"
        "reloads = sys.argv[1:] == ['reload']\n"
        "if is_running_from_reloader() or not reloads:\n    import child\n"
        f"run_simple('127.0.0.1', 0, lambda *_: [], use_reloader=reloads, reloader_type='{kind}')\n"
    )
    return Tool(
        f"werkzeug ({kind})", _pypi_version(python, "werkzeug"), (python, "serve.py", "reload"), (python, "serve.py"),
        text='print("{line}", flush=True)\n', files={"serve.py": start},
    )  # fmt: skip


def _django(python: str) -> Tool:
    """``manage.py runserver``, whose settings import the module that speaks."""
    manage = (
        "import os, sys\nfrom django.core.management import execute_from_command_line\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\nexecute_from_command_line(sys.argv)\n"
    )
    settings = "import child\nDEBUG = True\nSECRET_KEY = 'benchmark'\nROOT_URLCONF = 'urls'\nUSE_TZ = True\n"
    run = (python, "manage.py", "runserver", "--skip-checks", "127.0.0.1:0")
    return Tool(
        "Django runserver", _pypi_version(python, "django"), run, (*run, "--noreload"),
        text='print("{line}", flush=True)\n',
        files={"manage.py": manage, "settings.py": settings, "urls.py": "urlpatterns = []\n"},
    )  # fmt: skip


def _pypi_version(python: str, package: str) -> str:
    return _said((python, "-c", f"from importlib.metadata import version; print(version('{package}'))"))


def _debian_version(package: str) -> str:
    if shutil.which(package) is None:
        return ""
    return _said(("dpkg-query", "--show", "--showformat", "${Version}", package)) or "?"


def _said(argv: tuple[str, ...]) -> str:
    """What a command writes, or nothing if it cannot be run."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
