"""Which directories are watched for the sake of single paths."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reloader.watchers.disk import RealDisk
from reloader.watchers.indirect_paths import IndirectPaths

needs_symlinks = pytest.mark.skipif(sys.platform == "win32", reason="creating symlinks needs a privilege on Windows")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return Path(os.path.realpath(tmp_path))


@pytest.fixture
def indirect() -> IndirectPaths:
    return IndirectPaths(RealDisk())


def test_a_file_is_watched_through_its_directory_whether_it_exists_or_not(indirect: IndirectPaths, here: Path) -> None:
    indirect.add(str(here / "settings.toml"))
    assert indirect.directories() == {str(here)}


def test_what_is_missing_with_its_directories_is_watched_through_the_nearest_one_above(
    indirect: IndirectPaths, here: Path
) -> None:
    indirect.add(str(here / "etc/deep/settings.toml"))
    assert indirect.directories() == {str(here)}
    (here / "etc").mkdir()
    assert indirect.directories() == {str(here / "etc")}
    (here / "etc/deep").mkdir()
    assert indirect.directories() == {str(here / "etc/deep")}


def test_a_path_that_is_not_even_absolute_has_an_end_too(indirect: IndirectPaths) -> None:
    indirect._paths.add("nowhere/at/all")
    assert indirect.directories() == {""}


def test_news_of_a_place_and_of_all_above_it_matter_and_of_nothing_else(indirect: IndirectPaths, here: Path) -> None:
    indirect.add(str(here / "etc/settings.toml"))
    assert indirect.are_affected_by(str(here / "etc/settings.toml"))
    assert indirect.are_affected_by(str(here / "etc"))
    assert indirect.are_affected_by(str(here))
    assert not indirect.are_affected_by(str(here / "etc/other.toml"))
    assert not indirect.are_affected_by(str(here / "etc2"))


@needs_symlinks
def test_a_link_is_watched_at_both_ends(indirect: IndirectPaths, here: Path) -> None:
    (here / "real").mkdir()
    (here / "real/settings.toml").write_text("x")
    (here / "link.toml").symlink_to("real/settings.toml")
    indirect.add(str(here / "link.toml"))
    assert indirect.directories() == {str(here), str(here / "real")}
    assert indirect.are_affected_by(str(here / "real/settings.toml"))


@needs_symlinks
def test_a_link_that_leads_elsewhere_now_is_followed_and_where_it_led_before_is_kept(
    indirect: IndirectPaths, here: Path
) -> None:
    for name in ("one", "two"):
        (here / name).mkdir()
        (here / name / "settings.toml").write_text(name)
    (here / "data").symlink_to("one")
    indirect.add(str(here / "data/settings.toml"))
    assert indirect.directories() == {str(here), str(here / "data"), str(here / "one")}
    (here / "data").unlink()
    (here / "data").symlink_to("two")
    indirect.refresh()
    assert indirect.directories() == {str(here), str(here / "data"), str(here / "one"), str(here / "two")}
