from __future__ import annotations

from reloader.core.paths.filters import PathFilter, Rule, RuleSet
from reloader.core.paths.watch_set import WatchSet


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
