"""What a running session answers, on the real engine with a clock of our own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.choices import OnExit
from reloader.core.control_protocol import (
    Answer,
    ExplainRequest,
    FilesRequest,
    PauseRequest,
    Request,
    RestartRequest,
    ResumeRequest,
    StatusRequest,
    WaitRequest,
)
from reloader.core.events import BatchClosed, BatchOpened, ControlRequest, Event, KeyPressed, RestartRequested
from reloader.core.notices import Changed, KeysHelp, Launched, Paused, RestartLoopSuspended, Resumed, SessionStatus
from reloader.core.outcome import Exited
from reloader.core.settings import RestartPolicy
from reloader.core.states import RequestedByUser, Running
from reloader.core.tasks import GatePolicy, ReadyPolicy, Task, TaskSettings
from reloader.engine.control.handler import WaitingClients
from reloader.engine.pause import Pause
from tests.support.sessions.engine_bench import Bench

ALIVE = 1.0


@dataclass
class Asker:
    """Somebody who asks, and keeps what is answered."""

    answers: list[Answer] = field(default_factory=list)
    is_connected: bool = True

    def __call__(self, answer: Answer) -> None:
        self.answers.append(answer)

    @property
    def only(self) -> dict[str, Any]:
        (answer,) = self.answers
        return dict(answer)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "app.py").write_text("first")
    return root


@pytest.fixture
def bench(root: Path) -> Bench:
    return Bench(root, task_settings=TaskSettings()).begin()


def asked(bench: Bench, request: Request) -> Asker:
    """Ask, and let the engine take one turn."""
    asker = Asker()
    bench.post(ControlRequest(request, asker))
    bench.engine.turn()
    return asker


class TestTheStatus:
    def test_describes_the_run(self, bench: Bench) -> None:
        bench.settle()
        status = asked(bench, StatusRequest()).only
        assert status["notice"] == "SessionStatus"
        assert (status["state"], status["run"], status["child"]) == ("running", 1, 1001)
        assert (status["reason"], status["is_paused"], status["pending"]) == ("first start", False, ())
        assert status["ready_after"] == pytest.approx(ALIVE)
        assert status["project"] == str(bench.root)

    def test_of_a_waiting_session_has_no_child(self, root: Path) -> None:
        bench = Bench(root, restart=RestartPolicy(on_exit=OnExit.WAIT)).begin()
        bench.host.end(Exited(1))
        bench.settle()
        status = asked(bench, StatusRequest()).only
        assert (status["state"], status["run"], status["child"]) == ("waiting", 1, None)
        assert status["outcome"] == "exited with code 1"

    def test_before_the_first_run_is_starting(self, root: Path) -> None:
        bench = Bench(root)
        status = asked(bench, StatusRequest()).only
        assert (status["state"], status["run"], status["child"], status["reason"]) == ("starting", 0, None, "")

    def test_after_a_failed_pre_start_command_is_waiting(self, root: Path) -> None:
        build = TaskSettings(GatePolicy(before=(Task(("build",)),)), ReadyPolicy(tcp=("127.0.0.1", 1)))
        bench = Bench(root, task_settings=build)
        bench.engine.begin()
        assert asked(bench, StatusRequest()).only["state"] == "starting"
        bench.helpers.end("build", Exited(1))
        assert asked(bench, StatusRequest()).only["state"] == "waiting"

    def test_is_reported_when_the_user_presses_s(self, bench: Bench) -> None:
        bench.post(KeyPressed("s"))
        bench.settle()
        assert [status.run for status in bench.told(SessionStatus)] == [1]


def test_a_request_that_another_engine_left_is_answered_without_an_event(root: Path) -> None:
    build = TaskSettings(GatePolicy(before=(Task(("build",)),)), ReadyPolicy(tcp=("127.0.0.1", 1)))
    asker = Asker()
    bench = Bench(root, task_settings=build, clients=WaitingClients([ControlRequest(StatusRequest(), asker)]))
    began = bench.clock()
    bench.engine.begin()
    bench.engine.turn()
    assert (asker.only["state"], bench.clock()) == ("starting", began)


class TestARestart:
    def test_is_one_by_the_user(self, bench: Bench) -> None:
        asked(bench, RestartRequest())
        bench.settle()
        (launched,) = bench.told(Launched)
        assert (launched.run, launched.reason) == (2, RequestedByUser("reloader restart"))


class TestAPause:
    def test_holds_changes_until_the_user_resumes_and_forwards_them_as_one_batch(self, bench: Bench) -> None:
        asked(bench, PauseRequest())
        for text in ("second", "third"):
            bench.save("app.py", text)
            bench.save("other.py", text)
            bench.hint("app.py", "other.py")
            bench.settle()
        assert bench.acts == []
        pending = asked(bench, StatusRequest()).only["pending"]
        assert sorted(map(str, pending)) == [str(bench.root / "app.py"), str(bench.root / "other.py")]
        asked(bench, ResumeRequest())
        bench.settle()
        assert bench.changed == [{"app.py": "modified", "other.py": "added"}]
        assert [launched.run for launched in bench.told(Launched)] == [2]
        assert (bench.told(Paused), bench.told(Resumed)) == (
            [Paused("reloader pause")],
            [Resumed("reloader resume", 2)],
        )

    def test_that_begins_while_a_batch_is_open_forwards_that_one(self, bench: Bench) -> None:
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.engine.turn()
        asked(bench, PauseRequest())
        bench.settle()
        assert isinstance(bench.state, Running)
        assert bench.state.run == 2

    def test_that_ends_while_a_batch_is_open_forwards_it_when_it_closes(self, bench: Bench) -> None:
        asked(bench, PauseRequest())
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.engine.turn()
        assert bench.acts == []
        asked(bench, ResumeRequest())
        bench.settle()
        assert [launched.run for launched in bench.told(Launched)] == [2]
        assert bench.changed == [{"app.py": "modified"}]

    def test_does_not_hold_a_restart_by_the_user_which_includes_all_held_changes(self, bench: Bench) -> None:
        asked(bench, PauseRequest())
        bench.save("app.py", "second")
        bench.hint("app.py")
        bench.settle()
        asked(bench, RestartRequest())
        bench.settle()
        asked(bench, ResumeRequest())
        bench.settle()
        assert [launched.run for launched in bench.told(Launched)] == [2]
        assert {change.path for batch in bench.prepared for change in batch} == {str(bench.root / "app.py")}

    def test_and_its_end_have_no_effect_twice(self, bench: Bench) -> None:
        for request in (ResumeRequest(), PauseRequest(), PauseRequest(), ResumeRequest(), ResumeRequest()):
            asked(bench, request)
        assert (len(bench.told(Paused)), len(bench.told(Resumed))) == (1, 1)

    def test_begins_and_ends_by_the_same_key(self, bench: Bench) -> None:
        for _ in range(2):
            bench.post(KeyPressed("p"))
            bench.settle()
        assert (bench.told(Paused), bench.told(Resumed)) == ([Paused("p")], [Resumed("p", 0)])


def test_an_unknown_key_reports_the_keys(bench: Bench) -> None:
    bench.post(KeyPressed("?"))
    bench.settle()
    assert bench.told(KeysHelp) == [KeysHelp()]


class TestAWaitForThePresentFiles:
    def test_is_answered_when_the_run_has_lived_for_a_second(self, bench: Bench) -> None:
        waiting = asked(bench, WaitRequest())
        assert waiting.answers == []
        bench.settle()
        assert (waiting.only["verdict"], waiting.only["run"]) == ("ready", 1)

    def test_is_answered_at_once_if_that_run_is_ready(self, bench: Bench) -> None:
        bench.settle()
        assert asked(bench, WaitRequest()).only["verdict"] == "ready"

    def test_finds_an_edit_without_a_hint(self, bench: Bench) -> None:
        bench.settle()
        bench.save("app.py", "second")
        waiting = asked(bench, WaitRequest())
        assert waiting.answers == []
        bench.settle()
        assert (waiting.only["verdict"], waiting.only["run"]) == ("ready", 2)

    def test_is_answered_when_the_run_fails(self, root: Path) -> None:
        bench = Bench(root, task_settings=TaskSettings(), restart=RestartPolicy(on_exit=OnExit.WAIT)).begin()
        bench.save("app.py", "1/0")
        waiting = asked(bench, WaitRequest())
        while not bench.told(Launched):
            bench.engine.turn()
        bench.program.trace = "ZeroDivisionError"
        bench.host.end(Exited(1))
        bench.settle()
        assert (waiting.only["verdict"], waiting.only["run"], waiting.only["exit_code"]) == ("failed", 2, 1)
        assert waiting.only["trace"] == "ZeroDivisionError"

    def test_ends_at_its_timeout(self, bench: Bench) -> None:
        asked(bench, PauseRequest())
        bench.settle()
        bench.save("app.py", "second")
        began = bench.clock()
        waiting = asked(bench, WaitRequest(timeout=3.0))
        bench.settle()
        assert waiting.only["verdict"] == "timed out"
        assert waiting.only["why"] == "the session is paused and holds back 1 change"
        assert bench.clock() - began == pytest.approx(3.0)

    def test_of_a_disconnected_client_is_dropped(self, bench: Bench) -> None:
        waiting = asked(bench, WaitRequest(timeout=100.0))
        waiting.is_connected = False
        bench.settle()
        assert waiting.answers == []

    def test_compares_the_disk_once_for_simultaneous_clients(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.settle()
        compared: list[float] = []
        compare_all = bench.collector.compare_all

        def counted(now: float) -> BatchOpened | None:
            compared.append(now)
            return compare_all(now)

        monkeypatch.setattr(bench.collector, "compare_all", counted)
        askers = [Asker() for _ in range(5)]
        for asker in askers:
            bench.post(ControlRequest(WaitRequest(), asker))
        bench.engine.turn()
        assert [asker.only["verdict"] for asker in askers] == ["ready"] * 5
        assert len(compared) == 1


class TestAWaitForARun:
    def test_is_for_one_with_a_higher_number(self, bench: Bench) -> None:
        bench.settle()
        waiting = asked(bench, WaitRequest(after=1))
        assert waiting.answers == []
        bench.post(RestartRequested("a test"))
        bench.settle()
        assert (waiting.only["verdict"], waiting.only["run"]) == ("ready", 2)


def test_why_and_files_are_answered_from_the_watched_files(bench: Bench) -> None:
    why = asked(bench, ExplainRequest(str(bench.root / "app.py"))).only
    assert (why["notice"], why["is_watched"], why["cause"], why["backend"]) == (
        "PathExplained",
        True,
        "everything",
        "scripted",
    )
    assert asked(bench, FilesRequest()).only["files"] == (str(bench.root / "app.py"),)


def test_the_history_has_each_run_with_its_reason_and_end(bench: Bench) -> None:
    bench.settle()
    bench.save("app.py", "second")
    bench.hint("app.py")
    bench.settle()
    entries = [(entry["event"], entry["run"]) for entry in bench.history]
    assert entries == [("launched", 1), ("ready", 1), ("ended", 1), ("launched", 2), ("ready", 2)]
    assert bench.history[3]["files"] == (str(bench.root / "app.py"),)
    assert bench.history[2]["outcome"] == "ended by signal 15"


class TestThePause:
    """Whatever comes in what order: nothing is lost, and a batch never opens without closing while it runs."""

    @given(st.lists(st.sampled_from(["open", "close", "pause", "resume", "launched"]), max_size=30))
    def test_forwards_every_change_in_the_end(self, steps: list[str]) -> None:
        pause, out, expected, opened, number = Pause(), list[Event](), set[str](), False, 0

        def let(event: Event | None) -> None:
            if event is not None and not (pause.is_on and pause.holds(event)):
                out.append(event)

        for step in steps:
            if step == "open" and not opened:
                opened = True
                let(BatchOpened())
            elif step == "close":
                number, opened = number + 1, False
                expected.add(str(number))
                let(BatchClosed(ChangeBatch.of([PathChange(str(number), ChangeKind.MODIFIED)])))
            elif step == "launched":
                expected -= set(pause.pending.kinds)
                opened = False
                pause.handle_launch()
            elif step == "pause" and not pause.is_on:
                pause.begin(has_open_batch=opened)
            elif step == "resume":
                let(pause.end(has_open_batch=opened))
            if not pause.is_on:
                assert not pause.pending
        let(pause.end(has_open_batch=opened))
        served = {path for event in out if isinstance(event, BatchClosed) for path in event.batch.kinds}
        assert served == expected


def test_a_batch_that_is_open_at_the_end_of_a_pause_does_not_stop_a_run_for_ever() -> None:
    """The run that the pending batch starts has it, or it closes later and is forwarded then."""
    pause, batch = Pause(), ChangeBatch.of([PathChange("one", ChangeKind.MODIFIED)])
    pause.begin(has_open_batch=False)
    assert all(pause.holds(event) for event in (BatchOpened(), BatchClosed(batch), BatchOpened()))
    assert pause.end(has_open_batch=True) == BatchClosed(batch)
    assert not pause.is_on


def test_a_change_is_reported_when_its_batch_is_handled_and_not_before(bench: Bench) -> None:
    asked(bench, PauseRequest())
    bench.save("app.py", "second")
    bench.hint("app.py")
    bench.settle()
    assert bench.told(Changed) == []


def test_edits_right_after_each_wait_are_not_a_loop(bench: Bench) -> None:
    for text in range(15):
        bench.save("app.py", str(text))
        waiting = asked(bench, WaitRequest())
        bench.settle()
        assert (waiting.only["verdict"], waiting.only["run"]) == ("ready", text + 2)
    assert bench.told(RestartLoopSuspended) == []
