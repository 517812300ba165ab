"""When a run is told to be ready, and which hooks follow what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.choices import OnExit
from reloader.core.events import ProbePassed, RestartRequested, StopRequested
from reloader.core.notices import Ended, HookFailed, Launched, Ready, kind_of
from reloader.core.outcome import Exited
from reloader.core.settings import RestartPolicy
from reloader.core.states import FirstStart, RequestedByChild
from reloader.core.tasks import HookEvent, ReadyPolicy, TaskSettings, TimedOut
from reloader.engine.tasks.hooks import HOOK_TIMEOUT, Hooks
from reloader.engine.tasks.runner import TaskRunner
from reloader.interfaces import ChildNotLaunched
from tests.support.fakes.clock import ManualClock
from tests.support.fakes.interfaces import Recorder
from tests.support.sessions.engine_bench import Bench
from tests.support.sessions.tasks import FakeHelpers

NETWORK = ReadyPolicy(http="http://localhost/", tcp=("localhost", 80))


def bench_of(root: Path, policy: TaskSettings, restart: RestartPolicy | None = None) -> Bench:
    (root / "app").mkdir()
    bench = Bench(root / "app", task_settings=policy, restart=restart)
    bench.engine.begin()
    while not bench.files.are_read_ahead:
        bench.engine.turn()
    return bench


class TestReady:
    def test_without_a_probe_is_a_run_that_has_lived_for_a_second(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, TaskSettings())
        bench.settle()
        assert bench.told(Ready) == [Ready(1, 1.0, ("alive",))]

    def test_is_not_a_run_that_ends_before(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, TaskSettings(), RestartPolicy(OnExit.WAIT))
        bench.host.end(Exited(0))
        bench.settle()
        assert bench.told(Ready) == []

    def test_is_reported_when_the_last_probe_has_passed(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, TaskSettings(ready=NETWORK))
        for probe in ("http", "http", "tcp", "tcp"):
            bench.post(ProbePassed(1, probe))
            bench.settle()
        assert [(notice.run, notice.by) for notice in bench.told(Ready)] == [(1, ("http", "tcp"))]

    def test_a_probe_of_another_run_is_ignored(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, TaskSettings(ready=ReadyPolicy(tcp=("localhost", 80))))
        bench.post(ProbePassed(7, "tcp"))
        bench.settle()
        assert bench.told(Ready) == []

    def test_a_probe_ends_when_its_run_is_stopped(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, TaskSettings(ready=NETWORK))
        bench.post(RestartRequested("r"))
        bench.settle()
        assert [act for act in bench.acts if act.startswith(("probe", "stop", "launch"))] == [
            "launch 1",
            "probe 1",
            "stop 1 with 15",
            "probe 1 ends",
            "launch 2",
            "probe 2",
        ]

    def test_a_command_is_tried_until_it_passes(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, TaskSettings(ready=ReadyPolicy(exec=("check",))))
        for outcome in (Exited(1), Exited(0)):
            while not bench.helpers.living:
                bench.engine.turn()
            bench.helpers.end("check", outcome)
            bench.engine.turn()
        bench.settle()
        assert [notice.by for notice in bench.told(Ready)] == [("exec",)]
        assert bench.acts.count("run check") == 2

    def test_a_command_is_killed_with_its_run(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, TaskSettings(ready=ReadyPolicy(exec=("check",))))
        while not bench.helpers.living:
            bench.engine.turn()
        bench.post(StopRequested(15))
        bench.until_finished()
        assert bench.acts.index("kill check") > bench.acts.index("stop 1 with 15")
        assert bench.told(Ready) == []


def hooks(*occasions: HookEvent) -> TaskSettings:
    return TaskSettings(ready=NETWORK, hooks={occasion: (occasion.value,) for occasion in occasions})


ALL = hooks(*HookEvent)


class TestHooks:
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return bench_of(tmp_path, ALL)

    def end_hook(self, bench: Bench, name: str) -> None:
        bench.helpers.end(name, Exited(0))
        bench.engine.turn()

    def test_get_the_number_of_the_run_and_the_reason(self, bench: Bench) -> None:
        assert bench.helpers.living[0].argv == ("start",)
        assert bench.helpers.living[0].environment == {
            "RELOADER_HOOK": "start",
            "RELOADER_RUN": "1",
            "RELOADER_REASON": "first_start",
            "RELOADER_CHANGES_FILE": "changes",
        }

    def test_of_a_change_get_the_number_of_the_next_run(self, tmp_path: Path) -> None:
        (tmp_path / "changing").mkdir()
        bench = bench_of(tmp_path / "changing", hooks(HookEvent.CHANGE))
        bench.save("app.py", "x = 2\n")
        bench.hint("app.py")
        while not bench.helpers.living:
            bench.engine.turn()
        assert bench.helpers.living[0].environment == {
            "RELOADER_HOOK": "change",
            "RELOADER_RUN": "2",
            "RELOADER_REASON": "files_changed",
            "RELOADER_CHANGES_FILE": "hook",
        }

    def test_run_one_after_the_other(self, bench: Bench) -> None:
        for probe in ("http", "tcp"):
            bench.post(ProbePassed(1, probe))
        bench.engine.turn()
        assert [helper.argv for helper in bench.helpers.living] == [("start",)]
        self.end_hook(bench, "start")
        assert [helper.argv for helper in bench.helpers.living] == [("ready",)]

    def test_in_the_queue_are_superseded_by_the_latest_of_their_kind(self, bench: Bench) -> None:
        for number in (2, 3, 4):
            bench.post(RestartRequested("r"))
            while bench.told(Launched)[-1].run < number:
                bench.engine.turn()
        for name, run in (("start", "1"), ("stop", "3"), ("start", "4")):
            assert [helper.argv for helper in bench.helpers.living] == [(name,)]
            assert bench.helpers.living[0].environment["RELOADER_RUN"] == run
            self.end_hook(bench, name)

    def test_a_failure_is_only_reported(self, bench: Bench) -> None:
        bench.helpers.end("start", Exited(2))
        bench.engine.turn()
        assert bench.told(HookFailed) == [HookFailed(HookEvent.START, ("start",), Exited(2))]

    def test_one_that_exceeds_its_timeout_is_stopped(self, bench: Bench) -> None:
        bench.settle()
        assert bench.told(HookFailed) == [HookFailed(HookEvent.START, ("start",), TimedOut(HOOK_TIMEOUT))]

    def test_one_that_cannot_be_started_blocks_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "app").mkdir()
        bench = Bench(tmp_path / "app", task_settings=hooks(HookEvent.START))
        bench.helpers.refusals.append(ChildNotLaunched(127, "it was not found"))
        bench.engine.begin()
        assert [notice.outcome.exit_code for notice in bench.told(HookFailed)] == [127]

    def test_a_failing_run_is_a_crash_and_every_other_end_a_stop(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, hooks(HookEvent.CRASH, HookEvent.STOP), RestartPolicy(OnExit.RESTART))
        for code, name in ((5, "crash"), (0, "stop")):
            bench.host.end(Exited(code))
            while not bench.helpers.living:
                bench.engine.turn()
            assert bench.helpers.living[0].argv == (name,)
            assert bench.helpers.living[0].environment["RELOADER_EXIT_CODE"] == str(code)
            self.end_hook(bench, name)
            while bench.host.child is None:
                bench.engine.turn()

    def test_the_session_waits_for_the_last(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, hooks(HookEvent.STOP))
        bench.host.end(Exited(0))
        bench.until_finished()
        before = bench.clock()
        bench.engine.close()  # it never ends by itself
        assert HOOK_TIMEOUT <= bench.clock() - before < HOOK_TIMEOUT + 5
        assert bench.told(HookFailed) == [HookFailed(HookEvent.STOP, ("stop",), TimedOut(HOOK_TIMEOUT))]

    def test_the_session_does_not_wait_beyond_their_end(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, hooks(HookEvent.STOP))
        bench.host.end(Exited(0))
        bench.until_finished()
        bench.helpers.end("stop", Exited(0))
        before = bench.clock()
        bench.engine.close()
        assert bench.clock() == before
        assert bench.told(HookFailed) == []

    def test_a_stop_request_ends_the_wait(self, tmp_path: Path) -> None:
        bench = bench_of(tmp_path, hooks(HookEvent.STOP))
        bench.host.end(Exited(0))
        bench.until_finished()
        bench.post(StopRequested(2))
        bench.engine.close()
        assert "kill stop" in bench.acts
        assert bench.told(HookFailed) == []


def test_queued_hooks_keep_their_command_and_later_ones_use_the_new_settings() -> None:
    helpers, clock = FakeHelpers(), ManualClock()
    commands = TaskRunner(helpers, clock)
    told: dict[str, str] = {"PLAN": "old"}
    named = {HookEvent.START: ("old start",), HookEvent.STOP: ("old stop",)}
    hooks = Hooks(named, commands, Recorder([]), lambda more: {**told, **more}, lambda batch, name: {}, cwd="/old")
    hooks.report(Launched(1, 7, ("serve",), FirstStart()))
    hooks.report(Ended(1, Exited(0), 1.0, stopped=True))
    hooks.transfer({HookEvent.START: ("new start",)}, lambda more: {"PLAN": "new", **more}, cwd="/new")
    hooks.report(Launched(2, 8, ("serve",), FirstStart()))
    done = []
    while helpers.living:
        (helper,) = helpers.living
        done.append((helper.argv[0], helper.cwd, helper.environment["PLAN"], helper.environment["RELOADER_RUN"]))
        helpers.end(helper.argv[0], Exited(0))
        commands.tick(clock())
    assert done == [
        ("old start", "/old", "old", "1"),
        ("old stop", "/old", "old", "1"),
        ("new start", "/new", "new", "2"),
    ]


def test_the_changes_are_written_before_each_launch(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, TaskSettings())
    bench.save("app.py", "x")
    bench.hint("app.py")
    bench.settle()
    path = str(bench.root / "app.py")
    assert bench.written_changes == [ChangeBatch(), ChangeBatch.of([PathChange(path, ChangeKind.ADDED)])]


def test_a_reason_is_named_as_in_json() -> None:
    assert [kind_of(reason) for reason in (FirstStart(), RequestedByChild())] == [
        "first_start",
        "requested_by_child",
    ]
