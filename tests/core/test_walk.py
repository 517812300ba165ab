"""The walk over a disk that is a mapping: directories to their entries, links to their targets."""

from __future__ import annotations

import pytest

from reloader.core.paths.containment import is_within
from reloader.core.paths.filters import PathFilter, Rule, RuleSet
from reloader.core.paths.walk import Walk
from reloader.core.paths.watch_set import WatchSet

Disk = dict[str, list[str]]  # "name" is a file, "name/" a directory, "name@" a link to a file, "name@/" to a directory


def walk(
    disk: Disk, links: dict[str, str] | None = None, *, follow: bool = True, roots: tuple[str, ...] = ("/app",)
) -> Walk:
    targets = links or {}
    ignored = RuleSet("", [Rule("*.log", "test"), Rule("build/", "test")])

    def real_path(path: str) -> str:
        for link in sorted(targets, key=len, reverse=True):
            if is_within(path, link):
                return real_path(targets[link] + path[len(link) :])
        return path

    def entries(directory: str) -> list[tuple[str, bool, bool]]:
        listed = disk.get(real_path(directory), [])
        return [(entry.rstrip("@/"), entry.endswith("/"), "@" in entry) for entry in listed]

    watch_set = WatchSet(roots, frozenset(), PathFilter(roots, stronger=[ignored]))
    return Walk(watch_set, entries, real_path, follow_symlinks=follow)


def files_seen(there: Walk) -> dict[str, tuple[str, ...]]:
    return {folder.path: folder.files for folder in there.from_roots()}


def test_a_walk_visits_the_watched_directories_and_lists_the_watched_files():
    disk = {"/app": ["a.py", "a.log", "sub/", "build/"], "/app/sub": ["b.py", "c@"], "/app/build": ["x.py"]}
    app, sub = sorted(walk(disk).from_roots(), key=lambda folder: folder.path)
    assert (app.path, app.files, app.links) == ("/app", ("/app/a.py",), ())
    assert (sub.path, sub.files, sub.links) == ("/app/sub", ("/app/sub/b.py", "/app/sub/c"), ("/app/sub/c",))


def test_an_ignored_directory_is_never_listed():
    listed = []
    there = walk({"/app": ["build/"], "/app/build": ["x.py"]})

    def list_directory(directory: str) -> list[tuple[str, bool, bool]]:
        listed.append(directory)
        return list(there.list_directory(directory))

    assert files_seen(Walk(there.watch_set, list_directory, there.real_path)) == {"/app": ()}
    assert listed == ["/app"]


def test_a_part_of_the_tree_can_be_walked_alone():
    disk = {"/app": ["sub/", "other/"], "/app/sub": ["deep/"], "/app/sub/deep": ["a.py"], "/app/other": ["b.py"]}
    assert {folder.path for folder in walk(disk).below("/app/sub")} == {"/app/sub", "/app/sub/deep"}
    assert list(walk(disk).below("/app/build")) == []
    assert list(walk(disk).below("/elsewhere")) == []


def test_a_link_can_be_walked_alone_and_is_visited_only_if_a_walk_from_the_roots_would_do_so():
    disk = {"/app": ["lib@/", "back@/", "sub/"], "/app/sub": ["b.py"], "/shared": ["a.py"]}
    there = walk(disk, {"/app/lib": "/shared", "/app/back": "/app", "/app/twin": "/app/sub"})
    assert [(folder.path, folder.files) for folder in there.below("/app/lib")] == [("/app/lib", ("/app/lib/a.py",))]
    assert list(there.below("/app/back")) == []
    assert list(there.below("/app/twin")) == []


def test_a_root_that_is_a_link_can_be_walked_alone():
    disk = {"/shared": ["a.py"]}
    there = walk(disk, {"/app": "/shared"})
    assert [(folder.path, folder.files) for folder in there.below("/app")] == [("/app", ("/app/a.py",))]


def test_a_gitignore_is_found_even_if_it_is_not_watched():
    (folder,) = walk({"/app": [".gitignore", "a.py"]}).from_roots()
    assert folder.gitignore == "/app/.gitignore"


def test_a_linked_directory_is_visited_under_the_name_of_the_link():
    disk = {"/app": ["lib@/"], "/shared": ["a.py"]}
    app, lib = walk(disk, {"/app/lib": "/shared"}).from_roots()
    assert (app.path, app.files, app.is_linked) == ("/app", (), False)
    assert (lib.path, lib.files, lib.is_linked) == ("/app/lib", ("/app/lib/a.py",), True)


def test_links_are_not_followed_if_that_is_switched_off():
    disk = {"/app": ["lib@/"], "/shared": ["a.py"]}
    assert [folder.path for folder in walk(disk, {"/app/lib": "/shared"}, follow=False).from_roots()] == ["/app"]


@pytest.mark.parametrize("target", ["/app", "/app/sub", "/"])
def test_a_link_to_a_directory_above_it_is_not_followed(target):
    disk = {"/app": ["sub/"], "/app/sub": ["back@/", "a.py"]}
    visited = [folder.path for folder in walk(disk, {"/app/sub/back": target}).from_roots()]
    assert visited == ["/app", "/app/sub"]


def test_a_directory_that_is_linked_twice_is_visited_once():
    disk = {"/app": ["one@/", "two@/"], "/shared": ["a.py"]}
    visited = [folder.path for folder in walk(disk, {"/app/one": "/shared", "/app/two": "/shared"}).from_roots()]
    assert len(visited) == 2
    assert set(visited) < {"/app", "/app/one", "/app/two"}


def test_a_real_directory_is_not_visited_again_by_a_link():
    disk = {"/app": ["link@/", "real/"], "/app/real": ["a.py"]}
    visited = [folder.path for folder in walk(disk, {"/app/link": "/app/real"}).from_roots()]
    assert sorted(visited) == ["/app", "/app/real"]


def test_a_link_into_an_ignored_directory_is_visited():
    disk = {"/app": ["current@/", "build/"], "/app/build": [], "/app/build/v2": ["a.py"]}
    visited = [folder.path for folder in walk(disk, {"/app/current": "/app/build/v2"}).from_roots()]
    assert visited == ["/app", "/app/current"]


def test_a_link_with_an_ignored_name_is_not_followed():
    disk = {"/app": ["build@/"], "/shared": ["a.py"]}
    assert [folder.path for folder in walk(disk, {"/app/build": "/shared"}).from_roots()] == ["/app"]


def test_the_root_of_the_disk_can_be_walked():
    disk = {"/": ["app/", "a.py"], "/app": ["b.py"]}
    assert files_seen(walk(disk, roots=("/",))) == {"/": ("/a.py",), "/app": ("/app/b.py",)}
