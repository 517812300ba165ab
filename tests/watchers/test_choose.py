"""Which backend a plan gets, and what is said when that is not the best one."""

from __future__ import annotations

import errno
import queue
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reloader.core.choices import BackendName
from reloader.core.events import PathsChanged, Posted, WatcherFailed
from reloader.core.filesystems import Mount
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import WatchSettings
from reloader.errors import BackendUnavailable
from reloader.watchers.choose import (
    Choice,
    UnreliableMount,
    choose,
    make_polling_watcher,
    must_be_polled,
    remedy_without_watchdog,
)
from reloader.watchers.disk import RealDisk
from reloader.watchers.polling import StatWatcher
from reloader.watchers.rules import configured_watch_set
from tests.support.fakes.interfaces import FakeMounts
from tests.support.platforms.limits import linux_only
from tests.support.watching.watchman import needs_watchman, running_watchman

needs_watchdog = pytest.mark.skipif(sys.version_info < (3, 11), reason="there is no watchdog 7 for Python 3.10")

Chooses = Callable[[BackendName], Choice]


@pytest.fixture
def posted() -> queue.SimpleQueue[Posted]:
    return queue.SimpleQueue()


@pytest.fixture
def watch_set(tmp_path: Path) -> WatchSet:
    return configured_watch_set(WatchSettings(str(tmp_path), (str(tmp_path),)), RealDisk())


@pytest.fixture
def mounts() -> FakeMounts:
    return FakeMounts()


@pytest.fixture
def chooses(
    tmp_path: Path, watch_set: WatchSet, posted: queue.SimpleQueue[Posted], mounts: FakeMounts
) -> Iterator[Chooses]:
    made: list[Choice] = []

    def chooses(backend: BackendName) -> Choice:
        settings = WatchSettings(str(tmp_path), (str(tmp_path),), backend=backend, interval=3600.0)
        made.append(choose(settings, watch_set, posted.put, RealDisk(), mounts))
        return made[-1]

    yield chooses
    for choice in made:
        choice.watcher.stop()


def test_stat_is_what_was_configured(chooses: Chooses) -> None:
    choice = chooses(BackendName.STAT)
    assert isinstance(choice.watcher, StatWatcher)
    assert (choice.reason, choice.unavailable) == ("as configured", None)
    assert choice.watcher.mechanism == "a scan every 3600 s"


@needs_watchdog
def test_watchdog_is_what_was_configured(chooses: Chooses) -> None:
    choice = chooses(BackendName.WATCHDOG)
    assert choice.watcher.name == "watchdog"
    assert (choice.reason, choice.unavailable) == ("as configured", None)


@needs_watchdog
def test_auto_takes_watchdog_where_the_system_reports_changes(chooses: Chooses) -> None:
    choice = chooses(BackendName.AUTO)
    assert choice.watcher.name == "watchdog"
    assert (choice.reason, choice.unavailable) == ("the system reports changes here", None)


class TestAutoByTheFileSystem:
    def test_a_root_whose_file_system_is_silent_is_polled_and_nothing_else_is_started(
        self, chooses: Chooses, mounts: FakeMounts, tmp_path: Path
    ) -> None:
        mounts.put(Mount(str(tmp_path), "nfs4"))
        choice = chooses(BackendName.AUTO)
        assert isinstance(choice.watcher, StatWatcher)
        assert (choice.reason, choice.unavailable) == ("nfs4 does not report every change", None)

    @needs_watchdog
    def test_a_silent_mount_below_a_root_is_polled_beside_the_events_of_the_rest(
        self, chooses: Chooses, mounts: FakeMounts, tmp_path: Path
    ) -> None:
        share, ignored = Mount(str(tmp_path / "share"), "9p"), Mount(str(tmp_path / "node_modules"), "9p")
        mounts.put(share, ignored, Mount(str(tmp_path / "cache"), "tmpfs"))
        choice = chooses(BackendName.AUTO)
        assert choice.watcher.name == "watchdog"
        assert choice.unreliable == (UnreliableMount(share.point, share),)

    @needs_watchdog
    def test_each_root_is_decided_on_by_itself(
        self, mounts: FakeMounts, posted: queue.SimpleQueue[Posted], tmp_path: Path
    ) -> None:
        near, far = tmp_path / "near", tmp_path / "far"
        near.mkdir()
        far.mkdir()
        mounts.put(Mount(str(far), "cifs"))
        settings = WatchSettings(str(tmp_path), (str(near), str(far)))
        choice = choose(settings, configured_watch_set(settings, RealDisk()), posted.put, RealDisk(), mounts)
        try:
            assert [unreliable.directory for unreliable in choice.unreliable] == [str(far)]
            (near / "new.py").write_text("")
            (far / "new.py").write_text("")
            (near / "other.py").write_text("")
            heard: set[str] = set()
            while str(near / "other.py") not in heard:
                news = posted.get(timeout=20)
                assert isinstance(news, PathsChanged)
                heard.update(news.paths)
            assert heard == {str(near / "new.py"), str(near / "other.py")}
        finally:
            choice.watcher.stop()

    @pytest.mark.parametrize("backend", [BackendName.STAT, pytest.param(BackendName.WATCHDOG, marks=needs_watchdog)])
    def test_who_names_a_backend_gets_it_wherever_the_root_lies(
        self, chooses: Chooses, mounts: FakeMounts, tmp_path: Path, backend: BackendName
    ) -> None:
        mounts.put(Mount(str(tmp_path), "nfs4"))
        choice = chooses(backend)
        assert (choice.watcher.name, choice.unreliable) == (backend.value, ())

    def test_a_single_file_on_a_silent_file_system_must_be_polled(self, mounts: FakeMounts, tmp_path: Path) -> None:
        mounts.put(Mount(str(tmp_path / "share"), "vboxsf"))
        assert must_be_polled(str(tmp_path / "share" / "settings.env"), mounts)
        assert not must_be_polled(str(tmp_path / "settings.env"), mounts)


@needs_watchman
def test_watchman_is_what_was_configured(chooses: Chooses) -> None:
    with running_watchman():
        choice = chooses(BackendName.WATCHMAN)
        choice.watcher.stop()
    assert choice.watcher.name == "watchman"
    assert re.fullmatch(r"Watchman \d.*", choice.watcher.mechanism)
    assert (choice.reason, choice.unavailable) == ("as configured", None)


def test_watchman_without_pywatchman_is_refused_with_the_remedy(
    chooses: Chooses, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("reloader.watchers.watchman")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pywatchman", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'reloader\[watchman\]', or use backend = \"auto\""):
        chooses(BackendName.WATCHMAN)


class TestWithoutWatchdog:
    @pytest.fixture(autouse=True)
    def no_watchdog(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name.startswith(("watchdog", "reloader.watchers.inotify"))]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.delitem(sys.modules, "reloader.watchers.observer", raising=False)
        for name in ("watchdog", "watchdog.events", "watchdog.observers", "watchdog.observers.inotify_c"):
            monkeypatch.setitem(sys.modules, name, None)

    def test_auto_takes_stat_and_says_why(self, chooses: Chooses) -> None:
        choice = chooses(BackendName.AUTO)
        assert isinstance(choice.watcher, StatWatcher)
        assert choice.reason == "it works everywhere"
        assert choice.unavailable is not None
        assert choice.unavailable.backend == "watchdog"
        assert "watchdog" in choice.unavailable.cause

    @pytest.mark.parametrize(
        ("version", "remedy"),
        [
            ((3, 10), "Run reloader with Python 3.11 or later, which watchdog needs."),
            ((3, 11), 'Use backend = "stat".'),
            ((3, 14), 'Use backend = "stat".'),
        ],
    )
    def test_the_remedy_is_a_python_for_which_there_is_one(self, version: tuple[int, int], remedy: str) -> None:
        assert remedy_without_watchdog(ImportError("No module named 'watchdog'"), version) == remedy
        assert remedy_without_watchdog(OSError("no inotify"), version) == 'Use backend = "stat".'

    def test_who_asked_for_it_by_name_is_refused(self, chooses: Chooses) -> None:
        with pytest.raises(BackendUnavailable, match=r'Use backend = "stat"|Run reloader with Python 3\.11'):
            chooses(BackendName.WATCHDOG)


def test_a_poller_of_the_plan_is_not_started_yet(tmp_path: Path, posted: queue.SimpleQueue[Posted]) -> None:
    watcher = make_polling_watcher(WatchSettings(str(tmp_path), (), interval=2.5), posted.put, RealDisk())
    assert watcher.mechanism == "a scan every 2.5 s"
    assert not watcher._thread.is_alive()


@linux_only
@needs_watchdog
class TestWhenTheKernelRefuses:
    @pytest.fixture
    def no_more_instances(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        from watchdog.observers.inotify_c import InotifyFD

        def refuse() -> int:
            raise OSError(errno.EMFILE, "inotify instance limit reached")

        return lambda: monkeypatch.setattr(InotifyFD, "_create_inotify_fd", staticmethod(refuse))

    def test_auto_takes_stat_and_names_the_limit(self, chooses: Chooses, no_more_instances: Callable[[], None]) -> None:
        no_more_instances()
        choice = chooses(BackendName.AUTO)
        assert isinstance(choice.watcher, StatWatcher)
        assert choice.unavailable is not None
        assert "max_user_instances" in choice.unavailable.remedy

    def test_a_backend_that_cannot_start_anew_says_so_and_fails_nobody(
        self,
        chooses: Chooses,
        watch_set: WatchSet,
        no_more_instances: Callable[[], None],
        posted: queue.SimpleQueue[Posted],
    ) -> None:
        watcher = chooses(BackendName.WATCHDOG).watcher
        no_more_instances()
        watcher.watch(watch_set)
        failed = posted.get_nowait()
        assert isinstance(failed, WatcherFailed)
        assert (failed.backend, failed.directories) == ("watchdog", ())
        assert "max_user_instances" in failed.remedy
