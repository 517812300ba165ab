"""What no event told of is found, told, and served; and what an event told of is never held against it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reloader.core.changes import FileStat
from reloader.core.notices import BackendFellBack, EventsMissed
from reloader.core.states import Running
from reloader.engine.files.backends import MISSES_BEFORE_POLLING
from reloader.engine.files.rescan import MAX_CPU_SHARE, MAX_EVENT_DELAY, MAX_SLICE, PATHS_PER_CLOCK_READ, RESCAN_PERIOD
from tests.support.fakes.clock import ManualClock
from tests.support.fakes.interfaces import DatedDisk
from tests.support.platforms.limits import needs_symlinks
from tests.support.platforms.paths import relative
from tests.support.sessions.engine_bench import Bench

#: More than one sweep with its judgement, and less than two.
A_RESCAN = RESCAN_PERIOD + 2 * MAX_EVENT_DELAY


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "package").mkdir(parents=True)
    for name in ("app.py", "package/module.py"):
        (root / name).write_text(f"first content of {name}\n")
    return root


@pytest.fixture
def bench(root: Path) -> Bench:
    bench = Bench(root, rescan_period=RESCAN_PERIOD).begin()
    bench.pass_time(A_RESCAN)  # so that every directory was listed once
    return bench


def missed(bench: Bench) -> set[str]:
    return {relative(path, bench.root) for notice in bench.told(EventsMissed) for path in notice.paths}


def edit(root: Path) -> None:
    (root / "app.py").write_text("second content\n")


def add(root: Path) -> None:
    (root / "package" / "new.py").write_text("new\n")


def add_directory(root: Path) -> None:
    (root / "other" / "inner").mkdir(parents=True)
    (root / "other" / "inner" / "deep.py").write_text("new\n")


def remove(root: Path) -> None:
    (root / "app.py").unlink()


def remove_directory(root: Path) -> None:
    (root / "package" / "module.py").unlink()
    (root / "package").rmdir()


def replace_by_older_content(root: Path) -> None:
    (root / "beside").write_text("old\n")
    os.utime(root / "beside", (1, 1))
    os.replace(root / "beside", root / "app.py")


@pytest.mark.parametrize(
    ("operation", "paths"),
    [
        (edit, {"app.py"}),
        (add, {"package/new.py"}),
        (add_directory, {"other/inner/deep.py"}),
        (remove, {"app.py"}),
        (remove_directory, {"package/module.py"}),
        (replace_by_older_content, {"app.py"}),
    ],
)
def test_a_change_without_an_event_is_found_reported_and_handled(
    bench: Bench, operation: Callable[[Path], None], paths: set[str]
) -> None:
    operation(bench.root)
    bench.pass_time(A_RESCAN)
    assert missed(bench) == paths
    assert [set(batch) for batch in bench.changed] == [paths]
    assert isinstance(bench.state, Running)
    assert bench.state.run == 2


@needs_symlinks
def test_a_link_with_another_target_is_found(root: Path) -> None:
    (root.parent / "one").write_text("one\n")
    (root.parent / "two").write_text("the other\n")
    (root / "link.txt").symlink_to(root.parent / "one")
    bench = Bench(root, rescan_period=RESCAN_PERIOD).begin()
    (root / "link.txt").unlink()
    (root / "link.txt").symlink_to(root.parent / "two")
    bench.pass_time(A_RESCAN)
    assert missed(bench) == {"link.txt"}


def test_a_file_that_appears_before_the_first_rescan_is_found_too(root: Path) -> None:
    bench = Bench(root, rescan_period=RESCAN_PERIOD).begin()
    add(root)
    bench.pass_time(A_RESCAN)
    assert missed(bench) == {"package/new.py"}


def test_rules_that_changed_without_an_event_are_applied(bench: Bench) -> None:
    (bench.root / ".gitignore").write_text("nothing\n")
    bench.hint(".gitignore")
    bench.pass_time(A_RESCAN)
    (bench.root / ".gitignore").write_text("package\n")
    bench.pass_time(A_RESCAN)
    (bench.root / "package" / "module.py").write_text("second content\n")
    bench.hint("package/module.py")
    bench.pass_time(A_RESCAN)
    assert bench.changed == []


def test_a_change_whose_event_is_late_is_not_called_missed(bench: Bench) -> None:
    bench.pass_time(RESCAN_PERIOD - 2 * MAX_EVENT_DELAY - 0.5)
    edit(bench.root)
    while not bench.rescan._suspects:
        bench.engine.turn()
    bench.hint("app.py")
    bench.pass_time(A_RESCAN)
    assert missed(bench) == set()
    assert bench.changed == [{"app.py": "modified"}]


def test_a_file_that_is_being_written_is_not_called_missed(bench: Bench) -> None:
    edit(bench.root)
    while not bench.rescan._suspects:
        bench.engine.turn()
    while bench.rescan._suspects:
        bench.clock.advance_to(bench.clock() + 0.01)
        bench.hint("app.py", finished=False)
        bench.engine.turn()
    assert missed(bench) == set()


def test_ignored_and_unchanged_files_are_not_reported(bench: Bench) -> None:
    (bench.root / "notes.swp").write_text("an editor's own\n")
    (bench.root / "app.py").chmod(0o600)
    (bench.root / "empty").mkdir()
    bench.pass_time(2 * A_RESCAN)
    assert missed(bench) == set()
    assert bench.changed == []


def test_a_root_with_several_missed_changes_is_polled_and_reported_once(bench: Bench) -> None:
    for number in range(MISSES_BEFORE_POLLING + 1):
        (bench.root / "app.py").write_text(f"edit {number}\n")
        bench.pass_time(A_RESCAN)
    assert [notice.directories for notice in bench.told(BackendFellBack)] == [(str(bench.root),)]
    assert [poller.watched[-1].roots for poller in bench.pollers] == [(str(bench.root),)]
    assert len(bench.told(EventsMissed)) == MISSES_BEFORE_POLLING, "what is polled needs no events"


def test_each_rescan_checks_the_backend(bench: Bench) -> None:
    before = bench.journal.count("scripted is checked")
    bench.pass_time(2 * RESCAN_PERIOD)
    assert bench.journal.count("scripted is checked") == before + 2


def test_nothing_is_rescanned_where_everything_is_polled(root: Path) -> None:
    bench = Bench(root, rescan_period=RESCAN_PERIOD)
    bench.watcher.name = "stat"
    bench.begin()
    edit(root)
    bench.pass_time(2 * A_RESCAN)
    assert missed(bench) == set()
    assert "stat is checked" in bench.journal


class SlowDisk(DatedDisk):
    """Each look takes a millisecond."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock

    def is_unchanged(self, path: str, known: FileStat) -> bool:
        self.clock.advance_to(self.clock() + 0.001)
        return super().is_unchanged(path, known)


class TestTheCost:
    FILES = 10 * PATHS_PER_CLOCK_READ

    @pytest.fixture
    def bench(self, root: Path) -> Bench:
        for number in range(self.FILES):
            (root / f"module{number}.py").write_text("")
        bench = Bench(root, rescan_period=RESCAN_PERIOD, make_disk=SlowDisk)
        return bench.begin()

    def test_determines_the_period(self, bench: Bench) -> None:
        bench.pass_time(RESCAN_PERIOD)
        began = bench.clock()
        while bench.rescan._remaining is not None:
            bench.engine.turn()
        assert bench.rescan.deadline is not None
        assert bench.rescan.deadline - began >= self.FILES * 0.001 / MAX_CPU_SHARE

    def test_does_not_delay_events(self, bench: Bench) -> None:
        bench.pass_time(RESCAN_PERIOD)
        while bench.rescan._remaining is None:
            bench.engine.turn()
        before = bench.clock()
        bench.engine.turn()
        assert bench.rescan._remaining is not None, "one slice is not all of it"
        assert bench.clock() - before <= MAX_SLICE + PATHS_PER_CLOCK_READ * 0.001
