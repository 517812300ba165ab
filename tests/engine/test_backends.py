"""Who watches what: the chosen backend, and the poller for what that one cannot be trusted with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reloader.core.events import WatcherFailed
from reloader.core.notices import BackendFellBack
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import WatchSettings
from reloader.engine.files.backends import BackendSet
from reloader.watchers.rules import configured_watch_set
from tests.support.fakes.interfaces import DatedDisk, Recorder, ScriptedWatcher

Makes = Callable[..., BackendSet]


@pytest.fixture
def journal() -> list[str]:
    return []


@pytest.fixture
def watcher(journal: list[str]) -> ScriptedWatcher:
    return ScriptedWatcher(journal)


@pytest.fixture
def poller(journal: list[str]) -> ScriptedWatcher:
    return ScriptedWatcher(journal, "poller")


@pytest.fixture
def roots(tmp_path: Path) -> tuple[str, str]:
    for name in ("near", "far"):
        (tmp_path / name / "inner").mkdir(parents=True)
    return str(tmp_path / "near"), str(tmp_path / "far")


@pytest.fixture
def watch_set(tmp_path: Path, roots: tuple[str, str]) -> WatchSet:
    return configured_watch_set(WatchSettings(str(tmp_path), roots, extra_files=(str(tmp_path / ".env"),)), DatedDisk())


@pytest.fixture
def makes(watcher: ScriptedWatcher, poller: ScriptedWatcher, watch_set: WatchSet, journal: list[str]) -> Makes:
    return lambda **how: BackendSet(watcher, watch_set, lambda: poller, Recorder(journal), os.sep, **how)


def test_nothing_is_polled_where_events_are_reliable(makes: Makes, journal: list[str]) -> None:
    makes()
    assert journal == []


def test_unreliable_roots_are_polled_from_the_start(
    makes: Makes, poller: ScriptedWatcher, roots: tuple[str, str], tmp_path: Path
) -> None:
    watching = makes(polled=[roots[1]])
    assert [watched.roots for watched in poller.watched] == [(roots[1],)]
    assert watching.is_polled(os.path.join(roots[1], "a.py"))
    assert watching.is_polled(str(tmp_path / ".env")), "single files are polled along"
    assert not watching.is_polled(os.path.join(roots[0], "a.py"))


def test_polled_roots_are_left_out_when_the_watches_are_renewed(
    makes: Makes, watcher: ScriptedWatcher, poller: ScriptedWatcher, roots: tuple[str, str]
) -> None:
    watching = makes(polled=[roots[1]])
    watching.reload_rules()
    assert [watched.roots for watched in watcher.watched] == [(roots[0],)]
    assert [watched.roots for watched in poller.watched] == [(roots[1],), (roots[1],)], "its rules have changed, too"


def test_a_mount_below_a_root_is_polled_in_addition_to_the_root(
    makes: Makes, watcher: ScriptedWatcher, poller: ScriptedWatcher, roots: tuple[str, str]
) -> None:
    inner = os.path.join(roots[0], "inner")
    watching = makes(polled=[inner])
    watching.watch_again()
    assert watcher.watched[-1].roots == roots
    assert poller.watched[-1].roots == (inner,)


def test_a_single_file_on_an_unreliable_file_system_starts_the_poller(
    makes: Makes, poller: ScriptedWatcher, journal: list[str], tmp_path: Path
) -> None:
    watching = makes(must_poll=lambda path: path.startswith(str(tmp_path / "share")))
    watching.add_files([str(tmp_path / "elsewhere.py")])
    assert journal == ["scripted adds 1"]
    watching.add_files([str(tmp_path / "share" / "module.py")])
    assert [watched.roots for watched in poller.watched] == [()]


def test_files_outside_the_roots_are_polled_if_the_backend_does_not_cover_them(
    watcher: ScriptedWatcher, makes: Makes, poller: ScriptedWatcher, journal: list[str]
) -> None:
    watcher.covers_files = False
    makes()
    assert journal == ["poller starts"]
    assert poller.watched[0].roots == ()


def test_after_a_failure_of_the_whole_backend_everything_is_polled(
    makes: Makes, watcher: ScriptedWatcher, poller: ScriptedWatcher, roots: tuple[str, str], journal: list[str]
) -> None:
    watching = makes()
    watching.fall_back(WatcherFailed("scripted", "it is gone", "Start it"))
    watching.watch_again()
    assert poller.watched[-1].roots == tuple(sorted(roots))
    assert watcher.watched[-1].roots == ()
    assert journal.count(f"report {BackendFellBack.__name__}") == 1


def test_both_are_checked_and_stopped(makes: Makes, roots: tuple[str, str], journal: list[str]) -> None:
    watching = makes(polled=[roots[1]])
    journal.clear()
    watching.check()
    watching.stop()
    assert journal == ["scripted is checked", "poller is checked", "scripted stops", "poller stops"]
