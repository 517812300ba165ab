"""The paths by which a session is found, and the line of its config file that holds a pattern."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.config.discovery import project_paths
from reloader.config.toml_syntax import line_of
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


FILE = """\
command = "run"
# ignore = ["build/"]
ignore = [
  "build/",
  './lib/',
  "!keep\\\\*.py",
  "twice",
]
watch = ["src/**", "templates/", "twice"]
"""


@pytest.mark.parametrize(
    ("pattern", "line"),
    [("build/", 4), ("/lib/", 5), ("!keep\\*.py", 6), ("/src/**", 9), ("templates", 9), ("twice", 0), ("nowhere", 0)],
)
def test_the_line_of_a_pattern_is_found_as_it_was_written(pattern: str, line: int) -> None:
    assert line_of(pattern, FILE) == line
