"""The thread of the stat backend: when it looks, what a look may cost, and how it ends."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reloader.core.events import PathsChanged, PollIntervalRaised, Posted
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import WatchSettings
from reloader.watchers.disk import RealDisk
from reloader.watchers.polling import MAX_CPU_SHARE, StatWatcher
from reloader.watchers.rules import configured_watch_set
from tests.support.fakes.interfaces import LONG_AFTER

PATIENCE = 20.0
NEVER = 3600.0


@pytest.fixture(autouse=True)
def no_file_is_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: LONG_AFTER)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "app.py").write_text("first")
    return root


@pytest.fixture
def posted() -> queue.SimpleQueue[Posted]:
    return queue.SimpleQueue()


@pytest.fixture
def quick(posted: queue.SimpleQueue[Posted]) -> Iterator[StatWatcher]:
    """One that looks all the time."""
    watcher = StatWatcher(posted.put, RealDisk(), interval=0.005, follow_symlinks=True)
    yield watcher
    watcher.stop()


@pytest.fixture
def slow(posted: queue.SimpleQueue[Posted]) -> Iterator[StatWatcher]:
    """One that would look only when the test is long over."""
    watcher = StatWatcher(posted.put, RealDisk(), interval=NEVER, follow_symlinks=True)
    yield watcher
    watcher.stop()


def watch_set(*roots: Path) -> WatchSet:
    return configured_watch_set(WatchSettings(str(roots[0]), tuple(map(str, roots))), RealDisk())


def test_an_edit_is_hinted_at_and_not_called_finished(
    quick: StatWatcher, root: Path, posted: queue.SimpleQueue[Posted]
) -> None:
    quick.start(watch_set(root))
    (root / "app.py").write_text("second")
    assert posted.get(timeout=PATIENCE) == PathsChanged((str(root / "app.py"),), finished=False)


def test_what_happened_before_the_start_is_no_news(
    slow: StatWatcher, root: Path, posted: queue.SimpleQueue[Posted]
) -> None:
    slow.start(watch_set(root))
    slow.catch_up()
    assert posted.empty()


def test_catching_up_posts_at_once_what_the_next_scan_would_find(
    slow: StatWatcher, root: Path, posted: queue.SimpleQueue[Posted]
) -> None:
    slow.start(watch_set(root))
    (root / "app.py").write_text("second")
    slow.catch_up()
    assert posted.get_nowait() == PathsChanged((str(root / "app.py"),))
    slow.catch_up()
    assert posted.empty()


def test_catching_up_before_the_start_finds_nothing(slow: StatWatcher, posted: queue.SimpleQueue[Posted]) -> None:
    slow.catch_up()
    assert posted.empty()


def test_another_watch_set_takes_the_place_of_the_first(
    slow: StatWatcher, root: Path, tmp_path: Path, posted: queue.SimpleQueue[Posted]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mod.py").write_text("first")
    slow.start(watch_set(root))
    slow.watch(watch_set(other))
    (root / "app.py").write_text("second")
    (other / "mod.py").write_text("second")
    slow.catch_up()
    assert posted.get_nowait() == PathsChanged((str(other / "mod.py"),))


def test_the_end_ends_the_thread_however_long_it_would_sleep(slow: StatWatcher, root: Path) -> None:
    before = threading.active_count()
    slow.start(watch_set(root))
    assert threading.active_count() == before + 1
    slow.stop()
    assert threading.active_count() == before
    slow.stop()


def test_one_that_was_never_started_can_be_stopped(slow: StatWatcher) -> None:
    slow.stop()
    assert slow.mechanism == "a scan every 3600 s"


class TestTheCost:
    @pytest.fixture
    def cost(self, monkeypatch: pytest.MonkeyPatch) -> Cost:
        cost = Cost()
        monkeypatch.setattr(time, "thread_time", cost.thread_time)
        return cost

    def test_that_is_affordable_leaves_the_interval_alone(self, slow: StatWatcher) -> None:
        assert slow._delay_after(NEVER * MAX_CPU_SHARE / 2) == NEVER

    def test_that_is_too_high_raises_the_interval_to_what_is_affordable(
        self, quick: StatWatcher, root: Path, posted: queue.SimpleQueue[Posted], cost: Cost
    ) -> None:
        cost.of_a_scan = 0.001
        quick.start(watch_set(root))
        raised = posted.get(timeout=PATIENCE)
        assert isinstance(raised, PollIntervalRaised)
        assert raised.interval == pytest.approx(0.001 / MAX_CPU_SHARE)
        assert raised.cost == pytest.approx(0.001)
        assert raised.paths == 2

    def test_is_told_once_however_often_it_is_too_high(
        self, quick: StatWatcher, root: Path, posted: queue.SimpleQueue[Posted], cost: Cost
    ) -> None:
        cost.of_a_scan = 0.0002
        quick.start(watch_set(root))
        cost.wait_for_scans(5)
        quick.stop()
        told = [posted.get_nowait() for _ in range(posted.qsize())]
        assert [type(event) for event in told] == [PollIntervalRaised]

    def test_that_falls_again_lets_the_interval_fall(
        self, quick: StatWatcher, posted: queue.SimpleQueue[Posted]
    ) -> None:
        assert quick._delay_after(1.0) == pytest.approx(1.0 / MAX_CPU_SHARE)
        assert quick._delay_after(0.0) == 0.005
        assert posted.qsize() == 1


class Cost:
    """A clock of the thread's work: each scan takes ``of_a_scan`` seconds of it."""

    def __init__(self) -> None:
        self.of_a_scan = 0.0
        self._calls = 0
        self._news = threading.Condition()

    def thread_time(self) -> float:
        with self._news:
            self._calls += 1
            self._news.notify_all()
            return self.of_a_scan * (self._calls // 2)

    def wait_for_scans(self, number: int) -> None:
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while self._calls < 2 * number:
                assert self._news.wait(max(0.0, deadline - time.monotonic())), f"not {number} scans"
