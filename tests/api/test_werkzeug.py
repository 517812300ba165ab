"""The adapter takes the arguments of Werkzeug's function."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import pytest

from reloader.errors import ReloaderError
from reloader.werkzeug import ignore_pattern, run_with_reloader
from tests.api.scripts import Program, settings
from tests.support.programs.projects import save

SOURCE = """\
import sys
import settings, made.by_a_tool
from reloader.werkzeug import run_with_reloader
def main():
    print("content:", settings.VALUE, flush=True)
    sys.stdin.read()
run_with_reloader(ARGUMENTS)
"""


def test_its_signature_is_that_of_werkzeug() -> None:
    theirs = pytest.importorskip("werkzeug._reloader", reason="Werkzeug is not installed").run_with_reloader
    ours = inspect.signature(run_with_reloader).parameters.values()
    assert [(one.name, one.kind, one.default) for one in ours] == [
        (one.name, one.kind, one.default) for one in inspect.signature(theirs).parameters.values()
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        "main, ['data.txt'], ['*/made/*'], 0.1, 'stat'",
        "main_func=main, extra_files={'data.txt'}, exclude_patterns=None or ('*by_a_tool*',), reloader_type='auto'",
    ],
)
def test_it_restarts_as_its_arguments_say(tmp_path: Path, arguments: str) -> None:
    files = {
        "app.py": SOURCE.replace("ARGUMENTS", arguments),
        "settings.py": settings("first"),
        "made/by_a_tool.py": "",
    }
    for name, text in files.items():
        save(tmp_path / name, text)
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        save(tmp_path / "made" / "by_a_tool.py", "new = 1\n")
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")
        save(tmp_path / "data.txt", "new")
        program.wait_for_line("content: second")
        assert [line for line in program.remarks if "by_a_tool" in line] == []


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        ("*.cfg", "*.cfg"),
        ("*/tests/*", "**/tests/**"),
        ("*/conf?g/[!a]*.py", "**/conf?g/[!a]*.py"),
        ("HERE/data/*", "/data/**"),
        ("HERE/*", "/**"),
        ("*", "*"),
    ],
)
def test_a_pattern_of_whole_paths_becomes_a_gitignore_pattern(written: str, pattern: str) -> None:
    here = os.path.abspath("/proj/project")
    assert ignore_pattern(written.replace("HERE", here).replace("/", os.sep), here) == pattern


def test_a_pattern_outside_of_the_directory_is_an_error() -> None:
    here, elsewhere = os.path.abspath("/proj"), os.path.abspath("/elsewhere/*")
    with pytest.raises(ReloaderError, match=r"lies outside of .*: begin it with \*/"):
        ignore_pattern(elsewhere, here)


def test_an_unknown_reloader_type_is_an_error() -> None:
    with pytest.raises(ReloaderError, match='reloader_type = "x" is not one of auto, stat, watchdog'):
        run_with_reloader(print, reloader_type="x")
