"""The paths by which a session is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.config.discovery import project_paths
from tests.support.platforms.limits import needs_symlinks


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    return tmp_path.resolve()


def test_the_files_that_apply_come_first_then_the_directories_from_here_upwards(root: Path) -> None:
    (root / "pyproject.toml").touch()
    (root / "reloader.toml").write_text("it is = broken, which nobody minds")
    found = project_paths(None, str(root / "sub"), str(root))
    first = [str(root / "reloader.toml"), str(root / "pyproject.toml"), str(root / "sub"), str(root)]
    assert list(found[:4]) == first
    assert found[-1] == root.anchor


def test_a_file_that_was_named_is_the_only_one(root: Path) -> None:
    assert project_paths("../other.toml", str(root / "sub"), "/home/me") == (str(root / "other.toml"),)
    assert project_paths("~/other.toml", str(root / "sub"), str(root)) == (str(root / "other.toml"),)


@needs_symlinks
def test_a_file_is_known_by_where_it_really_is(root: Path) -> None:
    (root / "real.toml").touch()
    (root / "reloader.toml").symlink_to("real.toml")
    assert project_paths(None, str(root), str(root))[0] == str(root / "real.toml")
