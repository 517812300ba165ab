"""What the doctor finds: where everything is well, and where something is not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from reloader.app import doctor, file_tracking
from reloader.app.doctor import examine, measure_round_trip
from reloader.core.choices import BackendName
from reloader.core.events import WatcherFailed
from reloader.core.filesystems import Mount
from reloader.core.notices import BackendFellBack, ConfigUsed, DoctorRoot, DoctorScan, Level, Notice, Polling
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import LaunchSettings, Settings, WatchSettings
from reloader.errors import BackendUnavailable
from reloader.interfaces import Post
from reloader.watchers.choose import Choice
from tests.support.fakes.interfaces import FakeMounts, Recorder, ScriptedWatcher
from tests.support.platforms.limits import posix_only
from tests.support.watching.backends import needs_watchdog


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project" / "package").mkdir(parents=True)
    (tmp_path / "project" / "app.py").write_text("")
    return tmp_path / "project"


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> FakeMounts:
    mounts = FakeMounts()
    monkeypatch.setattr(doctor, "SystemMounts", lambda: mounts)
    return mounts


def load_settings(*roots: Path, backend: BackendName = BackendName.STAT) -> Settings:
    watch = WatchSettings(str(roots[0]), tuple(map(str, roots)), backend=backend, interval=0.05)
    return Settings(LaunchSettings(("none",), str(roots[0])), watch, source="a test")


def notices_of(settings: Settings) -> list[Notice]:
    reporter = Recorder([])
    examine(settings, reporter)
    return reporter.notices


def roots_in(notices: Sequence[Notice]) -> list[DoctorRoot]:
    return [notice for notice in notices if isinstance(notice, DoctorRoot)]


@pytest.mark.usefixtures("mounts")
def test_a_root_is_reported_with_its_file_system_its_backend_and_its_round_trip(root: Path) -> None:
    notices = notices_of(load_settings(root))
    assert notices[0] == ConfigUsed("a test")
    [trees] = [notice for notice in notices if isinstance(notice, DoctorScan)]
    assert (trees.files, trees.directories) == (1, 2)
    [found] = roots_in(notices)
    assert (found.root, found.file_system, found.backend, found.why) == (str(root), "ext4", "stat", "as configured")
    assert found.round_trip is not None
    assert found.level is Level.INFO


@needs_watchdog
def test_an_unreliable_file_system_is_reported_as_polled(root: Path, mounts: FakeMounts) -> None:
    (root / "share").mkdir()
    mounts.put(Mount(str(root / "share"), "9p"))
    notices = notices_of(load_settings(root, backend=BackendName.AUTO))
    assert [notice.directory for notice in notices if isinstance(notice, Polling)] == [str(root / "share")]
    assert [(found.root, found.backend) for found in roots_in(notices)] == [
        (str(root), "watchdog"),
        (str(root / "share"), "stat"),
    ]


@pytest.mark.usefixtures("mounts")
def test_one_file_system_is_measured_once_and_nothing_is_left_on_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    before = set(os.listdir(tempfile.gettempdir())) | set(os.listdir(root))
    first, second = roots_in(notices_of(load_settings(root, tmp_path / "other")))
    assert first.round_trip == second.round_trip
    left = set(os.listdir(tempfile.gettempdir())) | set(os.listdir(root))
    assert {name for name in left - before if "reloader-doctor" in name} == set()


def test_a_configured_backend_that_is_unavailable_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*how: object) -> Choice:
        raise BackendUnavailable("watchdog", "a limit", "Raise it")

    monkeypatch.setattr(file_tracking, "choose", refuse)
    with pytest.raises(BackendUnavailable, match="a limit"):
        notices_of(load_settings(root))


def choose_failing(settings: WatchSettings, watch_set: WatchSet, post: Post, *others: object) -> Choice:
    post(WatcherFailed("scripted", "the limit is reached", "Raise it", watch_set.roots))
    return Choice(ScriptedWatcher([], name="watchdog"), "a script")


@pytest.mark.usefixtures("mounts")
def test_a_failed_watcher_is_reported_with_the_remedy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (file_tracking, doctor):
        monkeypatch.setattr(module, "choose", choose_failing)
    notices = notices_of(load_settings(root))
    assert BackendFellBack("scripted", (str(root),), "the limit is reached", "Raise it") in notices
    [found] = roots_in(notices)
    assert (found.round_trip, found.trouble, found.level) == (None, "the limit is reached. Raise it", Level.WARNING)


def test_an_event_that_does_not_come_is_a_warning_with_the_remedy(
    root: Path, mounts: FakeMounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "choose", lambda *how: Choice(ScriptedWatcher([]), "a script"))
    monkeypatch.setattr(doctor, "ROUND_TRIP_TIMEOUT", 0.0)
    seconds, problem = measure_round_trip(load_settings(root).watch, str(root), mounts)
    assert seconds is None
    assert 'Set backend = "stat"' in problem


def test_an_unavailable_backend_is_reported(root: Path, mounts: FakeMounts, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*how: object) -> Choice:
        raise BackendUnavailable("watchdog", "a limit", "Raise it")

    monkeypatch.setattr(doctor, "choose", refuse)
    assert measure_round_trip(load_settings(root).watch, str(root), mounts) == (None, "a limit. Raise it")


@posix_only
def test_a_directory_that_cannot_be_written_to_is_reported(root: Path, mounts: FakeMounts) -> None:
    seconds, problem = measure_round_trip(load_settings(root).watch, str(root / "missing"), mounts)
    assert seconds is None
    assert problem.startswith("no change can be made there")
