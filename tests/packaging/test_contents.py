"""A frozen program includes every module of its platform, also those imported by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from binary.contents import AGENT, EXCLUDED, modules_for, shared_by_compiled_modules

from tests.support.programs.announcements import ROOT

PACKAGE = ROOT / "reloader"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_every_module_is_included_except_those_of_other_platforms(platform: str) -> None:
    modules = modules_for(PACKAGE, platform)
    assert {
        "reloader",
        "reloader.frozen",
        "reloader.cli.main",
        "reloader.app.doctor",
        "reloader.system.port_owner",
    } <= modules
    assert ("reloader.system.windows.process_host" in modules) is (platform == "win32")
    assert ("reloader.system.posix.process_host" in modules) is (platform != "win32")
    assert not any(name.startswith("reloader.agent.inside") for name in modules)


def test_subcommands_are_included_although_they_are_imported_by_name() -> None:
    subcommands = {
        f"reloader.cli.subcommands.{file.stem}" for file in (PACKAGE / "cli" / "subcommands").glob("[a-z]*.py")
    }
    assert subcommands
    assert subcommands <= modules_for(PACKAGE, "linux")


def test_the_files_of_the_agent_are_where_the_spec_expects_them() -> None:
    assert (ROOT / AGENT / "sitecustomize.py").is_file()


def test_no_module_imports_what_is_excluded() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py") if AGENT not in file.as_posix())
    lines = {line.strip() for line in text.splitlines()}
    left_out = [
        name for name in EXCLUDED if any(line.startswith((f"import {name}", f"from {name} ")) for line in lines)
    ]
    assert left_out == []


def test_modules_that_mypyc_adds_are_found(tmp_path: Path) -> None:
    (tmp_path / "0a1b__mypyc.cpython-313-x86_64-linux-gnu.so").touch()
    (tmp_path / "other.so").touch()
    assert shared_by_compiled_modules(tmp_path) == ["0a1b__mypyc"]
