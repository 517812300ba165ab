"""The gate in the engine: what is run, what is withheld, and what of it the user is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.core.choices import OnExit
from reloader.core.events import BatchOpened, Begin, LeaderExited, RestartRequested, StopRequested
from reloader.core.notices import (
    Changed,
    ChangesReverted,
    Ended,
    Launched,
    OrphansFound,
    StoppingNotice,
    SyntaxErrorNotice,
    TaskFailed,
    TaskStarted,
    WaitingForChangeNotice,
)
from reloader.core.outcome import Exited, Signalled
from reloader.core.settings import RestartPolicy
from reloader.core.states import ConfigChanged, FilesChanged, Idle, RequestedByUser, Running, WaitingForChange
from reloader.core.tasks import GatePolicy, ReadyPolicy, Task, TaskSettings, TimedOut
from reloader.interfaces import ChildNotLaunched
from tests.support.fakes.interfaces import Asleep
from tests.support.sessions.engine_bench import Bench

SYNTAX = TaskSettings(GatePolicy(syntax=True), ReadyPolicy(tcp=("127.0.0.1", 1)))
LINT = TaskSettings(GatePolicy(check=Task(("lint", "{files}")), timeout=5.0), ReadyPolicy(tcp=("127.0.0.1", 1)))
BUILD = TaskSettings(GatePolicy(before=(Task(("build",)),)), ReadyPolicy(tcp=("127.0.0.1", 1)))


def bench_with(
    root: Path, task_settings: TaskSettings, *, compiles: bool = True, restart: RestartPolicy | None = None
) -> Bench:
    (root / "app").mkdir()
    (root / "app" / "app.py").write_text("x = 1\n")
    return Bench(root / "app", task_settings=task_settings, compiles=compiles, restart=restart)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_with(tmp_path, SYNTAX).begin()


def change(bench: Bench, name: str, text: str) -> None:
    bench.save(name, text)
    bench.hint(name)
    bench.settle()


def change_until_a_step_runs(bench: Bench, name: str, text: str) -> None:
    """No further, lest the time fly that it may take."""
    bench.save(name, text)
    bench.hint(name)
    while not bench.helpers.living:
        bench.engine.turn()


class TestSyntax:
    def test_a_valid_save_is_handled_as_soon_as_the_disk_is_quiet(self, bench: Bench) -> None:
        change(bench, "app.py", "x = 2\n")
        assert [notice.run for notice in bench.told(Launched)] == [2]

    def test_an_invalid_save_keeps_the_run(self, bench: Bench) -> None:
        change(bench, "app.py", "x = (\n")
        (refused,) = bench.told(SyntaxErrorNotice)
        assert (refused.file, refused.line, refused.run) == (str(bench.root / "app.py"), 1, 1)
        assert refused.excerpt[-1] == refused.message == "SyntaxError: '(' was never closed"
        assert [act for act in bench.acts if act.startswith(("stop", "launch"))] == []

    def test_rejected_changes_are_handled_with_the_next_save(self, bench: Bench) -> None:
        change(bench, "other.py", "x = (\n")
        change(bench, "app.py", "x = 3\n")
        assert bench.told(Launched) == []
        change(bench, "other.py", "x = 3\n")
        assert bench.changed == [{"other.py": "added", "app.py": "modified"}]

    def test_a_reverted_change_restarts_nothing(self, bench: Bench) -> None:
        change(bench, "app.py", "x = (\n")
        change(bench, "app.py", "x = 1\n")
        assert [notice.run for notice in bench.told(ChangesReverted)] == [1]
        assert bench.told(Changed) == []

    def test_a_file_that_the_run_has_imported_since_is_not_reverted(self, bench: Bench) -> None:
        change(bench, "app.py", "x = (\n")
        bench.baseline.launch_snapshot.note_read(str(bench.root / "app.py"))
        change(bench, "app.py", "x = 1\n")
        assert bench.changed == [{"app.py": "modified"}]

    def test_a_new_file_that_is_removed_again_is_reverted(self, bench: Bench) -> None:
        change(bench, "new.py", "x = (\n")
        (bench.root / "new.py").unlink()
        bench.hint("new.py")
        bench.settle()
        assert bench.told(Changed) == []
        assert len(bench.told(ChangesReverted)) == 1

    def test_without_a_run_an_invalid_save_starts_nothing(self, bench: Bench) -> None:
        change(bench, "app.py", "x = 2\n")  # so that a failure is waited for
        bench.host.end(Exited(1))
        bench.settle()
        assert isinstance(bench.state, WaitingForChange)
        change(bench, "app.py", "x = (\n")
        assert bench.told(SyntaxErrorNotice)[0].run is None
        change(bench, "app.py", "x = 3\n")
        assert [notice.run for notice in bench.told(Launched)] == [2, 3]

    def test_a_program_in_another_language_is_stopped_at_once(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, SYNTAX, compiles=False).begin()
        change(bench, "app.py", "x = (\n")
        assert [notice.run for notice in bench.told(Launched)] == [2]

    def test_a_session_of_one_run_checks_nothing_while_that_lives(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, SYNTAX, restart=RestartPolicy(once=True)).begin()
        change(bench, "app.py", "x = (\n")
        assert bench.told(SyntaxErrorNotice) == []
        assert isinstance(bench.state, Running)


class TestACheck:
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return bench_with(tmp_path, LINT).begin()

    def test_that_passes_forwards_the_changes(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        assert bench.helpers.living[0].argv == ("lint", str(bench.root / "app.py"))
        assert bench.told(Changed) == []
        bench.helpers.end("lint", Exited(0))
        bench.settle()
        assert bench.changed == [{"app.py": "modified"}]

    @pytest.mark.parametrize("outcome", [Exited(1), Signalled(9)])
    def test_that_fails_keeps_the_run(self, bench: Bench, outcome: Exited | Signalled) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.helpers.end("lint", outcome)
        bench.settle()
        assert [(notice.part, notice.outcome, notice.run) for notice in bench.told(TaskFailed)] == [
            ("check", outcome, 1)
        ]
        assert bench.told(Launched) == []

    def test_that_exceeds_its_timeout_is_stopped_and_has_failed(self, bench: Bench) -> None:
        change(bench, "app.py", "x = 2\n")  # to settle lets all the time pass that somebody waits for
        assert [notice.outcome for notice in bench.told(TaskFailed)] == [TimedOut(5.0)]
        assert "stop lint with 15" in bench.acts

    def test_that_ignores_the_stop_is_killed(self, bench: Bench) -> None:
        bench.helpers.are_obedient = False
        change(bench, "app.py", "x = 2\n")
        assert [notice.outcome for notice in bench.told(TaskFailed)] == [TimedOut(5.0)]
        assert "kill lint" in bench.acts

    def test_that_cannot_be_started_has_failed(self, bench: Bench) -> None:
        bench.helpers.refusals.append(ChildNotLaunched(127, "it was not found"))
        change(bench, "app.py", "x = 2\n")
        assert bench.told(TaskFailed)[0].outcome.exit_code == 127

    def test_begins_anew_after_more_changes(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.save("b.py", "x = 2\n")
        bench.hint("b.py")
        while len(bench.told(TaskStarted)) < 2:
            bench.engine.turn()
        assert "kill lint" in bench.acts
        assert [helper.argv[1:] for helper in bench.helpers.living] == [
            (str(bench.root / "app.py"), str(bench.root / "b.py"))
        ]

    def test_that_passed_just_as_another_check_replaced_it_does_not_pass_for_that_one(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.gate.set_policy(GatePolicy(check=Task(("strict",)), timeout=5.0))
        bench.helpers.end("lint", Exited(0))
        bench.engine.turn()
        assert [helper.argv for helper in bench.helpers.living] == [("strict",)]
        assert bench.told(Changed) == []
        bench.helpers.end("strict", Exited(0))
        bench.settle()
        assert bench.changed == [{"app.py": "modified"}]

    def test_is_killed_with_the_session(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.post(StopRequested(15))
        bench.until_finished()
        assert "kill lint" in bench.acts
        assert bench.told(Changed) == []

    def test_that_is_running_keeps_the_session_alive_after_the_end_of_the_run(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.host.end(Exited(0))
        bench.engine.turn()
        bench.helpers.end("lint", Exited(0))
        bench.settle()
        assert [notice.run for notice in bench.told(Launched)] == [2]

    def test_does_not_make_a_stop_of_a_crash(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.host.end(Exited(1))
        bench.engine.turn()
        assert [(notice.outcome, notice.stopped) for notice in bench.told(Ended)] == [(Exited(1), False)]
        assert (bench.told(StoppingNotice), bench.told(WaitingForChangeNotice)) == ([], [])
        bench.helpers.end("lint", Exited(0))
        bench.settle()
        assert [notice.run for notice in bench.told(Launched)] == [2]

    def test_does_not_make_a_stop_of_a_crash_that_leaves_processes_behind(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.post(LeaderExited(1, Exited(1)))
        bench.engine.turn()
        bench.helpers.end("lint", Exited(0))
        bench.settle()
        assert [notice.outcome for notice in bench.told(OrphansFound)] == [Exited(1)]
        assert [notice.stopped for notice in bench.told(Ended)] == [False]
        assert [notice.run for notice in bench.told(Launched)] == [2]

    def test_does_not_prevent_a_stop_by_the_user(self, bench: Bench) -> None:
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.host.end(Signalled(2, was_foreground=True))
        bench.until_finished()
        assert bench.told(Launched) == []


class TestPreStartCommands:
    def test_run_before_the_first_start(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, BUILD)
        bench.engine.begin()
        assert isinstance(bench.state, Idle)
        bench.helpers.end("build", Exited(0))
        bench.settle()
        assert [notice.run for notice in bench.told(Launched)] == [1]

    def test_that_fail_end_a_session_of_one_run(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, BUILD, restart=RestartPolicy(OnExit.EXIT))
        bench.helpers.refusals.append(ChildNotLaunched(126, "it is no program"))
        assert bench.engine.run() == 126

    def test_that_fail_let_the_engine_sleep_although_no_contents_are_read_yet(self, tmp_path: Path) -> None:
        (tmp_path / "app.py").write_text("x = 1\n")
        bench = Bench(tmp_path, task_settings=BUILD, rescan_period=10.0)
        bench.engine.begin()
        bench.helpers.end("build", Exited(1))
        bench.engine.turn()
        with pytest.raises(Asleep):
            bench.engine.turn()

    def test_wait_for_the_first_change_in_a_postponed_session(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, BUILD, restart=RestartPolicy(postpone=True)).begin()
        assert bench.acts == []
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        bench.helpers.end("build", Exited(0))
        bench.settle()
        assert isinstance(bench.told(Launched)[0].reason, FilesChanged)

    @pytest.mark.parametrize("postpone", [False, True])
    def test_run_before_the_first_start_with_other_settings(self, tmp_path: Path, *, postpone: bool) -> None:
        bench = bench_with(tmp_path, BUILD, restart=RestartPolicy(postpone=postpone))
        assert bench.gate.admit(Begin(), Idle(4, ConfigChanged(("before",)))) == []
        environment = bench.helpers.living[0].environment
        assert (environment["RELOADER_RUN"], environment["RELOADER_REASON"]) == ("5", "config_changed")

    def test_run_before_a_restart_by_the_user(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, BUILD)
        bench.engine.begin()
        bench.helpers.end("build", Exited(0))
        bench.settle()
        bench.post(RestartRequested("r"))
        bench.engine.turn()
        assert bench.told(Launched)[1:] == []
        bench.helpers.end("build", Exited(0))
        bench.settle()
        assert bench.told(Launched)[-1].reason == RequestedByUser("r")


class TestVariablesOfTasks:
    """It is of the run that is to follow."""

    @staticmethod
    def told(bench: Bench) -> list[str]:
        environment = bench.helpers.living[0].environment
        return [environment[f"RELOADER_{name}"] for name in ("RUN", "REASON", "CHANGES_FILE")]

    def test_before_each_start(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, BUILD)
        bench.engine.begin()
        assert self.told(bench) == ["1", "first_start", "pending"]
        bench.helpers.end("build", Exited(0))
        bench.settle()
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        assert self.told(bench) == ["2", "files_changed", "pending"]
        bench.helpers.end("build", Exited(0))
        bench.settle()
        bench.post(RestartRequested("r"))
        bench.engine.turn()
        assert self.told(bench) == ["3", "requested_by_user", "pending"]

    def test_by_a_check(self, tmp_path: Path) -> None:
        bench = bench_with(tmp_path, LINT).begin()
        change_until_a_step_runs(bench, "app.py", "x = 2\n")
        assert self.told(bench) == ["2", "files_changed", "pending"]


def test_nothing_passes_the_gate_after_the_session(bench: Bench) -> None:
    bench.post(StopRequested(15))
    bench.until_finished()
    assert bench.gate.admit(BatchOpened(), bench.state) == [BatchOpened()]
    assert bench.gate.after_transition(bench.state) == []
