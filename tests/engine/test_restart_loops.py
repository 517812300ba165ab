"""The engine and a program that restarts itself: the tenth restart is the last, and everything else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.core.events import RestartRequested
from reloader.core.notices import Launched, RestartLoopSuspended
from reloader.core.outcome import Exited
from reloader.core.restart_loops import MIN_RESTARTS, MIN_TRIAL
from reloader.core.states import BackingOff, FilesChanged, Stopping
from tests.support.sessions.engine_bench import Bench


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


def test_the_tenth_restart_by_the_program_itself_is_the_last(bench: Bench) -> None:
    assert [write(bench, "data.db") for _ in range(MIN_RESTARTS + 3)] == [True] * MIN_RESTARTS + [False] * 3
    (told,) = bench.told(RestartLoopSuspended)
    assert told.paths == (str(bench.root / "data.db"),)
    assert (told.restarts, told.ignore) == (MIN_RESTARTS, ("/data.db",))
    assert 0 < told.within < 10


def test_it_is_reported_before_the_run_starts(bench: Bench) -> None:
    for _ in range(MIN_RESTARTS):
        write(bench, "data.db")
    assert bench.journal[-3:] == ["report RestartLoopSuspended", f"launch {MIN_RESTARTS + 1}", "report Launched"]


def test_a_suspended_file_stays_suspended_in_the_next_engine(bench: Bench) -> None:
    for _ in range(MIN_RESTARTS):
        write(bench, "data.db")
    following = Bench(bench.root, loops=bench.restart_loops).begin()
    assert not write(following, "data.db")
    assert write(following, "app.py")
    following.post(RestartRequested("a test"))
    following.settle()
    assert write(following, "data.db")


class TestTheTrialOfARegularWriter:
    """The tenth restart waits: who writes while nothing runs is not the program."""

    def until_nothing_runs(self, bench: Bench, *names: str, late: str | None = None) -> float:
        """Nine restarts, and the tenth up to the trial; the run may write once more on its way. Returns when it began."""
        names = names or ("data.db",)
        assert all(write(bench, *names) for _ in range(MIN_RESTARTS - 1))
        bench.host.is_obeyed = False
        bench.clock.advance(0.2)
        self.write_again(bench, *names)
        while not isinstance(bench.state, Stopping) or bench.collector.deadline is not None:
            bench.engine.turn()
        if late is not None:
            bench.save("data.db", late)
        bench.host.end(Exited(0))
        bench.engine.turn()
        bench.host.is_obeyed = True
        assert isinstance(bench.state, BackingOff)
        return bench.clock()

    def write_again(self, bench: Bench, *names: str) -> None:
        for name in names:
            bench.save(name, f"again {bench.clock()}")
        bench.hint(*names)

    def test_a_script_that_keeps_writing_is_never_suspended(self, bench: Bench) -> None:
        began = self.until_nothing_runs(bench)
        self.write_again(bench, "data.db")
        bench.settle()
        assert bench.clock() - began < MIN_TRIAL
        assert bench.changed[-1] == {"data.db": "modified"}
        assert all(write(bench, "data.db") for _ in range(MIN_RESTARTS - 1))
        assert bench.told(RestartLoopSuspended) == []

    def test_a_script_whose_writes_cause_no_hint_is_found_at_the_end(self, bench: Bench) -> None:
        """As where the disk is looked at every few seconds."""
        self.until_nothing_runs(bench)
        bench.save("data.db", "unheard")
        bench.settle()
        assert bench.told(RestartLoopSuspended) == []
        assert bench.changed[-1] == {"data.db": "modified"}

    def test_a_program_that_writes_nothing_during_the_trial_is_suspended_after_it(self, bench: Bench) -> None:
        began = self.until_nothing_runs(bench)
        bench.settle()
        assert bench.clock() - began == pytest.approx(MIN_TRIAL)
        assert len(bench.told(RestartLoopSuspended)) == 1

    def test_a_late_hint_at_a_write_of_the_run_does_not_clear_it(self, bench: Bench) -> None:
        self.until_nothing_runs(bench, late="last words")
        bench.hint("data.db")
        bench.settle()
        assert len(bench.told(RestartLoopSuspended)) == 1

    def test_a_save_of_another_file_ends_the_trial_without_a_result(self, bench: Bench) -> None:
        """The run for it starts before it shows who writes the suspect: then nobody is suspended, and all begins anew."""
        self.until_nothing_runs(bench)
        self.write_again(bench, "app.py")
        bench.settle()
        reason = bench.told(Launched)[-1].reason
        assert isinstance(reason, FilesChanged)
        assert bench.named(reason.batch) == {"app.py": "modified", "data.db": "modified"}
        assert all(write(bench, "data.db") for _ in range(MIN_RESTARTS - 1))
        assert bench.told(RestartLoopSuspended) == []
        assert write(bench, "data.db")
        assert bench.told(RestartLoopSuspended)[0].paths == (str(bench.root / "data.db"),)

    def test_each_of_two_suspects_is_tried_by_itself(self, bench: Bench) -> None:
        """The one that somebody else writes is free at once, and the other one is what remains."""
        self.until_nothing_runs(bench, "app.py", "data.db")
        self.write_again(bench, "app.py")
        bench.settle()
        assert bench.told(RestartLoopSuspended) == []
        assert [write(bench, "data.db") for _ in range(MIN_RESTARTS + 1)] == [True] * MIN_RESTARTS + [False]
        assert bench.told(RestartLoopSuspended)[0].paths == (str(bench.root / "data.db"),)

    def test_the_trial_is_longer_for_a_run_that_writes_late(self, bench: Bench) -> None:
        for _ in range(MIN_RESTARTS - 1):
            assert write(bench, "data.db", after=4.0)
        before = bench.clock()
        assert write(bench, "data.db", after=4.0)
        assert bench.clock() - before > 8.0

    def test_a_command_that_ends_before_its_write_is_found_is_tried_too(self, bench: Bench) -> None:
        for _ in range(MIN_RESTARTS - 1):
            assert write(bench, "data.db")
        bench.clock.advance(0.2)
        bench.save("data.db", "the tenth")
        bench.host.end(Exited(1))
        bench.engine.turn()
        bench.hint("data.db")
        while not isinstance(bench.state, BackingOff):
            bench.engine.turn()
        self.write_again(bench, "data.db")
        bench.settle()
        assert bench.told(RestartLoopSuspended) == []

    def test_a_reported_write_needs_no_trial(self, bench: Bench) -> None:
        bench.written.add(str(bench.root / "data.db"))
        began = bench.clock()
        assert [write(bench, "data.db") for _ in range(MIN_RESTARTS + 1)] == [True] * MIN_RESTARTS + [False]
        assert bench.clock() - began < 0.2 * (MIN_RESTARTS + 1) + MIN_TRIAL


def test_other_files_are_still_watched(bench: Bench) -> None:
    for _ in range(MIN_RESTARTS):
        write(bench, "data.db")
    assert write(bench, "app.py", "data.db")
    assert bench.changed[-1] == {"app.py": "modified"}


def test_ten_irregular_saves_in_a_minute_are_not_a_loop(bench: Bench) -> None:
    pauses = [1.1, 2.5, 4.0, 1.8, 3.3, 2.2, 5.1, 1.4, 2.9, 3.7, 2.1, 4.4]
    assert [write(bench, "app.py", after=pause) for pause in pauses] == [True] * len(pauses)
    assert bench.told(RestartLoopSuspended) == []


def test_reported_writes_need_not_be_regular(bench: Bench) -> None:
    bench.written.add(str(bench.root / "data.db"))
    pauses = [1.1, 2.5, 4.0, 1.8, 3.3, 2.2, 5.1, 1.4, 2.9, 3.7, 2.1]
    assert [write(bench, "data.db", after=pause) for pause in pauses] == [True] * MIN_RESTARTS + [False]


def test_a_restart_by_the_user_ends_the_suspension(bench: Bench) -> None:
    for _ in range(MIN_RESTARTS):
        write(bench, "data.db")
    assert not write(bench, "data.db")
    bench.post(RestartRequested("SIGUSR1"))
    bench.settle()
    assert [write(bench, "data.db") for _ in range(MIN_RESTARTS + 1)] == [True] * MIN_RESTARTS + [False]
    assert len(bench.told(RestartLoopSuspended)) == 2


def test_the_suggestion_keeps_the_present_ignore_patterns(root: Path) -> None:
    bench = Bench(root, ignore=["*.log", '"quoted"']).begin()
    for _ in range(MIN_RESTARTS):
        write(bench, "data.db")
    assert bench.told(RestartLoopSuspended)[0].ignore == ("*.log", '"quoted"', "/data.db")


def test_an_explicit_file_is_not_suggested_for_ignore(root: Path) -> None:
    bench = Bench(root, extra_files=[root / "data.db"]).begin()
    for _ in range(MIN_RESTARTS):
        write(bench, "data.db")
    assert not write(bench, "data.db")
    assert bench.told(RestartLoopSuspended)[0].ignore is None


def test_a_slow_backend_does_not_hide_a_loop(bench: Bench) -> None:
    """What is written at the same moment of each run may be seen by one scan, or by the next."""
    path = str(bench.root / "data.db")
    restarts = []
    for seen_after in [0.3, 1.3] * 6:
        bench.seconds_since[path] = seen_after - 0.25
        restarts.append(write(bench, "data.db", after=seen_after))
    assert restarts == [True] * MIN_RESTARTS + [False] * 2


@pytest.mark.parametrize("seconds", [10.0, -10.0])
def test_an_impossible_file_time_is_ignored(bench: Bench, seconds: float) -> None:
    """As that of an older file that is moved into place, or of a disk whose clock is ahead."""
    bench.seconds_since[str(bench.root / "data.db")] = seconds
    pauses = [1.1, 2.5, 4.0, 1.8, 3.3, 2.2, 5.1, 1.4, 2.9, 3.7, 2.1, 4.4]
    assert [write(bench, "data.db", after=pause) for pause in pauses] == [True] * len(pauses)
