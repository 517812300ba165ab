"""Measures what the agent costs its program: at the start, for each imported module, and afterwards.

    python -m benchmarks.agent [--python PATH …] [--pairs N] [--modules N] [--idle SECONDS]

A pair is a run without the agent, and one with the agent whose reports are read. Each figure is the median of the differences.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import load_average, machine, milliseconds, percentile, table
from benchmarks.sessions import clean_environment, pause
from reloader.agent.link import AgentLink
from reloader.core.events import FileImported, Posted
from reloader.core.settings import PythonPolicy
from reloader.system import ReportPipe

HEAD = (
    "Python",
    "start, bare (ms)",
    "later by",
    "p95",
    "modules",
    "import, bare (ms)",
    "longer by",
    "each (µs)",
    "idle CPU (ms/s)",
)
PACKAGES = 100
IMPORTS = """\
import importlib, sys, time
before = time.perf_counter()
for number in range({modules}):
    importlib.import_module(f"pkg.p{{number % {packages}}}.m{{number}}")
print(time.perf_counter() - before, flush=True)
sys.stdin.read()
"""


def seconds_of(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> float:
    before = time.perf_counter()
    subprocess.run(command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - before


def seconds_of_imports(python: str, environment: Mapping[str, str], cwd: Path) -> float:
    done = subprocess.run(
        [python, "app.py"], env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


def processor_at_rest(python: str, environment: Mapping[str, str], cwd: Path, seconds: float) -> float:
    """Return the processor time for each second after all modules are imported."""
    with subprocess.Popen(
        [python, "app.py"], env=environment, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        before = _processor(child.pid)
        pause(seconds)
        used = _processor(child.pid) - before
        child.communicate()
    return used / seconds


def _processor(pid: int) -> float:
    return int(Path("/proc", str(pid), "schedstat").read_text().split()[0]) / 1e9


def make_modules(directory: Path, modules: int) -> None:
    for number in range(PACKAGES):
        (directory / "pkg" / f"p{number}").mkdir(parents=True)
        (directory / "pkg" / f"p{number}" / "__init__.py").touch()
    (directory / "pkg" / "__init__.py").touch()
    for number in range(modules):
        (directory / "pkg" / f"p{number % PACKAGES}" / f"m{number}.py").write_text("value = 1\n")
    (directory / "app.py").write_text(IMPORTS.format(modules=modules, packages=PACKAGES))


def measure(python: str, options: argparse.Namespace) -> tuple[object, ...]:
    """Return the cells of one interpreter's row."""
    heard: list[Posted] = []
    link = AgentLink(ReportPipe(), heard.append, PythonPolicy())
    bare = {name: value for name, value in clean_environment().items() if not name.startswith(("PYTHON", "RELOADER_"))}
    agent = {**bare, **link.environment(1, bare)}
    try:
        with tempfile.TemporaryDirectory(prefix="reloader-agent-") as name:
            directory = Path(name)
            make_modules(directory, options.modules)
            for warm in (bare, agent):  # bytecode is written once
                seconds_of_imports(python, warm, directory)
            starts = [
                [seconds_of([python, "-c", "pass"], environment, directory) for environment in (bare, agent)]
                for _ in range(options.pairs)
            ]
            imports = [
                [seconds_of_imports(python, environment, directory) for environment in (bare, agent)]
                for _ in range(max(options.pairs // 10, 3))
            ]
            reported = sum(isinstance(event, FileImported) for event in heard)
            assert reported >= options.modules, "not all that was imported was reported"
            rest = processor_at_rest(python, agent, directory, options.idle)
    finally:
        link.close()
    later = [with_agent - alone for alone, with_agent in starts]
    longer = median(with_agent - alone for alone, with_agent in imports)
    return (
        _version(python),
        milliseconds(median(alone for alone, _ in starts)),
        f"{median(later) * 1000:.2f}",
        f"{percentile(later, 0.95) * 1000:.2f}",
        options.modules,
        milliseconds(median(alone for alone, _ in imports)),
        milliseconds(longer),
        f"{longer / (options.modules + PACKAGES) * 1e6:.0f}",
        f"{rest * 1000:.3f}",
    )


def _version(python: str) -> str:
    asked = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", nargs="+", default=[sys.executable], help="interpreters of the measured program")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--modules", type=int, default=3000)
    parser.add_argument("--idle", type=float, default=5.0, help="seconds to look at a program at rest")
    options = parser.parse_args()
    rows = [measure(os.path.abspath(python), options) for python in options.python]
    print(f"{machine()}, load {load_average()}; {options.pairs} pairs\n")
    print(table(HEAD, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
