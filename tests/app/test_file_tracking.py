"""What is tracked of a project: the same set for a session, ``watch``, ``doctor``, ``files`` and ``why``."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from reloader.app.doctor import examine
from reloader.app.explain import explain, list_files
from reloader.app.file_tracking import FileTracking, track_files
from reloader.core.choices import BackendName
from reloader.core.filesystems import Mount
from reloader.core.notices import DoctorScan, Watching
from reloader.core.settings import LaunchSettings, PythonPolicy, Settings, WatchSettings
from reloader.engine.inbox import Inbox
from tests.support.fakes.interfaces import FakeMounts, Recorder
from tests.support.watching.backends import needs_watchdog

FLASK_LIKE = (
    "app.py",
    "blog/__init__.py",
    "blog/db.py",
    "blog/unused.py",
    "blog/templates/base.html",
    "blog/static/style.css",
    "notes.txt",
    "schema.sql",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FLASK_LIKE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def settings_of(root: Path, command: str = sys.executable, backend: BackendName = BackendName.STAT) -> Settings:
    watch = WatchSettings(str(root), (str(root),), backend=backend)
    return Settings(LaunchSettings((command, "app.py"), str(root)), watch)


def tracked(settings: Settings, resources: ExitStack, mounts: FakeMounts | None = None) -> FileTracking:
    return track_files(settings, Recorder([]), Inbox(time.monotonic), resources, mounts=mounts or FakeMounts())


@pytest.mark.parametrize(("command", "files"), [(sys.executable, 4), ("node", 8)])
def test_all_that_look_at_a_project_count_the_same_files(root: Path, command: str, files: int) -> None:
    settings, doctor, start = settings_of(root, command), Recorder([]), Recorder([])
    with ExitStack() as resources:
        tracking = tracked(settings, resources)
        tracking.report_start(start)
        assert tracking.baseline.watched() == list_files(settings).files
    examine(settings, doctor)
    counts = [
        *(notice.files for notice in doctor.notices if isinstance(notice, DoctorScan)),
        *(notice.files for notice in start.notices if isinstance(notice, Watching)),
        len(list_files(settings).files),
        sum(explain(settings, str(root / name)).is_watched for name in FLASK_LIKE),
    ]
    assert counts == [files] * 4


def test_what_reports_its_imports_later_is_watched_by_its_sources_until_then(root: Path) -> None:
    settings = settings_of(root)
    assert not explain(settings, str(root / "notes.txt")).is_watched
    assert explain(replace(settings, python=PythonPolicy(modules=False)), str(root / "notes.txt")).is_watched


@needs_watchdog
@pytest.mark.parametrize(("backend", "is_polled"), [(BackendName.AUTO, True), (BackendName.WATCHDOG, False)])
def test_a_file_that_may_change_without_an_event_is_polled_unless_the_backend_was_named(
    root: Path, tmp_path_factory: pytest.TempPathFactory, backend: BackendName, is_polled: bool
) -> None:
    share = tmp_path_factory.mktemp("share")
    (share / "settings.toml").write_text("")
    mounts = FakeMounts()
    mounts.put(Mount(str(share), "nfs"))
    settings = settings_of(root, "node", backend)
    settings = replace(settings, watch=replace(settings.watch, extra_files=(str(share / "settings.toml"),)))
    with ExitStack() as resources:
        backends = tracked(settings, resources, mounts).backends
        assert backends.is_polled(str(share / "settings.toml")) is is_polled
