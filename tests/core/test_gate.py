"""Each transition of the gate: what is withheld, what is let through, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reloader.core.actions import Report
from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
    Begin,
    FirstStartBlocked,
    LeaderExited,
    RestartRequested,
    RunEnded,
    SettingsChanged,
)
from reloader.core.gate import (
    BEFORE,
    CHECK,
    CancelTask,
    Checking,
    CheckSyntax,
    Empty,
    Forward,
    Gate,
    GateAction,
    GateContext,
    GateEvent,
    GateTaskFailed,
    GateTaskPassed,
    Passed,
    Pending,
    PolicyReplaced,
    Rejected,
    RunTask,
    StartTask,
    after_launch,
    announce_open_batch,
    handle,
    handle_run_end,
    new_gate,
)
from reloader.core.notices import ChangesReverted, Note
from reloader.core.outcome import Exited
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.states import FilesChanged, Reason, RequestedByUser
from reloader.core.tasks import GatePolicy, Task

SYNTAX = GatePolicy(syntax=True)
LINT = GatePolicy(check=Task(("lint", "{files}")))
CSS = Patterns("/app", (Rule("*.css", "test"),))
BUILD = GatePolicy(before=(Task(("build",)), Task(("css",), (CSS,))))
FAILED = GateTaskFailed(Note("it is broken"), 7)


def batch(*names: str, kind: ChangeKind = ChangeKind.MODIFIED) -> ChangeBatch:
    return ChangeBatch.of(PathChange(f"/app/{name}", kind) for name in names)


def around(
    policy: GatePolicy, run: int | None = 1, *, as_before: tuple[str, ...] = (), compiles: bool = True
) -> GateContext:
    compiles = compiles and policy.syntax
    return GateContext(policy, run, compiles, "/", {f"/app/{name}" for name in as_before}.__contains__)


def after(around_it: GateContext, *arrivals: GateEvent, gate: Gate | None = None) -> tuple[Gate, list[GateAction]]:
    """The gate after ``arrivals``, with all orders."""
    gate = new_gate(around_it.policy) if gate is None else gate
    orders: list[GateAction] = []
    for arrival in arrivals:
        gate, more = handle(gate, arrival, around_it)
        orders += more
    return gate, orders


def compiling(*names: str) -> StartTask:
    return StartTask(CheckSyntax(tuple(f"/app/{name}" for name in names)))


BUILDING = StartTask(RunTask(BEFORE, ("build",), 0))
STYLING = StartTask(RunTask(BEFORE, ("css",), 1))


class TestABatch:
    def test_is_withheld_while_it_is_open_and_a_run_lives(self) -> None:
        assert after(around(SYNTAX), BatchOpened())[1] == []

    def test_is_let_through_when_its_sources_compile(self) -> None:
        gate, orders = after(around(SYNTAX), BatchOpened(), BatchClosed(batch("a.py")), GateTaskPassed())
        assert orders == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]
        assert gate == new_gate(SYNTAX)

    def test_is_let_through_at_once_where_nothing_is_to_be_checked(self) -> None:
        assert after(around(SYNTAX), BatchClosed(batch("a.css")))[1] == [Forward(BatchClosed(batch("a.css")))]
        assert after(around(SYNTAX, compiles=False), BatchClosed(batch("a.py")))[1] == [
            Forward(BatchClosed(batch("a.py")))
        ]

    def test_needs_no_source_that_is_gone(self) -> None:
        gone = batch("a.py", kind=ChangeKind.REMOVED)
        assert after(around(SYNTAX), BatchClosed(gone))[1] == [Forward(BatchClosed(gone))]

    def test_is_held_when_it_is_refused(self) -> None:
        gate, orders = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        assert orders == [compiling("a.py"), Report(FAILED.notice)]
        assert gate.stage == Rejected(Pending(batch("a.py"), refused=True))

    def test_is_tried_again_together_with_the_next(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        _, orders = after(around(SYNTAX), BatchClosed(batch("b.py")), GateTaskPassed(), gate=gate)
        assert orders == [compiling("a.py", "b.py"), Forward(BatchClosed(batch("a.py", "b.py")))]

    def test_waits_for_a_quiet_disk_when_it_has_passed(self) -> None:
        gate, orders = after(around(SYNTAX), BatchClosed(batch("a.py")), BatchOpened(), GateTaskPassed())
        assert orders == [compiling("a.py")]
        assert gate.stage == Passed(Pending(batch("a.py")))
        _, orders = after(around(SYNTAX), BatchClosed(batch("b.py")), GateTaskPassed(), gate=gate)
        assert orders[-1] == Forward(BatchClosed(batch("a.py", "b.py")))

    def test_makes_a_check_that_is_under_way_useless(self) -> None:
        gate, orders = after(around(LINT), BatchClosed(batch("a.py")), BatchClosed(batch("b.css")))
        check = StartTask(RunTask(CHECK, ("lint", "/app/a.py")))
        assert orders == [check, CancelTask(), StartTask(RunTask(CHECK, ("lint", "/app/a.py", "/app/b.css")))]
        assert isinstance(gate.stage, Checking)

    def test_lets_a_step_that_is_under_way_come_to_its_end_and_begins_anew(self) -> None:
        gate, orders = after(around(BUILD), BatchClosed(batch("a.py")), BatchClosed(batch("b.py")))
        assert orders == [BUILDING]
        _, orders = after(around(BUILD), GateTaskPassed(), GateTaskPassed(), GateTaskPassed(), gate=gate)
        assert orders == [BUILDING, STYLING, Forward(BatchClosed(batch("a.py", "b.py")))]

    def test_is_not_refused_for_a_step_that_has_failed_on_what_was_there_before(self) -> None:
        gate, _ = after(around(BUILD), BatchClosed(batch("a.py")), BatchClosed(batch("b.py")))
        assert after(around(BUILD), FAILED, gate=gate)[1] == [BUILDING]

    @pytest.mark.parametrize("late", [GateTaskPassed(), FAILED])
    def test_is_not_there_for_an_answer_that_comes_late(self, late: GateEvent) -> None:
        assert after(around(SYNTAX), late) == (new_gate(SYNTAX), [])


class TestWhereNoRunLives:
    def test_a_batch_is_told_to_be_open_at_once(self) -> None:
        gate, orders = after(around(SYNTAX, None), BatchOpened(), BatchClosed(batch("a.py")), FAILED)
        assert orders == [Forward(BatchOpened()), compiling("a.py"), Report(FAILED.notice)]
        assert gate.is_told

    def test_a_batch_that_is_closed_already_is_told_to_be_open_as_long_as_it_is_held(self) -> None:
        _, orders = after(around(SYNTAX, None), BatchClosed(batch("a.py")), GateTaskPassed())
        assert orders == [Forward(BatchOpened()), compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_what_is_taken_back_is_a_reason_to_start_all_the_same(self) -> None:
        gate, _ = after(around(SYNTAX, None), BatchOpened(), BatchClosed(batch("a.py")), FAILED)
        here = around(SYNTAX, None, as_before=("a.py",))
        _, orders = after(here, BatchOpened(), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert orders == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_nothing_is_started_over_what_is_refused(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        gate, orders = announce_open_batch(gate, around(SYNTAX, None), rests=True)
        assert orders == (Forward(BatchOpened()),)
        assert announce_open_batch(gate, around(SYNTAX, None), rests=True) == (gate, ())

    def test_nothing_is_told_where_nothing_is_held(self) -> None:
        gate = new_gate(SYNTAX)
        assert announce_open_batch(gate, around(SYNTAX, None), rests=True) == (gate, ())
        pending, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        assert announce_open_batch(pending, around(SYNTAX), rests=False) == (pending, ())


class TestWhatIsTakenBack:
    def test_restarts_nothing(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        gate, orders = after(around(SYNTAX, as_before=("a.py",)), BatchClosed(batch("a.py")), gate=gate)
        assert orders == [Report(ChangesReverted(("/app/a.py",), 1))]
        assert gate == new_gate(SYNTAX)

    def test_is_no_part_of_the_batch_that_is_let_through(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py", "b.py")), FAILED)
        here = around(SYNTAX, as_before=("a.py",))
        _, orders = after(here, BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert orders == [compiling("b.py"), Forward(BatchClosed(batch("b.py")))]

    def test_counts_as_long_as_nothing_was_refused(self) -> None:
        _, orders = after(around(SYNTAX, as_before=("a.py",)), BatchClosed(batch("a.py")), GateTaskPassed())
        assert orders[-1] == Forward(BatchClosed(batch("a.py")))

    def test_has_the_steps_taken_anew_that_had_failed(self) -> None:
        gate, _ = after(around(BUILD), BatchClosed(batch("a.css")), FAILED)
        here = around(BUILD, as_before=("a.css",))
        _, orders = after(here, BatchClosed(batch("a.css")), GateTaskPassed(), GateTaskPassed(), gate=gate)
        assert orders == [BUILDING, STYLING, Report(ChangesReverted(("/app/a.css",), 1))]

    def test_is_no_reason_to_leave_a_restart_by_hand(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        _, orders = after(around(SYNTAX, as_before=("a.py",)), RestartRequested("r"), gate=gate)
        assert orders == [Forward(RestartRequested("r"))]


class TestTheFirstStart:
    def test_comes_after_all_steps(self) -> None:
        _, orders = after(around(BUILD, None), Begin(), GateTaskPassed(), GateTaskPassed())
        assert orders == [BUILDING, STYLING, Forward(Begin())]

    def test_needs_no_check(self) -> None:
        policy = replace(LINT, before=BUILD.before)
        gate, orders = after(around(policy, None), Begin(), BatchClosed(batch("a.py")))
        assert orders == [BUILDING]
        assert after(around(policy, None), GateTaskPassed(), gate=gate)[1] == [BUILDING]

    def test_of_another_plan_is_held_with_what_has_changed_since_the_run_before(self) -> None:
        policy = GatePolicy(before=(Task(("types", "{files}"), (CSS,)),))
        gate, orders = after(around(policy, None), Begin(batch("a.css", "a.py")))
        assert orders == [StartTask(RunTask(BEFORE, ("types", "/app/a.css"), 0))]
        assert after(around(policy, None), BatchClosed(batch("b.css")), GateTaskPassed(), gate=gate)[1] == [
            StartTask(RunTask(BEFORE, ("types", "/app/a.css", "/app/b.css"), 0))
        ]

    def test_is_refused_by_a_step_with_its_exit_code(self) -> None:
        gate, orders = after(around(BUILD, None), Begin(), FAILED)
        assert orders == [BUILDING, Report(FAILED.notice), Forward(FirstStartBlocked(7))]
        assert announce_open_batch(gate, around(BUILD, None), rests=True)[1] == ()

    def test_is_tried_again_after_a_change(self) -> None:
        gate, _ = after(around(BUILD, None), Begin(), FAILED)
        _, orders = after(
            around(BUILD, None), BatchClosed(batch("a.py")), GateTaskPassed(), GateTaskPassed(), gate=gate
        )
        assert orders == [BUILDING, STYLING, Forward(Begin())]


class TestSteps:
    def test_are_taken_for_their_files_alone_once_they_were_taken(self) -> None:
        gate, _ = after(around(BUILD, None), Begin(), GateTaskPassed(), GateTaskPassed())
        assert after(around(BUILD), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)[1][:-1] == [BUILDING]
        assert after(around(BUILD), BatchClosed(batch("a.css")), GateTaskPassed(), gate=gate)[1] == [BUILDING, STYLING]

    def test_that_failed_are_taken_again_whatever_changes(self) -> None:
        policy = GatePolicy(before=(BUILD.before[1],))
        gate, _ = after(around(policy, None), Begin(), GateTaskPassed())
        gate, _ = after(around(policy), BatchClosed(batch("a.css")), FAILED, gate=gate)
        styling = StartTask(RunTask(BEFORE, ("css",), 0))
        assert after(around(policy), BatchClosed(batch("a.py")), gate=gate)[1] == [styling]

    def test_are_all_taken_for_a_restart_by_hand(self) -> None:
        gate, _ = after(around(BUILD, None), Begin(), GateTaskPassed(), GateTaskPassed())
        _, orders = after(around(BUILD), RestartRequested("r"), GateTaskPassed(), GateTaskPassed(), gate=gate)
        assert orders == [BUILDING, STYLING, Forward(RestartRequested("r"))]


class TestAStepThatAsksForFiles:
    POLICY = GatePolicy(before=(Task(("types", "{files}"), (CSS,)), Task(("build",))))
    BUILDING = StartTask(RunTask(BEFORE, ("build",), 1))

    def begun(self) -> Gate:
        gate, orders = after(around(self.POLICY, None), Begin(), GateTaskPassed())
        assert orders == [self.BUILDING, Forward(Begin())]
        return gate

    def test_is_not_run_without_any_at_the_first_start(self) -> None:
        self.begun()

    def test_is_not_run_without_any_at_a_restart_by_hand(self) -> None:
        _, orders = after(around(self.POLICY), RestartRequested("r"), GateTaskPassed(), gate=self.begun())
        assert orders == [self.BUILDING, Forward(RestartRequested("r"))]

    def test_is_run_with_its_files_alone_as_soon_as_there_are_some(self) -> None:
        changed = batch("a.py")
        gate, orders = after(around(self.POLICY), BatchClosed(changed), GateTaskPassed(), gate=self.begun())
        assert orders == [self.BUILDING, Forward(BatchClosed(changed))]
        _, orders = after(around(self.POLICY), BatchClosed(batch("a.css", "a.py")), gate=gate)
        assert orders == [StartTask(RunTask(BEFORE, ("types", "/app/a.css"), 0))]

    def test_is_run_at_the_first_start_with_what_has_changed_until_then(self) -> None:
        gate, _ = after(around(self.POLICY, None), Begin(), FAILED)
        _, orders = after(around(self.POLICY, None), BatchClosed(batch("a.css")), gate=gate)
        assert orders == [StartTask(RunTask(BEFORE, ("types", "/app/a.css"), 0))]


class TestMoreFilesThanACommandTakes:
    MANY = batch(*(f"{number}{'a' * 200}.css" for number in range(200)))

    def parts(self, step: Task) -> tuple[tuple[str, ...], ...]:
        parts = step.commands_for(self.MANY, "/")
        assert len(parts) > 1
        return parts

    def test_are_checked_part_by_part(self) -> None:
        parts = self.parts(Task(("lint", "{files}")))
        _, orders = after(around(LINT), BatchClosed(self.MANY), *[GateTaskPassed()] * len(parts))
        assert orders == [*(StartTask(RunTask(CHECK, part)) for part in parts), Forward(BatchClosed(self.MANY))]

    def test_are_refused_with_any_part(self) -> None:
        parts = self.parts(Task(("lint", "{files}")))
        gate, orders = after(around(LINT), BatchClosed(self.MANY), GateTaskPassed(), FAILED)
        assert orders == [*(StartTask(RunTask(CHECK, part)) for part in parts[:2]), Report(FAILED.notice)]
        assert gate.stage == Rejected(Pending(self.MANY, refused=True))

    def test_leave_a_step_to_be_taken_until_the_last_part_has_passed(self) -> None:
        policy = GatePolicy(before=(Task(("css", "{files}"), (CSS,)),))
        parts = self.parts(policy.before[0])
        gate = replace(new_gate(policy), stale=frozenset())
        gate, orders = after(around(policy), BatchClosed(self.MANY), *[GateTaskPassed()] * (len(parts) - 1), gate=gate)
        assert orders == [StartTask(RunTask(BEFORE, part)) for part in parts[:-1]] + [
            StartTask(RunTask(BEFORE, parts[-1], 0))
        ]
        assert gate.stale == {0}
        gate, orders = after(around(policy), GateTaskPassed(), gate=gate)
        assert (gate.stale, orders) == (frozenset(), [Forward(BatchClosed(self.MANY))])


@pytest.mark.parametrize(
    ("pending", "reason"),
    [
        (Pending(batch("a.py"), by="r"), FilesChanged(batch("a.py"))),
        (Pending(batch("a.py")), FilesChanged(batch("a.py"))),
        (Pending(by="r"), RequestedByUser("r")),
    ],
)
def test_what_is_held_says_why_a_run_is_to_be_replaced(pending: Pending, reason: Reason) -> None:
    assert pending.reason == reason


class TestARestartByHand:
    def test_is_let_through_where_nothing_is_to_be_done(self) -> None:
        assert after(around(SYNTAX), RestartRequested("r"))[1] == [Forward(RestartRequested("r"))]

    def test_runs_a_check_that_asks_for_no_files(self) -> None:
        policy = GatePolicy(check=Task(("lint",)))
        assert after(around(policy), RestartRequested("r"))[1] == [StartTask(RunTask(CHECK, ("lint",)))]
        assert after(around(LINT), RestartRequested("r"))[1] == [Forward(RestartRequested("r"))]

    def test_tries_what_was_refused_again(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        _, orders = after(around(SYNTAX), RestartRequested("r"), GateTaskPassed(), gate=gate)
        assert orders == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_that_was_refused_is_not_done_later(self) -> None:
        policy = GatePolicy(check=Task(("lint",)))
        gate, _ = after(around(policy), RestartRequested("r"), FAILED)
        _, orders = after(around(policy), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert orders[-1] == Forward(BatchClosed(batch("a.py")))


class TestAnotherPlan:
    RELOADED = SettingsChanged(("command",))

    def test_is_let_through_where_nothing_waits_and_leaves_the_steps_to_its_own_start(self) -> None:
        assert after(around(BUILD), self.RELOADED)[1] == [Forward(self.RELOADED)]

    def test_does_not_start_what_its_check_has_refused(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        gate, orders = after(around(SYNTAX), self.RELOADED, FAILED, gate=gate)
        assert orders == [compiling("a.py"), Report(FAILED.notice)]
        _, orders = after(around(SYNTAX), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert orders == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_is_all_that_is_left_when_what_was_refused_is_taken_back(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED, self.RELOADED, FAILED)
        _, orders = after(around(SYNTAX, as_before=("a.py",)), BatchClosed(batch("a.py")), gate=gate)
        assert orders == [Forward(self.RELOADED)]

    def test_waits_for_a_quiet_disk(self) -> None:
        gate, orders = after(around(SYNTAX), BatchOpened(), self.RELOADED)
        assert (gate.stage, orders) == (Passed(Pending(reloaded=self.RELOADED.keys)), [])
        _, orders = after(around(SYNTAX), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert orders == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_does_not_wait_for_a_step_that_is_under_way(self) -> None:
        _, orders = after(around(BUILD), BatchClosed(batch("a.py")), self.RELOADED)
        assert orders == [BUILDING, CancelTask(), Forward(BatchClosed(batch("a.py")))]

    def test_takes_the_first_start_with_it(self) -> None:
        gate, orders = after(around(BUILD, None), Begin(), BatchClosed(batch("a.py")), self.RELOADED)
        assert (gate.stage, orders) == (Empty(), [BUILDING, CancelTask(), Forward(Begin())])

    def test_begins_where_the_first_start_was_refused(self) -> None:
        gate, _ = after(around(BUILD, None), Begin(), FAILED)
        assert after(around(BUILD, None), self.RELOADED, gate=gate)[1] == [Forward(Begin())]

    def test_serves_a_wish_by_hand_as_well(self) -> None:
        policy = GatePolicy(check=Task(("lint",)))
        _, orders = after(around(policy), RestartRequested("r"), self.RELOADED)
        assert orders == [StartTask(RunTask(CHECK, ("lint",))), CancelTask(), Forward(self.RELOADED)]


class TestAnotherPolicy:
    def test_is_for_what_was_refused_the_next_attempt(self) -> None:
        gate, _ = after(around(LINT), BatchClosed(batch("a.py")), FAILED)
        assert after(around(SYNTAX), PolicyReplaced(), gate=gate)[1] == [compiling("a.py")]

    def test_is_for_a_step_that_is_under_way_a_reason_to_take_it_again(self) -> None:
        gate, _ = after(around(BUILD, None), Begin())
        assert after(around(BUILD, None), PolicyReplaced(), GateTaskPassed(), gate=gate)[1] == [BUILDING]

    def test_is_for_a_restart_by_hand_another_check(self) -> None:
        gate, _ = after(around(GatePolicy(check=Task(("lint",)))), RestartRequested("r"))
        _, orders = after(around(SYNTAX), PolicyReplaced(), gate=gate)
        assert orders == [CancelTask(), Forward(RestartRequested("r"))]

    def test_is_nothing_where_nothing_waits(self) -> None:
        assert after(around(SYNTAX), PolicyReplaced()) == (new_gate(SYNTAX), [])

    def test_says_that_no_other_plan_waits_any_more(self) -> None:
        gate, orders = after(around(SYNTAX), BatchOpened(), SettingsChanged(("command",)), PolicyReplaced())
        assert (gate, orders) == (replace(new_gate(SYNTAX), is_open=True), [])


class TestTheEndOfTheRunByItself:
    ENDED, LEADER_ENDED = RunEnded(1, Exited(1)), LeaderExited(1, Exited(1))

    @pytest.mark.parametrize("arrival", [BatchOpened(), BatchClosed(batch("a.py"))])
    def test_is_a_restart_when_a_change_is_on_its_way(self, arrival: GateEvent) -> None:
        gate, _ = after(around(SYNTAX), arrival)
        told, orders = handle_run_end(gate, self.ENDED, around(SYNTAX))
        assert orders == (Forward(replace(self.ENDED, batch_is_open=True)),)
        assert told.is_told
        assert handle_run_end(gate, self.LEADER_ENDED, around(SYNTAX))[1] == (
            Forward(self.LEADER_ENDED),
            Forward(BatchOpened()),
        )

    def test_is_an_end_when_all_that_waits_is_refused(self) -> None:
        gate, _ = after(around(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        for ended in (self.ENDED, self.LEADER_ENDED):
            assert handle_run_end(gate, ended, around(SYNTAX)) == (gate, (Forward(ended),))


class TestALaunchForAnotherReason:
    def test_has_read_what_was_refused(self) -> None:
        gate, _ = after(around(SYNTAX), BatchOpened(), BatchClosed(batch("a.py")), FAILED, BatchOpened())
        assert after_launch(gate) == replace(new_gate(SYNTAX), stage=Empty())

    def test_does_not_replace_a_step_that_is_under_way(self) -> None:
        gate, _ = after(around(BUILD), BatchClosed(batch("a.py")))
        _, orders = after(around(BUILD), GateTaskPassed(), GateTaskPassed(), gate=after_launch(gate))
        assert orders[-1] == Forward(BatchClosed(batch("a.py")))
