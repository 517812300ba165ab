"""The tests can be run as CONTRIBUTING.md says, by several workers at once, and those that measure time run alone."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.assertions.eventually import eventually
from tests.support.pages import CODE, section, text_of
from tests.support.platforms.limits import linux_only, posix_only
from tests.support.programs.announcements import ROOT
from tests.support.workers import MOST_WORKERS, Turns, number_of_workers

COMMANDS = [line for line in CODE.findall(text_of("CONTRIBUTING.md")) if "python -m pytest" in line]
EVERYTHING = "python -m pytest"
QUICK = "python -m pytest tests/core tests/config tests/engine"


class TestTheDocumentedCommands:
    def test_name_one_that_runs_everything_and_one_that_is_quick(self) -> None:
        assert {EVERYTHING, QUICK} <= set(CODE.findall(section("CONTRIBUTING.md", "Commands")))

    def test_that_runs_everything_is_the_one_of_the_readme(self) -> None:
        assert f".venv/bin/{EVERYTHING}" in text_of("README.md")

    @pytest.mark.parametrize("command", COMMANDS)
    def test_name_tests_that_exist(self, command: str) -> None:
        words = shlex.split(command)
        paths = [word for word in words[words.index("pytest") :] if word.startswith("tests")]
        assert [path for path in paths if not (ROOT / path).exists()] == []


@linux_only
class TestTheNumberOfWorkers:
    def test_is_that_of_the_cores_for_a_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for cores, workers in ((1, 0), (2, 2), (8, MOST_WORKERS), (64, MOST_WORKERS)):
            monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
            assert number_of_workers(["-q", str(tmp_path)]) == workers

    def test_is_none_for_single_files(self, tmp_path: Path) -> None:
        (tmp_path / "test_a.py").touch()
        assert number_of_workers([str(tmp_path / "test_a.py"), f"{tmp_path}/test_a.py::test_b"]) == 0

    def test_is_none_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")
        assert number_of_workers([str(tmp_path)]) == 0


@posix_only
class TestTurns:
    def test_of_usual_tests_are_at_the_same_time(self, tmp_path: Path) -> None:
        with turn(tmp_path, alone=False), turn(tmp_path, alone=False):
            pass

    def test_of_one_that_is_alone_comes_before_those_that_ask_later(self, tmp_path: Path) -> None:
        log: list[str] = []

        def take(name: str, *, alone: bool) -> None:
            with turn(tmp_path, alone=alone):
                log.append(name)

        alone = threading.Thread(target=take, args=["alone"], kwargs={"alone": True})
        later = threading.Thread(target=take, args=["later"], kwargs={"alone": False})
        with turn(tmp_path, alone=False):
            alone.start()
            eventually(lambda: is_locked(tmp_path / "queue"), what="a test waits to be alone")
            later.start()
            log.append("first")
        alone.join()
        later.join()
        assert log == ["first", "alone", "later"]


@contextmanager
def turn(directory: Path, *, alone: bool) -> Iterator[None]:
    """The turn of a test of another worker."""
    with closing(Turns(str(directory))) as turns, turns.take(alone=alone):
        yield


def is_locked(path: Path) -> bool:
    assert sys.platform != "win32"
    import fcntl

    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
