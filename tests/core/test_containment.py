"""Paths within directories, compared by components."""

from __future__ import annotations

import pytest

from reloader.core.paths.containment import is_within, minimal_roots, relative_to


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [
        ("/app", "/app", True),
        ("/app/a", "/app", True),
        ("/app/a", "/app/", True),
        ("/app_first", "/app", False),
        ("/", "/app", False),
        ("/app", "/", True),
    ],
)
def test_paths_within_a_directory_are_found_by_components(path, directory, expected):
    assert is_within(path, directory) is expected


def test_on_windows_components_are_told_apart_by_the_backslash():
    assert is_within("C:\\app\\a", "C:\\app", "\\")
    assert is_within("C:\\app", "C:\\", "\\")
    assert not is_within("C:\\app_first", "C:\\app", "\\")


def test_roots_inside_other_roots_are_superfluous():
    assert minimal_roots(["/b", "/a/x", "/a", "/a", "/a_first", "/a/x/y"]) == ("/a", "/a_first", "/b")
    assert minimal_roots(["/a-b/c", "/a", "/a-b"]) == ("/a", "/a-b")
    assert minimal_roots([]) == ()


def test_a_path_below_a_directory_has_a_relative_part():
    assert relative_to("/app/a/b", "/app") == relative_to("/app/a/b", "/app/") == "a/b"
    assert relative_to("/a", "/") == "a"
    assert relative_to("C:\\app\\a", "C:\\app", "\\") == "a"
    assert relative_to("/app", "/app") is None
    assert relative_to("/app_first", "/app") is None
