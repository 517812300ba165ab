"""Whether sources compile: our own Python says yes, and the program's own has the last word."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reloader.engine.tasks.runner import TaskRunner
from reloader.engine.tasks.syntax_check import (
    MAX_BYTES_IN_PROCESS,
    CompileError,
    Interpreter,
    SyntaxChecker,
    first_error,
)
from reloader.system import ProcessHost
from tests.support.assertions.eventually import eventually
from tests.support.fakes.clock import ManualClock
from tests.support.sessions.tasks import FakeHelpers


@pytest.fixture
def host() -> Iterator[ProcessHost]:
    host = ProcessHost(lambda posted: None)
    yield host
    host.close()


class Checking:
    """The real thing, and what it has results."""

    def __init__(self, host: ProcessHost, folder: Path | None, interpreter: str = sys.executable) -> None:
        self._commands = TaskRunner(host.helpers, time.monotonic)
        self.sources = SyntaxChecker(
            self._commands,
            Interpreter(command=interpreter),
            dict,
            cwd="/" if sys.platform != "win32" else "C:\\",
            make_directory=lambda: None if folder is None else str(folder),
            timeout=20.0,
        )
        self.results: list[CompileError | None] = []

    def check(self, *paths: Path) -> CompileError | None:
        self.sources.check([str(path) for path in paths], self.results.append)
        eventually(self._has_result)
        (result,) = self.results
        return result

    def _has_result(self) -> bool:
        self._commands.tick(time.monotonic())
        return bool(self.results)


def written(folder: Path, text: str | bytes, name: str = "app.py") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("text", ["", "x = 1\n", "# -*- coding: latin-1 -*-\nx = '\xe4'\n", "x = '\\d'\n"])
def test_a_valid_source_needs_no_other_process(tmp_path: Path, text: str) -> None:
    helpers = FakeHelpers()
    sources = SyntaxChecker(
        TaskRunner(helpers, ManualClock()),
        Interpreter(command="python"),
        dict,
        cwd="/",
        make_directory=lambda: str(tmp_path),
        timeout=1.0,
    )
    results: list[CompileError | None] = []
    assert sources.check([str(written(tmp_path, text))], results.append) is None
    assert (results, helpers.journal) == ([None], [])


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("def f(:\n", 1, "SyntaxError: invalid syntax"),
        ("x = 1\nreturn 1\n", 2, "SyntaxError: 'return' outside function"),
        ("if x:\npass\n", 2, "IndentationError: expected an indented block after 'if' statement on line 1"),
        (b"x = '\xff'\n", None, None),
        (b"x = 1\0\n", None, None),
    ],
)
def test_the_program_s_python_returns_the_error_and_its_position(
    host: ProcessHost, tmp_path: Path, text: str | bytes, line: int | None, message: str | None
) -> None:
    path = written(tmp_path, text)
    fault = Checking(host, tmp_path).check(written(tmp_path, "x = 1\n", "good.py"), path)
    assert fault is not None
    assert fault.path == str(path)
    assert fault == first_error([str(path)])
    assert line is None or (fault.line, fault.message) == (line, message)


def test_no_temporary_files_are_left(host: ProcessHost, tmp_path: Path) -> None:
    Checking(host, tmp_path).check(written(tmp_path, "x = (\n"))
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="a script that begins with #! is a program on POSIX alone")
def test_a_newer_python_than_ours_accepts_a_source(host: ProcessHost, tmp_path: Path) -> None:
    path = written(tmp_path, "this is the syntax of tomorrow\n")
    tomorrow = written(tmp_path, "#!/bin/sh\nexit 0\n", "python")
    tomorrow.chmod(0o755)
    assert first_error([str(path)]) is not None
    assert Checking(host, tmp_path, str(tomorrow)).check(path) is None


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", None])
def test_without_an_answer_of_that_python_ours_decides(host: ProcessHost, tmp_path: Path, script: str | None) -> None:
    silent = tmp_path / "python"
    if script is not None:
        written(tmp_path, script, "python").chmod(0o755)
    assert Checking(host, tmp_path, str(silent)).check(written(tmp_path, "x = (\n")) is not None


def test_without_a_known_python_ours_decides(host: ProcessHost, tmp_path: Path) -> None:
    path = written(tmp_path, "x = (\n")
    assert Checking(host, tmp_path, "").check(path) == first_error([str(path)])
    assert Checking(host, None).check(path) == first_error([str(path)])
    assert Checking(host, tmp_path / "gone").check(path) == first_error([str(path)])


def test_large_sources_are_checked_by_another_process(tmp_path: Path) -> None:
    helpers = FakeHelpers()
    sources = SyntaxChecker(
        TaskRunner(helpers, ManualClock()),
        Interpreter(command="python"),
        dict,
        cwd="/",
        make_directory=lambda: str(tmp_path),
        timeout=1.0,
    )
    path = written(tmp_path, "#" * (MAX_BYTES_IN_PROCESS + 1))
    results: list[CompileError | None] = []
    assert sources.check([str(path), str(tmp_path / "gone.py")], results.append) == 1
    assert results == []
    question = Path(helpers.living[0].argv[-2])
    assert json.loads(question.read_text(encoding="utf-8")) == [str(path), str(tmp_path / "gone.py")]


def test_an_unreadable_source_has_no_error(tmp_path: Path) -> None:
    assert first_error([str(tmp_path / "gone.py"), str(tmp_path)]) is None
