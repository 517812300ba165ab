"""A project on disk, and the settings that its configuration makes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reloader.cli.parser import parse
from reloader.config.load import load
from reloader.core.settings import Settings
from reloader.errors import ConfigError


@dataclass(frozen=True)
class Project:
    """``directory`` is where the program is started; ``environ`` is all of its environment."""

    directory: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    platform: str = sys.platform

    def write(self, content: str | bytes, name: str = "reloader.toml") -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def settings(self, *argv: str, environ: Mapping[str, str] | None = None, within: str = ".") -> Settings:
        return load(
            parse(argv),
            environ=self.environ if environ is None else environ,
            directory=str((self.directory / within).resolve()),
            home=str(self.directory / "home"),
            platform=self.platform,
        ).settings

    def problems(self, *argv: str, environ: Mapping[str, str] | None = None, within: str = ".") -> Sequence[str]:
        with pytest.raises(ConfigError) as error:
            self.settings(*argv, environ=environ, within=within)
        return error.value.problems

    def path(self, *parts: str) -> str:
        return str(self.directory.joinpath(*parts))


def project_in(directory: Path, platform: str = sys.platform) -> Project:
    return Project(directory.resolve(), platform=platform)
