"""The backend of macOS and Windows, on whatever observer watchdog has here: what it does beyond the behaviour of all."""

from __future__ import annotations

import errno
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.version_info < (3, 11):
    pytest.skip("there is no watchdog 7 for Python 3.10", allow_module_level=True)

from watchdog.events import (
    DirModifiedEvent,
    FileClosedNoWriteEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileOpenedEvent,
    FileSystemEvent,
)

from reloader.core.events import PathsChanged, Posted, WatcherFailed
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import WatchSettings
from reloader.errors import BackendUnavailable
from reloader.watchers import observer as observer_module
from reloader.watchers.disk import RealDisk
from reloader.watchers.observer import ObserverWatcher, RootEventHandler
from reloader.watchers.rules import configured_watch_set

PATIENCE = 20.0
OBSERVER: Any = vars(observer_module)["Observer"]  # whichever watchdog has for this system
Refuses = Callable[[str], None]


@pytest.fixture
def posted() -> queue.SimpleQueue[Posted]:
    return queue.SimpleQueue()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "app.py").write_text("first")
    return root


@pytest.fixture
def watcher(posted: queue.SimpleQueue[Posted]) -> Iterator[ObserverWatcher]:
    watcher = ObserverWatcher(posted.put, RealDisk(), follow_symlinks=True)
    yield watcher
    watcher.stop()


@pytest.fixture
def refuses(monkeypatch: pytest.MonkeyPatch) -> Refuses:
    """Makes the system refuse to watch one directory."""

    def refuses(directory: str) -> None:
        real = OBSERVER.schedule

        def schedule(self: object, handler: object, path: str, **options: object) -> object:
            if path == directory:
                raise OSError(errno.ENOSPC, "no more watches")
            return real(self, handler, path, **options)

        monkeypatch.setattr(OBSERVER, "schedule", schedule)

    return refuses


def watch_set(root: Path, *files: Path) -> WatchSet:
    settings = WatchSettings(str(root), (str(root),), extra_files=tuple(map(str, files)))
    return configured_watch_set(settings, RealDisk())


def wait_for(posted: queue.SimpleQueue[Posted], path: Path) -> None:
    """Until a hint at ``path`` comes."""
    while True:
        event = posted.get(timeout=PATIENCE)
        if isinstance(event, PathsChanged) and str(path) in event.paths:
            return


@pytest.mark.parametrize(
    ("observer", "mechanism"),
    [
        ("FSEventsObserver", "FSEvents"),
        ("WindowsApiObserver", "ReadDirectoryChangesW"),
        ("OtherObserver", "OtherObserver"),
    ],
)
def test_the_mechanism_is_named_as_its_system_does(
    watcher: ObserverWatcher, monkeypatch: pytest.MonkeyPatch, observer: str, mechanism: str
) -> None:
    monkeypatch.setattr(observer_module, "Observer", type(observer, (), {}))
    assert watcher.mechanism == mechanism


def test_a_backend_that_the_system_refuses_at_the_start_is_unavailable_and_leaves_no_thread(
    watcher: ObserverWatcher, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = OBSERVER.on_thread_start

    def refuse(self: object) -> None:
        real(self)
        raise OSError(errno.EMFILE, "no more instances")

    before = threading.active_count()
    with monkeypatch.context() as patched:
        patched.setattr(OBSERVER, "on_thread_start", refuse)
        with pytest.raises(BackendUnavailable, match="no more instances"):
            watcher.start(watch_set(root))
    assert threading.active_count() == before


def test_a_later_refusal_is_told_and_the_thread_lives_on(
    watcher: ObserverWatcher, root: Path, posted: queue.SimpleQueue[Posted], refuses: Refuses
) -> None:
    extra = root.parent / "etc/settings.toml"
    watcher.start(watch_set(root, extra))
    refuses(str(extra.parent))
    extra.parent.mkdir()
    events: list[Posted] = []
    while not any(isinstance(event, WatcherFailed) for event in events):
        events.append(posted.get(timeout=PATIENCE))
    (failed,) = (event for event in events if isinstance(event, WatcherFailed))
    assert failed.directories == (str(extra.parent),)
    assert "no more watches" in failed.cause
    (root / "app.py").write_text("second")
    wait_for(posted, root / "app.py")


def test_another_watch_set_that_is_refused_is_told_and_fails_nobody(
    watcher: ObserverWatcher, root: Path, posted: queue.SimpleQueue[Posted], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object) -> None:
        raise OSError(errno.EMFILE, "no more instances")

    watcher.start(watch_set(root))
    with monkeypatch.context() as patched:
        patched.setattr(OBSERVER, "on_thread_start", refuse)
        watcher.watch(watch_set(root))
    told = [posted.get_nowait() for _ in range(posted.qsize())]
    assert [(event.backend, event.directories) for event in told if isinstance(event, WatcherFailed)] == [
        ("watchdog", ())
    ]


def test_another_watch_set_takes_over(watcher: ObserverWatcher, root: Path, posted: queue.SimpleQueue[Posted]) -> None:
    watcher.start(watch_set(root))
    other = root.parent / "other"
    other.mkdir()
    watcher.watch(watch_set(other))
    (other / "mod.py").write_text("x")
    wait_for(posted, other / "mod.py")


def test_files_that_are_added_later_are_heard_of(
    watcher: ObserverWatcher, root: Path, posted: queue.SimpleQueue[Posted]
) -> None:
    library = root.parent / "library"
    library.mkdir()
    watcher.add_files([str(library / "too early.py")])
    watcher.start(watch_set(root))
    watcher.add_files([str(library / "mod.py")])
    (library / "mod.py").write_text("x")
    wait_for(posted, library / "mod.py")


def test_what_happens_while_files_are_added_is_heard_of_at_once(
    watcher: ObserverWatcher, root: Path, posted: queue.SimpleQueue[Posted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The observer calls us under a lock that it also takes when we call it."""
    library = root.parent / "library"
    library.mkdir()
    watcher.start(watch_set(root))
    real = OBSERVER.schedule

    def schedule(self: object, *arguments: object, **options: object) -> object:
        (root / "app.py").write_text("second")
        wait_for(posted, root / "app.py")
        return real(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(OBSERVER, "schedule", schedule)
        watcher.add_files([str(library / "mod.py")])
    (library / "mod.py").write_text("x")
    wait_for(posted, library / "mod.py")


def test_before_the_start_there_is_nothing_to_replace_and_nothing_to_stop(
    watcher: ObserverWatcher, root: Path, posted: queue.SimpleQueue[Posted]
) -> None:
    watcher.stop()
    watcher.watch(watch_set(root))
    watcher.catch_up()
    (root / "app.py").write_text("second")
    wait_for(posted, root / "app.py")


class RecordedChanges:
    def __init__(self) -> None:
        self.paths: list[str] = []

    def on_change(self, path: str) -> None:
        self.paths.append(path)


@pytest.mark.parametrize(
    "event",
    [DirModifiedEvent("/real/pkg"), FileOpenedEvent("/real/app.py"), FileClosedNoWriteEvent("/real/app.py")],
)
def test_what_changes_nothing_is_no_news(event: FileSystemEvent) -> None:
    recorded: Any = RecordedChanges()
    RootEventHandler(recorded, "/real", "/known").on_any_event(event)
    assert recorded.paths == []


def test_real_paths_become_those_that_we_know_and_foreign_ones_stay() -> None:
    recorded: Any = RecordedChanges()
    handler = RootEventHandler(recorded, f"{os.sep}real", f"{os.sep}known")
    for path in ("real", "real/app.py", "real-not/app.py"):
        handler.on_any_event(FileModifiedEvent(f"/{path}".replace("/", os.sep)))
    expected = ("/known", "/known/app.py", "/real-not/app.py")
    assert recorded.paths == [path.replace("/", os.sep) for path in expected]


def test_a_rename_is_news_of_both_its_ends() -> None:
    recorded: Any = RecordedChanges()
    RootEventHandler(recorded, "/real", "/real").on_any_event(FileMovedEvent("/real/a", "/real/b"))
    assert recorded.paths == ["/real/a", "/real/b"]
