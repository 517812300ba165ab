"""What only the Linux backend can show: how few kernel watches and threads it needs, and what it does at the limits."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)
pytest.importorskip("watchdog", reason="there is no watchdog 7 for Python 3.10")

from watchdog.observers.inotify_c import InotifyEvent, InotifyFD

from reloader.core.events import PathsChanged, Posted, WatcherFailed, WatcherOverflowed
from reloader.core.notices import BackendFellBack, EventsOverflowed
from reloader.core.settings import WatchSettings
from reloader.errors import BackendUnavailable
from reloader.interfaces import Post, Watcher
from reloader.watchers.disk import RealDisk
from reloader.watchers.inotify import InotifySession, InotifyWatcher
from reloader.watchers.rules import configured_watch_set
from tests.support.programs.announcements import FACT_TIMEOUT
from tests.support.sessions.session import Session

#: So many events the kernel keeps for a reader that does not come.
QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


def make_inotify(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
    return InotifyWatcher(post, disk, follow_symlinks=settings.follow_symlinks, by_content=settings.compare_content)


def kernel_watches() -> int:
    """How many watches all inotify descriptors of this process hold."""
    lines: list[str] = []
    for info in Path("/proc/self/fdinfo").iterdir():
        try:
            lines += info.read_text().splitlines()
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return sum(line.startswith("inotify ") for line in lines)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Ten directories that count with the root, forty that are ignored."""
    root = tmp_path / "project"
    for number in range(9):
        (root / f"pkg{number}").mkdir(parents=True)
        (root / f"pkg{number}/mod.py").write_text("x\n")
    for number in range(39):
        (root / f"node_modules/lib{number}").mkdir(parents=True)
    return root


@pytest.fixture
def limit_of_watches(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make the kernel refuse all watches after the first few, as it does at max_user_watches."""

    def limit(granted: int) -> None:
        real = InotifyFD.add_callback
        count = iter(range(1_000_000))

        def add_callback(self: InotifyFD, *arguments: object) -> object:
            if next(count) >= granted:
                raise OSError(errno.ENOSPC, "inotify watch limit reached")
            return real(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(InotifyFD, "add_callback", add_callback)

    return limit


class TestWhatItCosts:
    def test_only_directories_that_count_are_watched(self, tree: Path) -> None:
        before = kernel_watches()
        with Session(tree, make_inotify):
            assert kernel_watches() - before == 10

    def test_a_directory_that_appears_is_watched_and_one_that_goes_is_not(self, tree: Path) -> None:
        before = kernel_watches()
        with Session(tree, make_inotify) as session:
            session.restarts_by(lambda: new_package(tree / "new"))
            assert kernel_watches() - before == 11
            (tree / "node_modules/late").mkdir()
            session.touch_sentinel()
            assert kernel_watches() - before == 11
            session.restarts_by(lambda: os.rename(tree / "new", tree.parent / "moved out"))
            assert kernel_watches() - before == 10
        assert kernel_watches() == before

    def test_the_number_of_threads_does_not_grow_with_the_tree(self, tree: Path) -> None:
        before = threading.active_count()
        with Session(tree, make_inotify):
            small = threading.active_count()
        for number in range(200):
            (tree / f"more/pkg{number}").mkdir(parents=True)
        with Session(tree, make_inotify):
            assert threading.active_count() == small == before + 1


def new_package(path: Path) -> None:
    path.mkdir()
    (path / "mod.py").write_text("x\n")


class TestLimits:
    def test_what_the_kernel_refuses_to_watch_is_polled(
        self, tree: Path, limit_of_watches: Callable[[int], None]
    ) -> None:
        limit_of_watches(5)
        with Session(tree, make_inotify) as session:
            fallbacks = [notice for notice in session.reporter.notices if isinstance(notice, BackendFellBack)]
            assert len(fallbacks) == 1
            assert "sysctl fs.inotify.max_user_watches" in fallbacks[0].remedy
            assert fallbacks[0].directories
            for number in range(9):
                edit = partial((tree / f"pkg{number}/mod.py").write_text, f"y{number}\n")
                assert session.restarts_by(edit) == {f"pkg{number}/mod.py"}

    def test_a_new_directory_beyond_the_limit_is_polled(
        self, tree: Path, limit_of_watches: Callable[[int], None]
    ) -> None:
        limit_of_watches(10)
        with Session(tree, make_inotify) as session:
            session.restarts_by(lambda: new_package(tree / "new"))
            assert session.restarts_by(lambda: (tree / "new/mod.py").write_text("z\n")) == {"new/mod.py"}
            assert any(isinstance(notice, BackendFellBack) for notice in session.reporter.notices)

    def test_no_more_instances_are_told_with_the_remedy(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse() -> int:
            raise OSError(errno.EMFILE, "inotify instance limit reached")

        monkeypatch.setattr(InotifyFD, "_create_inotify_fd", staticmethod(refuse))
        session = Session(tree, make_inotify)
        with pytest.raises(BackendUnavailable, match=r"sysctl fs\.inotify\.max_user_instances"):
            session.__enter__()

    def test_a_directory_that_may_not_be_read_is_left_alone(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As root nothing is forbidden, so watchdog's answer to EACCES is given in the kernel's place."""
        real = InotifyFD.add_callback
        forbidden = os.fsencode(tree / "pkg3")

        def add_callback(self: InotifyFD, path: bytes, *rest: object) -> object:
            return -1 if path == forbidden else real(self, path, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(InotifyFD, "add_callback", add_callback)
        with Session(tree, make_inotify) as session:
            assert session.restarts_by(lambda: (tree / "pkg4/mod.py").write_text("y\n")) == {"pkg4/mod.py"}


class TestAThreadThatDies:
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # which is what is tested
    def test_is_noticed_and_replaced_by_polling(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with Session(tree, make_inotify, rescan_period=0.1) as session:
            reader = the_session_of(session)

            def fail(**how: object) -> NoReturn:
                raise RuntimeError("a bug")

            monkeypatch.setattr(reader, "read_events", fail)
            (tree / "unheard.swp").write_text("the last event that it reads")
            session.pump(
                lambda: any(isinstance(notice, BackendFellBack) for notice in session.reporter.notices), "the notice"
            )
            told = [notice for notice in session.reporter.notices if isinstance(notice, BackendFellBack)]
            assert [(notice.backend, notice.cause) for notice in told] == [("watchdog", "one of its threads ended")]
            assert session.changed_by(lambda: (tree / "app.py").write_text("served by polling")) == {"app.py"}


class TestOverflow:
    def test_what_was_lost_in_an_overflow_is_found_on_the_disk(self, tree: Path) -> None:
        with Session(tree, make_inotify) as session:
            reader = the_session_of(session)
            pending = Held(reader)
            (tree / "pkg1/mod.py").write_text("lost\n")
            new_package(tree / "lost")
            pending.let_go(overflowed=True)
            session.pump(lambda: session.launches == 2, "the restart for what was lost")
            assert session.changes_since(0) == {"pkg1/mod.py", "lost/mod.py"}
            assert sum(isinstance(notice, EventsOverflowed) for notice in session.reporter.notices) == 1
            assert session.restarts_by(lambda: (tree / "lost/mod.py").write_text("found\n")) == {"lost/mod.py"}

    @pytest.mark.skipif(QUEUE > 100_000, reason="the kernel's queue is set so long that filling it takes too long")
    def test_of_the_kernel_s_own_queue_loses_nothing_and_is_told(self, tree: Path) -> None:
        with Session(tree, make_inotify, rescan_period=3600.0) as session:
            reader = the_session_of(session)
            stuck, go_on, handle = threading.Event(), threading.Event(), reader.handle_event

            def stand_still(event: InotifyEvent) -> None:
                stuck.set()
                go_on.wait()
                handle(event)

            reader.handle_event = stand_still  # type: ignore[method-assign]
            (tree / "first.swp").touch()
            assert stuck.wait(FACT_TIMEOUT)
            for _ in range(QUEUE // 4 + 1):  # each round is four events; equal ones in a row would be one
                (tree / "noise.swp").touch()
                (tree / "noise.swp").unlink()
                (tree / "pkg1" / "noise.swp").touch()
                (tree / "pkg1" / "noise.swp").unlink()
            (tree / "pkg2/mod.py").write_text("lost\n")
            new_package(tree / "lost")
            go_on.set()
            session.pump(lambda: session.launches == 2, "the restart for what was lost")
            assert session.changes_since(0) == {"pkg2/mod.py", "lost/mod.py"}
            assert sum(isinstance(notice, EventsOverflowed) for notice in session.reporter.notices) >= 1
            assert session.restarts_by(lambda: (tree / "lost/mod.py").write_text("found\n")) == {"lost/mod.py"}

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_every_ear_is_told_but_the_engine_only_once(self, tree: Path) -> None:
        posted: list[Posted] = []
        disk = RealDisk()
        session = Session(tree, make_inotify)
        watcher = InotifyWatcher(posted.append, disk, follow_symlinks=True)
        watcher.start(configured_watch_set(session.settings, disk))
        try:
            watches = watcher._session._watches.values()  # type: ignore[union-attr]
            for watch in watches:
                watch.on_queue_overflow()
        finally:
            watcher.stop()
        assert len(watches) > 1
        assert [event for event in posted if isinstance(event, WatcherOverflowed)] == [WatcherOverflowed("watchdog")]
        assert not [event for event in posted if isinstance(event, (PathsChanged, WatcherFailed))]


def the_session_of(session: Session) -> InotifyFD:
    watcher = session.watcher
    assert isinstance(watcher, InotifyWatcher)
    assert watcher._session is not None
    assert isinstance(watcher._session, InotifySession)
    return watcher._session._queue


class Held:
    """Swallows the events of a reader, and tells of an overflow in their place, as the kernel would."""

    def __init__(self, reader: InotifyFD) -> None:
        self._reader = reader
        self._swallowed: list[object] = []
        reader.handle_event = self._swallowed.append  # type: ignore[method-assign, assignment]

    def let_go(self, *, overflowed: bool) -> None:
        del self._reader.handle_event
        if overflowed:
            for watch in list(self._reader._watch_for_wd.values()):
                for callback in list(watch.callbacks.values()):
                    callback.on_queue_overflow()


@pytest.fixture(autouse=True)
def no_kernel_watch_is_left() -> Iterator[None]:
    before = kernel_watches()
    yield
    assert kernel_watches() == before
