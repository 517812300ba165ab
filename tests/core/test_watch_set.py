"""The watch set: the filter, and the paths that are watched by their names."""

from __future__ import annotations

from reloader.core.paths.filters import PathFilter, Rule, RuleSet
from reloader.core.paths.watch_set import Imports, WatchSet


def watch_set() -> WatchSet:
    ignored = RuleSet("/app", [Rule("build/", "test"), Rule("*.log", "test")])
    return WatchSet(
        ("/app",), frozenset({"/etc/app.conf", "/app/build/version"}), PathFilter(["/app"], stronger=[ignored])
    )


def test_what_the_filter_accepts_is_watched():
    assert watch_set().is_watched("/app/a.py")
    assert not watch_set().is_watched("/app/a.log")
    assert not watch_set().is_watched("/elsewhere/a.py")


def test_an_extra_file_is_watched_anywhere_and_despite_the_filter():
    assert watch_set().is_watched("/etc/app.conf")
    assert watch_set().is_watched("/app/build/version")
    assert not watch_set().is_watched("/app/build/other")


def test_an_extra_file_does_not_make_its_directory_part_of_the_tree():
    assert watch_set().descends_into("/app")
    assert not watch_set().descends_into("/etc")
    assert not watch_set().descends_into("/app/build")


def test_an_imported_file_is_watched_by_its_name_like_an_extra_file():
    imports = Imports({"/usr/lib/x.py"})
    watched = WatchSet(("/app",), frozenset({"/etc/app.conf"}), PathFilter(["/app"]), imports)
    assert sorted(watched.explicit_paths()) == ["/etc/app.conf", "/usr/lib/x.py"]
    assert watched.is_watched("/usr/lib/x.py")
    imports.imports_only = True
    assert not watched.is_watched("/app/a.py")
