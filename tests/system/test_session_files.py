"""What the command is told by way of a file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.system.session_files import SessionFiles


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
        for name in ("changes", "held")
    ]
    assert [json.loads(Path(path).read_text(encoding="utf-8"))["path"] for path in found] == ["changes", "held"]


def test_nothing_is_left_of_it(files: SessionFiles, tmp_path: Path) -> None:
    files.write_changes(ChangeBatch())
    files.close()
    files.close()
    assert list(tmp_path.iterdir()) == []


def test_where_no_file_can_be_made_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: SessionFiles
) -> None:
    assert files.folder is not None
    Path(files.folder).rmdir()
    assert files.write_changes(ChangeBatch()) == {}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    nowhere = SessionFiles()
    assert nowhere.folder is None
    assert nowhere.write_changes(ChangeBatch()) == {}
    nowhere.close()
