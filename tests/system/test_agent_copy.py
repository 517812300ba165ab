"""The agent's files where they outlive the program: only the user may write there, and what is missing is put back."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reloader.system import agent_copy
from reloader.system.agent_copy import AgentCopy, persist_directory
from reloader.system.directories import cache_directories
from tests.support.platforms.limits import posix_only


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a.py").write_text("A = 1\n")
    (folder / "b.py").write_text("B = 2\n")
    (folder / "notes.txt").write_text("of no use")
    return folder


def copy_of(source: Path, *places: Path) -> AgentCopy:
    return AgentCopy(str(source), "agent", [str(place) for place in places])


def files(directory: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in Path(directory).iterdir()}


def test_it_holds_the_modules_and_nothing_else(tmp_path: Path, source: Path) -> None:
    directory = copy_of(source, tmp_path / "cache" / "reloader").directory()
    assert os.path.dirname(directory) == str(tmp_path / "cache" / "reloader")
    assert files(directory) == {"a.py": "A = 1\n", "b.py": "B = 2\n"}


def test_lost_or_changed_files_are_repaired_without_the_source(tmp_path: Path, source: Path) -> None:
    copy = copy_of(source, tmp_path / "cache")
    directory = Path(copy.directory())
    (directory / "a.py").unlink()
    (directory / "b.py").write_text("evil = True\n")
    for path in source.iterdir():
        path.unlink()
    assert files(copy.directory()) == {"a.py": "A = 1\n", "b.py": "B = 2\n"}
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    assert files(copy.directory()) == {"a.py": "A = 1\n", "b.py": "B = 2\n"}


def test_other_contents_have_another_name(tmp_path: Path, source: Path) -> None:
    before = copy_of(source, tmp_path / "cache").directory()
    (source / "a.py").write_text("A = 2\n")
    assert copy_of(source, tmp_path / "cache").directory() != before


def test_the_next_directory_or_the_source_is_used_if_no_copy_can_be_made(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    copy = copy_of(source, tmp_path / "file", tmp_path / "cache")
    assert os.path.dirname(copy.directory()) == str(tmp_path / "cache")
    assert copy_of(source, tmp_path / "file").directory() == str(source)


@posix_only
def test_a_directory_that_others_may_write_to_is_not_trusted(tmp_path: Path, source: Path) -> None:
    place = tmp_path / "cache"
    first = Path(copy_of(source, place).directory())
    first.chmod(0o777)
    assert copy_of(source, place).directory() == str(source)
    first.chmod(0o700)
    place.chmod(0o777)
    assert copy_of(source, place).directory() == str(source)


@posix_only
def test_a_link_is_not_trusted(tmp_path: Path, source: Path) -> None:
    place = tmp_path / "cache"
    made = Path(copy_of(source, place).directory())
    made.rename(tmp_path / "elsewhere")
    made.symlink_to(tmp_path / "elsewhere")
    assert copy_of(source, place).directory() == str(source)


@posix_only
def test_others_can_neither_read_nor_write(tmp_path: Path, source: Path) -> None:
    directory = copy_of(source, tmp_path / "cache").directory()
    assert os.stat(directory).st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is of Linux")
@pytest.mark.parametrize(
    ("environ", "first"),
    [
        ({"XDG_CACHE_HOME": "/c"}, "/c/reloader"),
        ({}, "/home/me/.cache/reloader"),
        ({"XDG_CACHE_HOME": ""}, "/home/me/.cache/reloader"),
    ],
)
def test_the_first_directory_is_the_cache_of_the_user(environ: dict[str, str], first: str) -> None:
    assert cache_directories(environ, "/home/me")[0] == first


@posix_only
def test_without_a_home_a_temporary_directory_is_used() -> None:
    (only,) = cache_directories({"XDG_CACHE_HOME": "~"}, "~") if sys.platform == "linux" else cache_directories({}, "~")
    assert os.path.basename(only) == f"reloader-{os.getuid()}"


def test_only_a_frozen_program_has_a_copy(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert persist_directory(str(source), "agent")() == str(source)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(agent_copy, "cache_directories", lambda environ, home: [str(tmp_path / "cache")])
    assert os.path.dirname(persist_directory(str(source), "agent")()) == str(tmp_path / "cache")
