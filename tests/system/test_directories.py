"""What the command is told by way of a file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.system.directories import SessionFiles
from tests.support.platforms.limits import posix_only


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionFiles]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = SessionFiles()
    yield files
    files.close()


def test_each_change_is_a_line_and_only_the_last_changes_are_there(files: SessionFiles) -> None:
    for name in ("a", "b\udcff\n"):
        variables = files.write_changes(ChangeBatch.of([PathChange(name, ChangeKind.ADDED)]))
        lines = Path(variables["RELOADER_CHANGES_FILE"]).read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == [{"path": name, "kind": "added"}]


def test_each_name_is_a_file_of_its_own(files: SessionFiles) -> None:
    found = [
        files.write_changes(ChangeBatch.of([PathChange(name, ChangeKind.ADDED)]), name)["RELOADER_CHANGES_FILE"]
        for name in ("changes", "pending")
    ]
    assert [json.loads(Path(path).read_text(encoding="utf-8"))["path"] for path in found] == ["changes", "pending"]


def test_close_removes_the_directory(files: SessionFiles, tmp_path: Path) -> None:
    files.write_changes(ChangeBatch())
    files.close()
    files.close()
    assert list(tmp_path.iterdir()) == []


def test_the_directory_is_created_when_it_is_needed(files: SessionFiles, tmp_path: Path) -> None:
    assert files.directory is not None
    assert Path(files.directory).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_directory_is_created_again_after_it_was_removed(files: SessionFiles) -> None:
    folder = files.ensure_directory()
    assert folder is not None
    Path(folder).rmdir()
    assert files.ensure_directory() == folder
    assert files.ensure_directory() == folder
    assert Path(folder).is_dir()


@posix_only
def test_a_directory_that_others_may_enter_is_not_used(files: SessionFiles) -> None:
    assert files.directory is not None
    Path(files.directory).mkdir()
    Path(files.directory).chmod(0o755)
    assert files.ensure_directory() is None
    assert files.write_changes(ChangeBatch()) == {}


def test_no_variable_is_set_if_the_directory_cannot_be_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    nowhere = SessionFiles()
    assert nowhere.ensure_directory() is None
    assert nowhere.write_changes(ChangeBatch()) == {}
    nowhere.close()


def test_no_variable_is_set_if_no_directory_is_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    nowhere = SessionFiles()
    assert nowhere.directory is None
    assert nowhere.ensure_directory() is None
    nowhere.close()
