"""Lists the reloaders that are compared, with their commands at default settings, and the program that they restart.

The program says one line as soon as its own code runs, and its bare start is the same program without the reloader.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from benchmarks.sessions import REPOSITORY
from benchmarks.trees import IGNORED
from reloader import __version__

EDITED = "child.py"
#: Runs alone, or is imported by a server. Some servers need an application in it.
PROGRAM = """\
print("{line}", flush=True)
async def app(scope, receive, send): ...
if __name__ == "__main__":
    import time
    time.sleep(600)
"""


class AtRest(Enum):
    """The behaviour of a tool while nothing happens. Some list directories, and others react to that."""

    LISTENS = "it may be stirred by those that list"
    LISTS = "it may list, and is not stirred by others that do"
    SPINS = "it may do both"


@dataclass(frozen=True, slots=True)
class Tool:
    """``probe`` is the time between the edits that show when it is ready. Some tools never restart if edits come more often."""

    name: str
    version: str
    argv: tuple[str, ...]
    bare: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    uses_watchman: bool = False
    probe: float = 0.05
    at_rest: AtRest = AtRest.LISTENS

    def lay_out(self, project: Path) -> None:
        for name, text in self.files.items():
            (project / name).write_text(text, encoding="utf-8")


def say(project: Path, line: str, number: int) -> None:
    """Edit the program in place. Its size varies with ``number``, so that Python never takes stale bytecode for it.

    It is never empty on the way, which a program that starts at that moment would take for the end of its work.
    """
    text = PROGRAM.replace("{line}", line) + f"# {'x' * (number % 1000)}\n"
    descriptor = os.open(project / EDITED, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.ftruncate(descriptor, os.write(descriptor, text.encode()))
    finally:
        os.close(descriptor)


def reloaders() -> list[Tool]:
    """Return reloader with each backend, started by its command line and a config file, with defaults otherwise."""
    watchdog, watchman = versions_of(sys.executable, "watchdog"), output_of(("watchman", "--version"))
    return [
        _reloader("watchdog", _joined(__version__, "watchdog", watchdog)),
        _reloader("stat", __version__),
        _reloader("watchman", _joined(__version__, "Watchman", watchman)),
    ]


def _reloader(backend: str, version: str) -> Tool:
    file = f"reloader-{backend}.toml"
    config = f'command = ["{sys.executable}", "{EDITED}"]\nbackend = "{backend}"\n'
    return Tool(
        f"reloader ({backend})", version, (sys.executable, "-m", "reloader", "--config", file),
        (sys.executable, EDITED), files={file: config}, environment={"PYTHONPATH": str(REPOSITORY)},
        uses_watchman=backend == "watchman", at_rest=AtRest.LISTS,
    )  # fmt: skip


def peers(directory: Path) -> list[Tool]:
    """Return the tools that ``benchmarks/peers`` has put into ``directory``, and the system's entr."""
    python = str(directory / "venv/bin/python")
    found = [*_for_any_command(directory, python), *_for_python(python)]
    if shutil.which("watchman") is None:
        found = [tool for tool in found if not tool.uses_watchman]
    return [tool for tool in found if tool.version]


def _for_any_command(directory: Path, python: str) -> list[Tool]:
    child = (sys.executable, EDITED)
    nodemon = str(directory / "node_modules/.bin/nodemon")
    watchmedo = str(directory / "watchmedo/bin/watchmedo")
    pattern = ("--patterns=*.py", "--recursive", "--directory=.")
    return [
        Tool(
            "nodemon", _joined(output_of((nodemon, "--version")), "Node", output_of(("node", "--version")).lstrip("v")),
            (nodemon, "--quiet", "--ext", "py", "--exec", " ".join(child)), child, stop_signal=signal.SIGINT,
        ),
        Tool("entr", _debian_version("entr"), ("sh", "-c", f"{_listing()} | entr -n -r {' '.join(child)}"), child),
        Tool(
            "watchfiles", versions_of(python, "watchfiles"), (python, "-m", "watchfiles", " ".join(child), "."), child,
            stop_signal=signal.SIGINT,
        ),
        Tool(
            "watchmedo auto-restart", versions_of(str(directory / "watchmedo/bin/python"), "watchdog"),
            (watchmedo, "auto-restart", *pattern, "--", *child), child, stop_signal=signal.SIGINT, probe=0.8,
            at_rest=AtRest.SPINS,
        ),
    ]  # fmt: skip


def _listing() -> str:
    """Return the command that lists the files for entr: those that are not ignored."""
    names = " -o ".join(f"-name {place.partition('/')[0]}" for place in IGNORED)
    return f"find . \\( {names} \\) -prune -o -type f -print"


def _for_python(python: str) -> list[Tool]:
    return [
        _uvicorn(python),
        *(_hupper(python, monitor) for monitor in ("watchdog", "polling")),
        *(_werkzeug(python, kind) for kind in ("watchdog", "stat")),
        *(_django(python, watchman=watchman) for watchman in (True, False)),
    ]


def _uvicorn(python: str) -> Tool:
    bare = (python, "-m", "uvicorn", "--port", "0", "child:app")
    return Tool("uvicorn --reload", versions_of(python, "uvicorn", "watchfiles"), (*bare, "--reload"), bare)


def _hupper(python: str, monitor: str) -> Tool:
    factory = {"watchdog": "hupper.watchdog.WatchdogFileMonitor", "polling": "hupper.polling.PollingFileMonitor"}
    libraries = ("watchdog",) if monitor == "watchdog" else ()
    return Tool(
        f"hupper ({monitor})", versions_of(python, "hupper", *libraries),
        (str(Path(python).with_name("hupper")), "-m", "child"), (python, "-m", "child"),
        environment={"HUPPER_DEFAULT_MONITOR": factory[monitor]}, probe=1.2,
        at_rest=AtRest.LISTS if monitor == "polling" else AtRest.LISTENS,
    )  # fmt: skip


def _werkzeug(python: str, kind: str) -> Tool:
    """Return Werkzeug with one of its reloaders. Its child, or the server alone, imports the program."""
    start = (
        "import sys\nfrom werkzeug.serving import run_simple, is_running_from_reloader\n"
        "kind = sys.argv[1]\n"
        "if is_running_from_reloader() or kind == 'none':\n    import child\n"
        "settings = {} if kind == 'none' else {'use_reloader': True, 'reloader_type': kind}\n"
        "run_simple('127.0.0.1', 0, lambda *_: [], **settings)\n"
    )
    libraries = ("watchdog",) if kind == "watchdog" else ()
    return Tool(
        f"Werkzeug ({kind})", versions_of(python, "werkzeug", *libraries), (python, "serve.py", kind),
        (python, "serve.py", "none"), files={"serve.py": start}, at_rest=AtRest.LISTS if kind == "stat" else AtRest.LISTENS,
    )  # fmt: skip


def _django(python: str, *, watchman: bool) -> Tool:
    """Return ``manage.py runserver``. Its settings import the program in the child. Django uses pywatchman if it is there."""
    manage = (
        "import os, sys\nif 'WATCHMAN_SOCK' not in os.environ:\n    sys.modules['pywatchman'] = None\n"
        "from django.core.management import execute_from_command_line\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\nexecute_from_command_line(sys.argv)\n"
    )
    settings = (
        "import os, sys\nif os.environ.get('RUN_MAIN') or '--noreload' in sys.argv:\n    import child\n"
        "DEBUG = True\nSECRET_KEY = 'benchmark'\nROOT_URLCONF = 'urls'\nUSE_TZ = True\n"
    )
    run = (python, "manage.py", "runserver", "--skip-checks", "127.0.0.1:0")
    version = versions_of(python, "django")
    return Tool(
        "Django (Watchman)" if watchman else "Django (stat)",
        _joined(version, "Watchman", output_of(("watchman", "--version"))) if watchman else version,
        run, (*run, "--noreload"), uses_watchman=watchman, at_rest=AtRest.LISTENS if watchman else AtRest.LISTS,
        files={"manage.py": manage, "settings.py": settings, "urls.py": "urlpatterns = []\n"},
    )  # fmt: skip


def versions_of(python: str, package: str, *libraries: str) -> str:
    """Return versions as ``1.2, library 3.4``, or an empty text without the package."""
    names = (package, *libraries)
    said = output_of((python, "-c", f"from importlib.metadata import version; print(*map(version, {names!r}))")).split()
    return ", ".join([*said[:1], *(f"{name} {number}" for name, number in zip(libraries, said[1:], strict=False))])


def _joined(version: str, library: str, its_version: str) -> str:
    return f"{version}, {library} {its_version}" if version and its_version else version


def _debian_version(package: str) -> str:
    if shutil.which(package) is None:
        return ""
    return output_of(("dpkg-query", "--show", "--showformat", "${Version}", package)) or "?"


def output_of(argv: Sequence[str]) -> str:
    """Return the output of a command, or an empty text if it cannot be run."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
