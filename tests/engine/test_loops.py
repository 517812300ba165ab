"""The engine and a program that restarts itself: the tenth restart is the last, and everything else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.core.events import RestartAsked
from reloader.core.loops import LIMIT
from reloader.core.notices import Launched, WatchingSuspended
from tests.engine.bench import Bench


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("app.py", "data.db"):
        (root / name).write_text("first content\n")
    return root


@pytest.fixture
def bench(root: Path) -> Bench:
    return Bench(root).begin()


def write(bench: Bench, *names: str, after: float = 0.2) -> bool:
    """A program writes so many seconds after its start, and whether that led to a restart."""
    before = len(bench.told(Launched))
    bench.clock.advance(after)
    for name in names:
        bench.save(name, f"{bench.clock()} {after}")
    bench.hint(*names)
    bench.settle()
    return len(bench.told(Launched)) > before


def test_the_tenth_restart_by_the_programs_own_write_is_the_last(bench: Bench) -> None:
    assert [write(bench, "data.db") for _ in range(LIMIT + 3)] == [True] * LIMIT + [False] * 3
    (told,) = bench.told(WatchingSuspended)
    assert told.paths == (str(bench.root / "data.db"),)
    assert (told.restarts, told.line) == (LIMIT, 'ignore = ["/data.db"]')
    assert 0 < told.within < 10


def test_it_is_told_before_the_run_that_it_is_about_starts(bench: Bench) -> None:
    for _ in range(LIMIT):
        write(bench, "data.db")
    assert bench.journal[-3:] == ["tell WatchingSuspended", f"launch {LIMIT + 1}", "tell Launched"]


def test_other_files_count_as_ever(bench: Bench) -> None:
    for _ in range(LIMIT):
        write(bench, "data.db")
    assert write(bench, "app.py", "data.db")
    assert bench.changed[-1] == {"app.py": "modified"}


def test_a_person_who_saves_ten_times_in_a_minute_is_not_cut_off(bench: Bench) -> None:
    pauses = [1.1, 2.5, 4.0, 1.8, 3.3, 2.2, 5.1, 1.4, 2.9, 3.7, 2.1, 4.4]
    assert [write(bench, "app.py", after=pause) for pause in pauses] == [True] * len(pauses)
    assert bench.told(WatchingSuspended) == []


def test_what_the_run_reports_to_write_needs_no_even_moments(bench: Bench) -> None:
    bench.written.add(str(bench.root / "data.db"))
    pauses = [1.1, 2.5, 4.0, 1.8, 3.3, 2.2, 5.1, 1.4, 2.9, 3.7, 2.1]
    assert [write(bench, "data.db", after=pause) for pause in pauses] == [True] * LIMIT + [False]


def test_a_restart_by_hand_lets_it_count_again(bench: Bench) -> None:
    for _ in range(LIMIT):
        write(bench, "data.db")
    assert not write(bench, "data.db")
    bench.post(RestartAsked("SIGUSR1"))
    bench.settle()
    assert [write(bench, "data.db") for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]
    assert len(bench.told(WatchingSuspended)) == 2


def test_what_is_ignored_already_is_in_the_line_too(root: Path) -> None:
    bench = Bench(root, ignore=["*.log", '"quoted"']).begin()
    for _ in range(LIMIT):
        write(bench, "data.db")
    assert bench.told(WatchingSuspended)[0].line == 'ignore = ["*.log", "\\"quoted\\"", "/data.db"]'


def test_a_file_that_is_named_one_by_one_cannot_be_ignored(root: Path) -> None:
    bench = Bench(root, extra_files=[root / "data.db"]).begin()
    for _ in range(LIMIT):
        write(bench, "data.db")
    assert not write(bench, "data.db")
    assert bench.told(WatchingSuspended)[0].line is None


def test_a_backend_that_sees_late_does_not_hide_a_loop(bench: Bench) -> None:
    """What is written at the same moment of each run may be seen by one scan, or by the next."""
    path = str(bench.root / "data.db")
    restarts = []
    for seen_after in [0.3, 1.3] * 6:
        bench.seconds_since[path] = seen_after - 0.25
        restarts.append(write(bench, "data.db", after=seen_after))
    assert restarts == [True] * LIMIT + [False] * 2


@pytest.mark.parametrize("seconds", [10.0, -10.0])
def test_a_time_that_cannot_be_is_not_believed(bench: Bench, seconds: float) -> None:
    """As that of an older file that is moved into place, or of a disk whose clock is ahead."""
    bench.seconds_since[str(bench.root / "data.db")] = seconds
    pauses = [1.1, 2.5, 4.0, 1.8, 3.3, 2.2, 5.1, 1.4, 2.9, 3.7, 2.1, 4.4]
    assert [write(bench, "data.db", after=pause) for pause in pauses] == [True] * len(pauses)
