"""Runs a Python with the agent, without any engine, and collects what it reports."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from reloader.agent.link import AgentLink
from reloader.core.events import (
    FileImported,
    FileOpened,
    FileWritten,
    ModuleNotFound,
    Posted,
    ProgramCrashed,
    ReportsSynced,
)
from reloader.core.settings import PythonPolicy
from reloader.system import ReportPipe
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import under_wine

News = TypeVar("News")

#: Of the variables of the test, what would change how the child's Python starts is not handed on.
_OF_PYTHON = ("PYTHON", "COVERAGE", "COV_", "RELOADER_", "WERKZEUG_", "RUN_MAIN")


def clean_environment(**more: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_OF_PYTHON)}
    return {**ours, "PYTHONDONTWRITEBYTECODE": "1", **more}


@dataclass(frozen=True)
class Report:
    """What a process said to the parent, to its standard streams, and by its exit code."""

    events: Sequence[Posted]
    out: str
    err: str
    code: int

    def all_of(self, kind: type[News]) -> list[News]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def files(self) -> set[str]:
        return {event.path for event in self.all_of(FileImported)}

    @property
    def opened(self) -> set[str]:
        return {event.path for event in self.all_of(FileOpened)}

    @property
    def written(self) -> set[str]:
        return {event.path for event in self.all_of(FileWritten)}

    @property
    def missed(self) -> set[str]:
        return {event.location for event in self.all_of(ModuleNotFound)}

    @property
    def crashes(self) -> list[str]:
        return [event.error for event in self.all_of(ProgramCrashed)]


@contextmanager
def listening(policy: PythonPolicy | None = None) -> Iterator[tuple[AgentLink, list[Posted]]]:
    """A link, and the list that fills with what is reported to it."""
    heard: list[Posted] = []
    link = AgentLink(ReportPipe(), heard.append, policy or PythonPolicy())
    try:
        yield link, heard
    finally:
        link.close()


def reported_by(
    *arguments: str | Path,
    cwd: Path,
    policy: PythonPolicy | None = None,
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
    run: int = 1,
) -> Report:
    """Run ``python arguments`` to its end and return all that it reported."""
    with listening(policy) as (link, heard):
        before = clean_environment(**(environment or {}))
        done = subprocess.run(
            [python, *map(str, arguments)],
            cwd=cwd,
            env={**before, **link.environment(run, before)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        token = link.sync()
        eventually(lambda: ReportsSynced(token) in heard, what="all reports are read")
        return Report(
            [event for event in heard if not isinstance(event, ReportsSynced)],
            done.stdout,
            done.stderr,
            done.returncode,
        )


def write(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def _other_pythons() -> dict[str, str]:
    """Interpreters of all versions that the agent is made for, by version, where pyenv has them or they are on the path."""
    import shutil

    found: dict[str, str] = {}
    for minor in range(8, 15) if not under_wine() else ():  # which would find those of the host
        version = f"3.{minor}"
        installed = sorted(
            Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*/bin/python")
        )
        on_path = shutil.which(f"python{version}")
        if installed:
            found[version] = str(installed[-1])
        elif on_path is not None and _works(on_path, version):
            found[version] = on_path
    found[f"3.{sys.version_info.minor}"] = sys.executable
    return found


def _works(python: str, version: str) -> bool:
    """A shim of pyenv may stand for nothing."""
    asked = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() == version


PYTHONS = _other_pythons()

with_every_python = pytest.mark.parametrize(
    "python",
    [
        pytest.param(
            PYTHONS.get(version, ""),
            id=version,
            marks=pytest.mark.skipif(version not in PYTHONS, reason=f"there is no Python {version} on this machine"),
        )
        for version in (f"3.{minor}" for minor in range(8, 15))
    ],
)
