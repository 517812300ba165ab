"""The loop with everything around it scripted: what is done, in which order, and what is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from reloader.core.choices import OnExit
from reloader.core.events import (
    LeaderExited,
    PollIntervalRaised,
    RestartRequested,
    RunEnded,
    StopRequested,
    Wakeup,
    WatcherFailed,
    WatcherOverflowed,
)
from reloader.core.notices import (
    BackendFellBack,
    BackingOffNotice,
    Ended,
    EventsOverflowed,
    FinishedNotice,
    Killed,
    Launched,
    Note,
    OrphansFound,
    ScansSlowed,
    Unchanged,
    WaitingForChangeNotice,
)
from reloader.core.outcome import Exited, NotLaunched, Signalled
from reloader.core.settings import RestartPolicy
from reloader.core.states import (
    FilesChanged,
    Finished,
    FirstStart,
    RequestedByUser,
    Running,
    WaitingForChange,
    WaitingForQuiet,
)
from reloader.engine.run import KILL_TIMEOUT
from reloader.errors import EnvironmentVariableError
from reloader.interfaces import ChildNotLaunched
from tests.support.sessions.engine_bench import CEILING, QUIET, Bench


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("app.py", "other.py"):
        (root / name).write_text(f"first content of {name}\n")
    return root


@pytest.fixture
def bench(root: Path) -> Bench:
    return Bench(root).begin()


class TestTheFirstRun:
    def test_is_launched_with_its_environment(self, root: Path) -> None:
        bench = Bench(root)
        bench.engine.begin()
        assert bench.host.environments == [{"RUN": "1"}]
        assert bench.told(Launched) == [Launched(1, 1001, ("program", "argument"), FirstStart())]

    def test_and_each_later_one_has_its_own_number(self, bench: Bench) -> None:
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.settle()
        assert [environment["RUN"] for environment in bench.host.environments] == ["1", "2"]

    @pytest.mark.parametrize("code", [126, 127])
    def test_that_cannot_be_launched_ends_the_session_with_the_exit_code_of_shells(self, root: Path, code: int) -> None:
        bench = Bench(root)
        bench.host.refusals.append(ChildNotLaunched(code, "because"))
        assert bench.engine.run() == code
        assert [notice.outcome for notice in bench.told(Ended)] == [NotLaunched(code, "because")]
        assert bench.told(Launched) == []
        assert bench.told(FinishedNotice) == [FinishedNotice(code)]

    def test_with_an_invalid_environment_ends_with_126_and_the_reason(self, root: Path) -> None:
        def refuse(run: int) -> NoReturn:
            raise EnvironmentVariableError("the variable X is impossible")

        bench = Bench(root)
        bench.environment = refuse
        assert bench.engine.run() == 126
        assert [notice.outcome for notice in bench.told(Ended)] == [NotLaunched(126, "the variable X is impossible")]
        assert bench.acts == ["scripted catches up"]

    def test_ends_with_the_code_of_the_program(self, root: Path) -> None:
        bench = Bench(root)
        bench.inbox.later.append(lambda: bench.host.end(Exited(7)))
        assert bench.engine.run() == 7


class TestALaterRunThatCannotBeLaunched:
    def test_waits_for_the_next_change(self, bench: Bench) -> None:
        bench.host.refusals.append(ChildNotLaunched(127, "gone"))
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.settle()
        assert isinstance(bench.state, WaitingForChange)
        assert bench.told(WaitingForChangeNotice) == [WaitingForChangeNotice(NotLaunched(127, "gone"))]
        bench.journal.clear()
        bench.save("app.py", "third")
        bench.hint("app.py")
        bench.settle()
        assert bench.acts == ["scripted catches up", "launch 3"]

    def test_is_neither_stopped_nor_killed_by_a_request_before_its_end_is_known(self, bench: Bench) -> None:
        bench.host.refusals.append(ChildNotLaunched(127, "gone"))
        bench.post(RestartRequested("a test"))
        bench.engine.turn()
        assert isinstance(bench.state, Running)
        (ended,) = bench.inbox.drain()
        for _ in range(2):
            bench.post(StopRequested(2))
            bench.engine.turn()
            bench.clock.advance(1.0)
        bench.post(ended)
        bench.until_finished()
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2"]
        assert bench.told(FinishedNotice) == [FinishedNotice(137)]


class TestASave:
    def test_that_is_finished_stops_the_run_at_once_and_the_launch_waits_for_the_batch(self, bench: Bench) -> None:
        bench.save("app.py", "second")
        bench.hint("app.py")
        heard = bench.clock()
        bench.engine.turn()
        assert bench.acts == ["stop 1 with 15"]
        assert isinstance(bench.state, WaitingForQuiet)
        bench.settle()
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2"]
        assert bench.clock() - heard == pytest.approx(QUIET / 5)

    def test_names_the_file_and_the_kind_and_is_the_reason_of_the_next_run(self, bench: Bench) -> None:
        bench.save("app.py", "second")
        bench.save("new.py", "new")
        os.unlink(bench.root / "other.py")
        bench.hint("app.py", "new.py", "other.py")
        bench.settle()
        expected = {"app.py": "modified", "new.py": "added", "other.py": "removed"}
        assert bench.changed == [expected]
        (launched,) = bench.told(Launched)
        assert isinstance(launched.reason, FilesChanged)
        assert bench.named(launched.reason.batch) == expected

    def test_is_prepared_for_before_the_launch(self, bench: Bench) -> None:
        bench.prepared.clear()
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.settle()
        assert [bench.named(batch) for batch in bench.prepared] == [{"app.py": "modified"}]

    def test_with_the_same_content_does_nothing_and_is_reported_as_unchanged(self, bench: Bench) -> None:
        path = bench.save("app.py", "first content of app.py\n")
        bench.hint("app.py")
        bench.settle()
        assert bench.journal == ["report Unchanged"]
        assert bench.told(Unchanged) == [Unchanged((path,))]
        assert isinstance(bench.state, Running)

    def test_that_is_not_finished_and_has_the_same_stat_result_keeps_no_batch_open(self, bench: Bench) -> None:
        bench.hint("app.py", finished=False)
        bench.engine.turn()
        assert bench.collector.deadline is None
        assert bench.journal == []

    def test_that_is_not_finished_is_compared_only_when_it_is_quiet(self, bench: Bench) -> None:
        bench.disk.read.clear()
        path = bench.save("app.py", "sec")
        bench.hint("app.py", finished=False)
        bench.engine.turn()
        assert bench.disk.read == []
        assert bench.acts == []
        bench.save("app.py", "second")
        heard = bench.clock()
        bench.settle()
        assert bench.disk.read == [path]
        assert bench.clock() - heard == pytest.approx(QUIET)
        assert bench.changed == [{"app.py": "modified"}]

    def test_that_continues_while_the_run_stops_joins_the_same_restart(self, bench: Bench) -> None:
        bench.host.is_obeyed = False
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.engine.turn()
        bench.clock.advance(1.0)
        bench.save("other.py", "second")
        bench.hint("other.py")
        bench.engine.turn()
        bench.clock.advance(1.0)
        bench.engine.turn()
        bench.host.end(Exited(0))
        bench.settle()
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2"]
        (launched,) = bench.told(Launched)
        assert isinstance(launched.reason, FilesChanged)
        assert bench.named(launched.reason.batch) == {"app.py": "modified", "other.py": "modified"}

    def test_of_a_file_that_keeps_changing_is_handled_at_the_ceiling(self, bench: Bench) -> None:
        first_heard = bench.clock()
        writes = 0
        bench.save("app.py", "change 0")
        bench.hint("app.py")
        bench.engine.turn()
        while not isinstance(bench.state, Running):
            writes += 1
            bench.save("app.py", f"change {writes}")
            bench.engine.turn()
            assert bench.clock() - first_heard <= CEILING
        assert writes > 10
        assert bench.clock() - first_heard == pytest.approx(CEILING)
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2"]


class TestEventsJustBeforeALaunch:
    def test_are_changes_that_the_run_reads_and_that_restart_nothing(self, bench: Bench) -> None:
        def somebody_saves() -> None:
            bench.save("other.py", "second")
            bench.hint("other.py")

        bench.watcher.on_catch_up = somebody_saves
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.settle()
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2"]
        assert bench.changed == [{"app.py": "modified"}, {"other.py": "modified"}]
        assert bench.journal.index("report Changed") < bench.journal.index("launch 2")
        assert bench.named(bench.prepared[-1]) == {"app.py": "modified", "other.py": "modified"}

    def test_are_not_reported_without_a_change(self, bench: Bench) -> None:
        bench.watcher.on_catch_up = lambda: bench.hint("other.py")
        bench.post(RestartRequested("a test"))
        bench.settle()
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2"]
        assert bench.changed == []

    def test_of_other_kinds_keep_their_order_and_are_handled_after_the_launch(self, bench: Bench) -> None:
        def much_happens() -> None:
            bench.post(PollIntervalRaised(2.0, 0.04, 10))
            bench.hint("app.py")
            bench.post(PollIntervalRaised(4.0, 0.08, 20))
            bench.watcher.on_catch_up = lambda: None

        bench.watcher.on_catch_up = much_happens
        bench.post(RestartRequested("a test"))
        bench.settle()
        assert [notice.interval for notice in bench.told(ScansSlowed)] == [2.0, 4.0]
        assert bench.journal.index("launch 2") < bench.journal.index("report ScansSlowed")

    def test_that_request_a_stop_end_the_run_that_was_just_launched(self, bench: Bench) -> None:
        bench.watcher.on_catch_up = lambda: bench.post(StopRequested(15))
        bench.post(RestartRequested("a test"))
        bench.until_finished()
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2", "stop 2 with 15"]
        assert bench.told(FinishedNotice) == [FinishedNotice(143)]

    def test_whose_hint_is_late_cause_no_second_restart(self, bench: Bench) -> None:
        """The file was saved, and compared, before the launch; its hint arrives after it."""
        bench.watcher.on_catch_up = lambda: bench.hint("other.py", finished=False)
        bench.save("app.py", "second")
        bench.save("other.py", "second")
        bench.hint("app.py")
        bench.settle()
        bench.hint("other.py")
        bench.settle()
        assert bench.acts == ["stop 1 with 15", "scripted catches up", "launch 2"]


class TestLostEvents:
    def test_are_found_on_the_disk_and_reported_once(self, bench: Bench) -> None:
        bench.save("app.py", "second")
        bench.save("pkg/new.py", "new")
        bench.post(WatcherOverflowed("scripted"))
        bench.settle()
        assert bench.changed == [{"app.py": "modified", "pkg/new.py": "added"}]
        assert bench.told(EventsOverflowed) == [EventsOverflowed("scripted", bench.backends.overflow_remedy)]
        assert bench.acts == ["scripted watches anew", "stop 1 with 15", "scripted catches up", "launch 2"]

    def test_without_a_change_restart_nothing(self, bench: Bench) -> None:
        bench.post(WatcherOverflowed("scripted"))
        bench.settle()
        assert bench.journal == ["report EventsOverflowed", "scripted watches anew"]


class TestABackendThatFails:
    FAILED = WatcherFailed("scripted", "a limit", "raise it")

    def test_is_replaced_by_polling_and_reported(self, bench: Bench) -> None:
        bench.save("app.py", "changed where nobody looked")
        bench.post(self.FAILED)
        bench.settle()
        assert bench.told(BackendFellBack) == [BackendFellBack("scripted", (), "a limit", "raise it")]
        assert [poller.watched[0].roots for poller in bench.pollers] == [(str(bench.root),)]
        assert bench.changed == [{"app.py": "modified"}]
        assert bench.acts[:2] == ["poller starts", "stop 1 with 15"]

    def test_in_the_same_way_again_is_not_reported_again(self, bench: Bench) -> None:
        bench.post(self.FAILED)
        bench.post(self.FAILED)
        bench.settle()
        assert len(bench.told(BackendFellBack)) == 1
        assert bench.acts == ["poller starts"]

    def test_in_one_more_directory_is_reported_and_polled_there_too(self, bench: Bench) -> None:
        first, second = str(bench.root / "a"), str(bench.root / "b")
        bench.post(WatcherFailed("scripted", "a limit", "raise it", (first,)))
        bench.post(WatcherFailed("scripted", "a limit", "raise it", (second,)))
        bench.post(WatcherFailed("scripted", "a limit", "raise it", (os.path.join(second, "deep"),)))
        bench.settle()
        assert [notice.directories for notice in bench.told(BackendFellBack)] == [(first,), (second,)]
        (poller,) = bench.pollers
        assert [watched.roots for watched in poller.watched] == [(first,), (first, second)]

    def test_is_caught_up_with_before_a_launch_and_stopped_at_the_end_with_its_replacement(self, bench: Bench) -> None:
        bench.post(self.FAILED)
        bench.post(RestartRequested("a test"))
        bench.settle()
        bench.backends.stop()
        assert bench.acts[-5:] == [
            "scripted catches up", "poller catches up", "launch 2", "scripted stops", "poller stops",
        ]  # fmt: skip


class TestTheRules:
    def test_are_read_again_when_a_gitignore_is_edited_and_newly_watched_files_are_changes(self, bench: Bench) -> None:
        bench.save(".gitignore", "scratch/\n")
        bench.hint(".gitignore")
        bench.settle()
        bench.save("scratch/x.py", "x")
        bench.hint("scratch/x.py")
        bench.settle()
        assert bench.changed == []
        assert bench.acts == ["scripted watches anew"]
        bench.save(".gitignore", "\n")
        bench.hint(".gitignore")
        bench.settle()
        assert bench.changed == [{"scratch/x.py": "added"}]
        assert bench.acts[1:] == ["scripted watches anew", "stop 1 with 15", "scripted catches up", "launch 2"]

    def test_that_change_just_before_a_launch_are_applied(self, bench: Bench) -> None:
        bench.save(".gitignore", "scratch/\n")
        bench.hint(".gitignore")
        bench.save("scratch/x.py", "x")
        bench.settle()

        def somebody_edits_the_rules() -> None:
            bench.watcher.on_catch_up = lambda: None
            bench.save(".gitignore", "\n")
            bench.hint(".gitignore")

        bench.watcher.on_catch_up = somebody_edits_the_rules
        bench.post(RestartRequested("a test"))
        bench.settle()
        assert bench.changed == [{"scratch/x.py": "added"}]
        bench.save("scratch/x.py", "y")
        bench.hint("scratch/x.py")
        bench.settle()
        assert bench.changed[1:] == [{"scratch/x.py": "modified"}]
        assert [act for act in bench.acts if act.startswith("launch")] == ["launch 2", "launch 3"]

    def test_that_ignore_a_known_file_now_restart_nothing(self, bench: Bench) -> None:
        bench.save(".gitignore", "other.py\n")
        bench.hint(".gitignore")
        bench.settle()
        bench.save("other.py", "second")
        bench.hint("other.py")
        bench.settle()
        assert bench.acts == ["scripted watches anew"]


class TestOtherEvents:
    def test_a_raised_interval_is_reported(self, bench: Bench) -> None:
        bench.post(PollIntervalRaised(2.5, 0.05, 40_000))
        bench.settle()
        assert bench.reporter.notices == [ScansSlowed(2.5, 0.05, 40_000)]

    def test_a_wakeup_collects_the_child(self, bench: Bench) -> None:
        bench.host.end(Exited(0))
        bench.post(Wakeup())
        bench.engine.turn()
        assert isinstance(bench.state, Finished)

    def test_a_posted_end_is_handled_like_a_collected_one(self, bench: Bench) -> None:
        bench.host.child = None
        bench.post(RunEnded(1, Exited(5)))
        bench.engine.turn()
        assert bench.told(FinishedNotice) == [FinishedNotice(5)]

    def test_orphans_of_the_leader_are_reported_and_stopped(self, bench: Bench) -> None:
        bench.post(LeaderExited(1, Exited(4)))
        bench.engine.turn()
        assert bench.told(OrphansFound) == [OrphansFound(1, Exited(4))]
        assert bench.acts == ["stop 1 with 15"]

    def test_a_restart_by_the_user_names_its_source(self, bench: Bench) -> None:
        bench.post(RestartRequested("SIGUSR1"))
        bench.settle()
        assert [notice.reason for notice in bench.told(Launched)] == [RequestedByUser("SIGUSR1")]


class TestDeadlines:
    def test_a_run_that_does_not_stop_is_killed_after_its_timeout(self, bench: Bench) -> None:
        bench.host.is_obeyed = False
        bench.post(RestartRequested("a test"))
        asked = bench.clock()
        bench.settle()
        assert bench.acts == ["stop 1 with 15", "kill 1", "scripted catches up", "launch 2"]
        assert bench.told(Killed) == [Killed(1, 5.0)]
        assert bench.clock() - asked == pytest.approx(5.0)

    def test_a_ctrl_c_is_passed_on_as_sigint(self, bench: Bench) -> None:
        bench.post(StopRequested(2))
        bench.until_finished()
        assert bench.acts == ["stop 1 with 2"]
        assert bench.told(FinishedNotice) == [FinishedNotice(130)]

    def test_a_run_that_fails_is_launched_again_after_a_delay(self, root: Path) -> None:
        bench = Bench(root, restart=RestartPolicy(OnExit.RESTART)).begin()
        bench.host.end(Exited(1))
        before = bench.clock()
        bench.settle()
        assert [notice.failures for notice in bench.told(BackingOffNotice)] == [1]
        assert bench.clock() - before == pytest.approx(0.5)
        assert bench.acts == ["scripted catches up", "launch 2"]

    def test_a_poll_of_the_host_is_done_in_time(self, bench: Bench) -> None:
        bench.host.poll_interval = 0.02
        before = bench.clock()
        bench.engine.turn()
        assert bench.clock() - before == pytest.approx(0.02)


class TestReadingAhead:
    def test_is_reported_when_all_contents_are_known(self, root: Path) -> None:
        bench = Bench(root)
        bench.engine.begin()
        assert not bench.files.are_read_ahead
        bench.settle()
        assert bench.files.are_read_ahead
        assert bench.told(Note) == [Note("the contents of all files are known")]
        assert sorted(bench.disk.read) == [str(root / "app.py"), str(root / "other.py")]

    def test_finds_an_edit_without_any_hint(self, root: Path) -> None:
        bench = Bench(root)
        bench.engine.begin()
        bench.save("app.py", "second")
        bench.settle()
        assert bench.changed == [{"app.py": "modified"}]
        assert bench.acts[-1] == "launch 2"

    def test_lets_a_touch_be_recognized_afterwards(self, bench: Bench) -> None:
        os.utime(bench.root / "app.py", (1_000_000_000, 1_000_000_000))
        bench.hint("app.py")
        bench.settle()
        assert bench.journal == ["report Unchanged"]

    def test_content_that_was_not_read_counts_as_changed(self, root: Path) -> None:
        bench = Bench(root)
        bench.engine.begin()
        os.utime(root / "app.py", (1_000_000_000, 1_000_000_000))
        bench.hint("app.py")
        bench.settle()
        assert bench.changed == [{"app.py": "modified"}]


class TestAnInternalError:
    """A session that is cut short by a fault of the program, which nobody can foresee, so that a test puts one in."""

    def test_kills_the_run_and_waits_for_its_end(self, bench: Bench) -> None:
        bench.host.dies_of_force = False
        bench.host.poll_interval = 0.02
        bench.host.after_force = [LeaderExited(1, Signalled(9)), RunEnded(1, Signalled(9))]
        with pytest.raises(RuntimeError, match="a fault"):
            run_on_to_a_fault(bench)
        assert bench.acts == ["kill 1"]
        assert bench.host.child is None
        assert not bench.host.ended

    @pytest.mark.parametrize("poll_interval", [0.02, None])
    def test_does_not_wait_long_for_a_run_that_does_not_end(self, bench: Bench, poll_interval: float | None) -> None:
        bench.host.dies_of_force = False
        bench.host.poll_interval = poll_interval
        before = bench.clock()
        with pytest.raises(RuntimeError, match="a fault"):
            run_on_to_a_fault(bench)
        assert bench.acts == ["kill 1"]
        assert bench.clock() - before == pytest.approx(KILL_TIMEOUT)

    def test_before_the_first_run_kills_nothing(self, root: Path) -> None:
        def fail(run: int) -> NoReturn:
            raise RuntimeError("a fault")

        bench = Bench(root)
        bench.environment = fail
        with pytest.raises(RuntimeError, match="a fault"):
            bench.engine.run()
        assert bench.acts == ["scripted catches up"]

    def test_while_nothing_runs_kills_no_process_with_a_reused_pid(self, root: Path) -> None:
        bench = Bench(root, restart=RestartPolicy(OnExit.WAIT)).begin()
        bench.host.end(Exited(1))
        bench.settle()
        before = bench.clock()
        with pytest.raises(RuntimeError, match="a fault"):
            run_on_to_a_fault(bench)
        assert bench.acts == []
        assert bench.clock() == before

    def test_a_session_that_finishes_kills_nothing(self, root: Path) -> None:
        bench = Bench(root)
        bench.inbox.later.append(lambda: bench.host.end(Exited(0)))
        assert bench.engine.run() == 0
        assert bench.acts == ["scripted catches up", "launch 1"]


def run_on_to_a_fault(bench: Bench) -> None:
    def fault() -> NoReturn:
        raise RuntimeError("a fault")

    bench.backends.watch_again = fault  # type: ignore[method-assign]
    bench.post(WatcherOverflowed("scripted"))
    bench.engine.begin = lambda: None  # type: ignore[method-assign]
    bench.engine.run()
