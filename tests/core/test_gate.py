"""Each transition of the gate: what is kept pending, what is forwarded, and what is rejected."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
from reloader.core.supervisor import Report
from reloader.core.tasks import GatePolicy, Task

SYNTAX = GatePolicy(syntax=True)
LINT = GatePolicy(check=Task(("lint", "{files}")))
CSS = Patterns("/app", (Rule("*.css", "test"),))
BUILD = GatePolicy(before=(Task(("build",)), Task(("css",), (CSS,))))
FAILED = GateTaskFailed(Note("it is broken"), 7)


def batch(*names: str, kind: ChangeKind = ChangeKind.MODIFIED) -> ChangeBatch:
    return ChangeBatch.of(PathChange(f"/app/{name}", kind) for name in names)


def context(
    policy: GatePolicy, run: int | None = 1, *, reverted: tuple[str, ...] = (), checks_syntax: bool = True
) -> GateContext:
    checks_syntax = checks_syntax and policy.syntax
    return GateContext(policy, run, checks_syntax, "/", {f"/app/{name}" for name in reverted}.__contains__)


def after(context_: GateContext, *events: GateEvent, gate: Gate | None = None) -> tuple[Gate, list[GateAction]]:
    """The gate after ``events``, with all actions."""
    gate = new_gate(context_.policy) if gate is None else gate
    actions: list[GateAction] = []
    for event in events:
        gate, more = handle(gate, event, context_)
        actions += more
    return gate, actions


def compiling(*names: str) -> StartTask:
    return StartTask(CheckSyntax(tuple(f"/app/{name}" for name in names)))


BUILDING = StartTask(RunTask(BEFORE, ("build",), 0))
STYLING = StartTask(RunTask(BEFORE, ("css",), 1))


class TestABatch:
    def test_is_withheld_while_it_is_open_and_a_run_lives(self) -> None:
        assert after(context(SYNTAX), BatchOpened())[1] == []

    def test_is_forwarded_when_its_sources_compile(self) -> None:
        gate, actions = after(context(SYNTAX), BatchOpened(), BatchClosed(batch("a.py")), GateTaskPassed())
        assert actions == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]
        assert gate == new_gate(SYNTAX)

    def test_is_forwarded_at_once_where_nothing_is_to_be_checked(self) -> None:
        assert after(context(SYNTAX), BatchClosed(batch("a.css")))[1] == [Forward(BatchClosed(batch("a.css")))]
        assert after(context(SYNTAX, checks_syntax=False), BatchClosed(batch("a.py")))[1] == [
            Forward(BatchClosed(batch("a.py")))
        ]

    def test_needs_no_source_that_is_gone(self) -> None:
        gone = batch("a.py", kind=ChangeKind.REMOVED)
        assert after(context(SYNTAX), BatchClosed(gone))[1] == [Forward(BatchClosed(gone))]

    def test_is_kept_when_it_is_rejected(self) -> None:
        gate, actions = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        assert actions == [compiling("a.py"), Report(FAILED.notice)]
        assert gate.stage == Rejected(Pending(batch("a.py"), was_rejected=True))

    def test_is_tried_again_together_with_the_next(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        _, actions = after(context(SYNTAX), BatchClosed(batch("b.py")), GateTaskPassed(), gate=gate)
        assert actions == [compiling("a.py", "b.py"), Forward(BatchClosed(batch("a.py", "b.py")))]

    def test_waits_for_a_quiet_disk_when_it_has_passed(self) -> None:
        gate, actions = after(context(SYNTAX), BatchClosed(batch("a.py")), BatchOpened(), GateTaskPassed())
        assert actions == [compiling("a.py")]
        assert gate.stage == Passed(Pending(batch("a.py")))
        _, actions = after(context(SYNTAX), BatchClosed(batch("b.py")), GateTaskPassed(), gate=gate)
        assert actions[-1] == Forward(BatchClosed(batch("a.py", "b.py")))

    def test_cancels_a_running_check(self) -> None:
        gate, actions = after(context(LINT), BatchClosed(batch("a.py")), BatchClosed(batch("b.css")))
        check = StartTask(RunTask(CHECK, ("lint", "/app/a.py")))
        assert actions == [check, CancelTask(), StartTask(RunTask(CHECK, ("lint", "/app/a.py", "/app/b.css")))]
        assert isinstance(gate.stage, Checking)

    def test_lets_a_running_pre_start_command_finish_and_starts_over(self) -> None:
        gate, actions = after(context(BUILD), BatchClosed(batch("a.py")), BatchClosed(batch("b.py")))
        assert actions == [BUILDING]
        _, actions = after(context(BUILD), GateTaskPassed(), GateTaskPassed(), GateTaskPassed(), gate=gate)
        assert actions == [BUILDING, STYLING, Forward(BatchClosed(batch("a.py", "b.py")))]

    def test_is_not_rejected_for_a_pre_start_command_that_failed_on_older_files(self) -> None:
        gate, _ = after(context(BUILD), BatchClosed(batch("a.py")), BatchClosed(batch("b.py")))
        assert after(context(BUILD), FAILED, gate=gate)[1] == [BUILDING]

    @pytest.mark.parametrize("late", [GateTaskPassed(), FAILED])
    def test_ignores_a_late_result(self, late: GateEvent) -> None:
        assert after(context(SYNTAX), late) == (new_gate(SYNTAX), [])


class TestWhereNoRunLives:
    def test_an_open_batch_is_announced_at_once(self) -> None:
        gate, actions = after(context(SYNTAX, None), BatchOpened(), BatchClosed(batch("a.py")), FAILED)
        assert actions == [Forward(BatchOpened()), compiling("a.py"), Report(FAILED.notice)]
        assert gate.is_announced

    def test_a_closed_batch_is_announced_as_open_while_it_is_pending(self) -> None:
        _, actions = after(context(SYNTAX, None), BatchClosed(batch("a.py")), GateTaskPassed())
        assert actions == [Forward(BatchOpened()), compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_a_reverted_change_still_starts_a_run(self) -> None:
        gate, _ = after(context(SYNTAX, None), BatchOpened(), BatchClosed(batch("a.py")), FAILED)
        here = context(SYNTAX, None, reverted=("a.py",))
        _, actions = after(here, BatchOpened(), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert actions == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_nothing_is_started_over_a_rejected_batch(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        gate, actions = announce_open_batch(gate, context(SYNTAX, None), nothing_runs=True)
        assert actions == (Forward(BatchOpened()),)
        assert announce_open_batch(gate, context(SYNTAX, None), nothing_runs=True) == (gate, ())

    def test_nothing_is_announced_where_nothing_is_pending(self) -> None:
        gate = new_gate(SYNTAX)
        assert announce_open_batch(gate, context(SYNTAX, None), nothing_runs=True) == (gate, ())
        pending, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        assert announce_open_batch(pending, context(SYNTAX), nothing_runs=False) == (pending, ())


class TestARevertedChange:
    def test_restarts_nothing(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        gate, actions = after(context(SYNTAX, reverted=("a.py",)), BatchClosed(batch("a.py")), gate=gate)
        assert actions == [Report(ChangesReverted(("/app/a.py",), 1))]
        assert gate == new_gate(SYNTAX)

    def test_is_no_part_of_the_batch_that_is_forwarded(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py", "b.py")), FAILED)
        here = context(SYNTAX, reverted=("a.py",))
        _, actions = after(here, BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert actions == [compiling("b.py"), Forward(BatchClosed(batch("b.py")))]

    def test_is_forwarded_if_nothing_was_rejected(self) -> None:
        _, actions = after(context(SYNTAX, reverted=("a.py",)), BatchClosed(batch("a.py")), GateTaskPassed())
        assert actions[-1] == Forward(BatchClosed(batch("a.py")))

    def test_repeats_the_pre_start_commands_that_failed(self) -> None:
        gate, _ = after(context(BUILD), BatchClosed(batch("a.css")), FAILED)
        here = context(BUILD, reverted=("a.css",))
        _, actions = after(here, BatchClosed(batch("a.css")), GateTaskPassed(), GateTaskPassed(), gate=gate)
        assert actions == [BUILDING, STYLING, Report(ChangesReverted(("/app/a.css",), 1))]

    def test_does_not_drop_a_restart_by_the_user(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        _, actions = after(context(SYNTAX, reverted=("a.py",)), RestartRequested("r"), gate=gate)
        assert actions == [Forward(RestartRequested("r"))]


class TestTheFirstStart:
    def test_comes_after_all_pre_start_commands(self) -> None:
        _, actions = after(context(BUILD, None), Begin(), GateTaskPassed(), GateTaskPassed())
        assert actions == [BUILDING, STYLING, Forward(Begin())]

    def test_needs_no_check(self) -> None:
        policy = replace(LINT, before=BUILD.before)
        gate, actions = after(context(policy, None), Begin(), BatchClosed(batch("a.py")))
        assert actions == [BUILDING]
        assert after(context(policy, None), GateTaskPassed(), gate=gate)[1] == [BUILDING]

    def test_of_other_settings_includes_changes_since_the_previous_run(self) -> None:
        policy = GatePolicy(before=(Task(("types", "{files}"), (CSS,)),))
        gate, actions = after(context(policy, None), Begin(batch("a.css", "a.py")))
        assert actions == [StartTask(RunTask(BEFORE, ("types", "/app/a.css"), 0))]
        assert after(context(policy, None), BatchClosed(batch("b.css")), GateTaskPassed(), gate=gate)[1] == [
            StartTask(RunTask(BEFORE, ("types", "/app/a.css", "/app/b.css"), 0))
        ]

    def test_is_blocked_by_a_failed_command_with_its_exit_code(self) -> None:
        gate, actions = after(context(BUILD, None), Begin(), FAILED)
        assert actions == [BUILDING, Report(FAILED.notice), Forward(FirstStartBlocked(7))]
        assert announce_open_batch(gate, context(BUILD, None), nothing_runs=True)[1] == ()

    def test_is_tried_again_after_a_change(self) -> None:
        gate, _ = after(context(BUILD, None), Begin(), FAILED)
        _, actions = after(
            context(BUILD, None), BatchClosed(batch("a.py")), GateTaskPassed(), GateTaskPassed(), gate=gate
        )
        assert actions == [BUILDING, STYLING, Forward(Begin())]


class TestPreStartCommands:
    def test_run_again_only_for_their_files(self) -> None:
        gate, _ = after(context(BUILD, None), Begin(), GateTaskPassed(), GateTaskPassed())
        assert after(context(BUILD), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)[1][:-1] == [BUILDING]
        assert after(context(BUILD), BatchClosed(batch("a.css")), GateTaskPassed(), gate=gate)[1] == [BUILDING, STYLING]

    def test_that_failed_run_again_whatever_changes(self) -> None:
        policy = GatePolicy(before=(BUILD.before[1],))
        gate, _ = after(context(policy, None), Begin(), GateTaskPassed())
        gate, _ = after(context(policy), BatchClosed(batch("a.css")), FAILED, gate=gate)
        styling = StartTask(RunTask(BEFORE, ("css",), 0))
        assert after(context(policy), BatchClosed(batch("a.py")), gate=gate)[1] == [styling]

    def test_all_run_for_a_restart_by_the_user(self) -> None:
        gate, _ = after(context(BUILD, None), Begin(), GateTaskPassed(), GateTaskPassed())
        _, actions = after(context(BUILD), RestartRequested("r"), GateTaskPassed(), GateTaskPassed(), gate=gate)
        assert actions == [BUILDING, STYLING, Forward(RestartRequested("r"))]


class TestAPreStartCommandWithFiles:
    POLICY = GatePolicy(before=(Task(("types", "{files}"), (CSS,)), Task(("build",))))
    BUILDING = StartTask(RunTask(BEFORE, ("build",), 1))

    def begun(self) -> Gate:
        gate, actions = after(context(self.POLICY, None), Begin(), GateTaskPassed())
        assert actions == [self.BUILDING, Forward(Begin())]
        return gate

    def test_does_not_run_without_any_at_the_first_start(self) -> None:
        self.begun()

    def test_does_not_run_without_any_at_a_restart_by_the_user(self) -> None:
        _, actions = after(context(self.POLICY), RestartRequested("r"), GateTaskPassed(), gate=self.begun())
        assert actions == [self.BUILDING, Forward(RestartRequested("r"))]

    def test_runs_with_its_files_only_as_soon_as_there_are_some(self) -> None:
        changed = batch("a.py")
        gate, actions = after(context(self.POLICY), BatchClosed(changed), GateTaskPassed(), gate=self.begun())
        assert actions == [self.BUILDING, Forward(BatchClosed(changed))]
        _, actions = after(context(self.POLICY), BatchClosed(batch("a.css", "a.py")), gate=gate)
        assert actions == [StartTask(RunTask(BEFORE, ("types", "/app/a.css"), 0))]

    def test_runs_at_the_first_start_with_what_has_changed_until_then(self) -> None:
        gate, _ = after(context(self.POLICY, None), Begin(), FAILED)
        _, actions = after(context(self.POLICY, None), BatchClosed(batch("a.css")), gate=gate)
        assert actions == [StartTask(RunTask(BEFORE, ("types", "/app/a.css"), 0))]


class TestMoreFilesThanACommandTakes:
    MANY = batch(*(f"{number}{'a' * 200}.css" for number in range(200)))

    def parts(self, task: Task) -> tuple[tuple[str, ...], ...]:
        parts = task.commands_for(self.MANY, "/")
        assert len(parts) > 1
        return parts

    def test_are_checked_part_by_part(self) -> None:
        parts = self.parts(Task(("lint", "{files}")))
        _, actions = after(context(LINT), BatchClosed(self.MANY), *[GateTaskPassed()] * len(parts))
        assert actions == [*(StartTask(RunTask(CHECK, part)) for part in parts), Forward(BatchClosed(self.MANY))]

    def test_are_rejected_with_any_part(self) -> None:
        parts = self.parts(Task(("lint", "{files}")))
        gate, actions = after(context(LINT), BatchClosed(self.MANY), GateTaskPassed(), FAILED)
        assert actions == [*(StartTask(RunTask(CHECK, part)) for part in parts[:2]), Report(FAILED.notice)]
        assert gate.stage == Rejected(Pending(self.MANY, was_rejected=True))

    def test_keep_a_pre_start_command_due_until_the_last_part_has_passed(self) -> None:
        policy = GatePolicy(before=(Task(("css", "{files}"), (CSS,)),))
        parts = self.parts(policy.before[0])
        gate = replace(new_gate(policy), due=frozenset())
        gate, actions = after(
            context(policy), BatchClosed(self.MANY), *[GateTaskPassed()] * (len(parts) - 1), gate=gate
        )
        assert actions == [StartTask(RunTask(BEFORE, part)) for part in parts[:-1]] + [
            StartTask(RunTask(BEFORE, parts[-1], 0))
        ]
        assert gate.due == {0}
        gate, actions = after(context(policy), GateTaskPassed(), gate=gate)
        assert (gate.due, actions) == (frozenset(), [Forward(BatchClosed(self.MANY))])


@pytest.mark.parametrize(
    ("pending", "reason"),
    [
        (Pending(batch("a.py"), requested_by="r"), FilesChanged(batch("a.py"))),
        (Pending(batch("a.py")), FilesChanged(batch("a.py"))),
        (Pending(requested_by="r"), RequestedByUser("r")),
    ],
)
def test_what_is_pending_gives_the_reason_of_the_next_run(pending: Pending, reason: Reason) -> None:
    assert pending.reason == reason


class TestARestartByTheUser:
    def test_is_forwarded_where_no_task_is_due(self) -> None:
        assert after(context(SYNTAX), RestartRequested("r"))[1] == [Forward(RestartRequested("r"))]

    def test_runs_a_check_without_files(self) -> None:
        policy = GatePolicy(check=Task(("lint",)))
        assert after(context(policy), RestartRequested("r"))[1] == [StartTask(RunTask(CHECK, ("lint",)))]
        assert after(context(LINT), RestartRequested("r"))[1] == [Forward(RestartRequested("r"))]

    def test_tries_a_rejected_batch_again(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        _, actions = after(context(SYNTAX), RestartRequested("r"), GateTaskPassed(), gate=gate)
        assert actions == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_is_dropped_when_it_is_rejected(self) -> None:
        policy = GatePolicy(check=Task(("lint",)))
        gate, _ = after(context(policy), RestartRequested("r"), FAILED)
        _, actions = after(context(policy), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert actions[-1] == Forward(BatchClosed(batch("a.py")))


class TestOtherSettings:
    RELOADED = SettingsChanged(("command",))

    def test_are_forwarded_where_nothing_is_pending_and_leave_the_pre_start_commands_to_their_own_start(self) -> None:
        assert after(context(BUILD), self.RELOADED)[1] == [Forward(self.RELOADED)]

    def test_do_not_start_what_their_check_has_rejected(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        gate, actions = after(context(SYNTAX), self.RELOADED, FAILED, gate=gate)
        assert actions == [compiling("a.py"), Report(FAILED.notice)]
        _, actions = after(context(SYNTAX), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert actions == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_are_forwarded_alone_when_the_rejected_change_is_reverted(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED, self.RELOADED, FAILED)
        _, actions = after(context(SYNTAX, reverted=("a.py",)), BatchClosed(batch("a.py")), gate=gate)
        assert actions == [Forward(self.RELOADED)]

    def test_wait_for_a_quiet_disk(self) -> None:
        gate, actions = after(context(SYNTAX), BatchOpened(), self.RELOADED)
        assert (gate.stage, actions) == (Passed(Pending(changed_keys=self.RELOADED.keys)), [])
        _, actions = after(context(SYNTAX), BatchClosed(batch("a.py")), GateTaskPassed(), gate=gate)
        assert actions == [compiling("a.py"), Forward(BatchClosed(batch("a.py")))]

    def test_do_not_wait_for_a_running_pre_start_command(self) -> None:
        _, actions = after(context(BUILD), BatchClosed(batch("a.py")), self.RELOADED)
        assert actions == [BUILDING, CancelTask(), Forward(BatchClosed(batch("a.py")))]

    def test_include_the_first_start(self) -> None:
        gate, actions = after(context(BUILD, None), Begin(), BatchClosed(batch("a.py")), self.RELOADED)
        assert (gate.stage, actions) == (Empty(), [BUILDING, CancelTask(), Forward(Begin())])

    def test_start_the_first_run_where_it_was_rejected(self) -> None:
        gate, _ = after(context(BUILD, None), Begin(), FAILED)
        assert after(context(BUILD, None), self.RELOADED, gate=gate)[1] == [Forward(Begin())]

    def test_include_a_restart_by_the_user(self) -> None:
        policy = GatePolicy(check=Task(("lint",)))
        _, actions = after(context(policy), RestartRequested("r"), self.RELOADED)
        assert actions == [StartTask(RunTask(CHECK, ("lint",))), CancelTask(), Forward(self.RELOADED)]


class TestAnotherPolicy:
    def test_starts_the_next_attempt_of_what_was_rejected(self) -> None:
        gate, _ = after(context(LINT), BatchClosed(batch("a.py")), FAILED)
        assert after(context(SYNTAX), PolicyReplaced(), gate=gate)[1] == [compiling("a.py")]

    def test_repeats_a_running_pre_start_command(self) -> None:
        gate, _ = after(context(BUILD, None), Begin())
        assert after(context(BUILD, None), PolicyReplaced(), GateTaskPassed(), gate=gate)[1] == [BUILDING]

    def test_changes_the_check_of_a_restart_by_the_user(self) -> None:
        gate, _ = after(context(GatePolicy(check=Task(("lint",)))), RestartRequested("r"))
        _, actions = after(context(SYNTAX), PolicyReplaced(), gate=gate)
        assert actions == [CancelTask(), Forward(RestartRequested("r"))]

    def test_does_nothing_where_nothing_is_pending(self) -> None:
        assert after(context(SYNTAX), PolicyReplaced()) == (new_gate(SYNTAX), [])

    def test_drops_other_settings_that_are_pending(self) -> None:
        gate, actions = after(context(SYNTAX), BatchOpened(), SettingsChanged(("command",)), PolicyReplaced())
        assert (gate, actions) == (replace(new_gate(SYNTAX), batch_is_open=True), [])


class TestAnEndWithoutAStop:
    ENDED, LEADER_ENDED = RunEnded(1, Exited(1)), LeaderExited(1, Exited(1))

    @pytest.mark.parametrize("event", [BatchOpened(), BatchClosed(batch("a.py"))])
    def test_is_a_restart_when_a_change_is_on_its_way(self, event: GateEvent) -> None:
        gate, _ = after(context(SYNTAX), event)
        announced, actions = handle_run_end(gate, self.ENDED, context(SYNTAX))
        assert actions == (Forward(replace(self.ENDED, batch_is_open=True)),)
        assert announced.is_announced
        assert handle_run_end(gate, self.LEADER_ENDED, context(SYNTAX))[1] == (
            Forward(self.LEADER_ENDED),
            Forward(BatchOpened()),
        )

    def test_is_an_end_when_all_that_is_pending_was_rejected(self) -> None:
        gate, _ = after(context(SYNTAX), BatchClosed(batch("a.py")), FAILED)
        for ended in (self.ENDED, self.LEADER_ENDED):
            assert handle_run_end(gate, ended, context(SYNTAX)) == (gate, (Forward(ended),))


class TestALaunchForAnotherReason:
    def test_has_read_what_was_rejected(self) -> None:
        gate, _ = after(context(SYNTAX), BatchOpened(), BatchClosed(batch("a.py")), FAILED, BatchOpened())
        assert after_launch(gate) == replace(new_gate(SYNTAX), stage=Empty())

    def test_keeps_a_running_pre_start_command(self) -> None:
        gate, _ = after(context(BUILD), BatchClosed(batch("a.py")))
        _, actions = after(context(BUILD), GateTaskPassed(), GateTaskPassed(), gate=after_launch(gate))
        assert actions[-1] == Forward(BatchClosed(batch("a.py")))
