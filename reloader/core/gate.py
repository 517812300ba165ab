"""The gate between what has changed and the supervisor: a run is asked to stop only when all that must pass has passed.

What waits is held: the first start, a batch, a wish by hand, another plan. It is worked on task by task, joined by what
comes meanwhile, and let through as one, or refused and held for the next change. Pure, as the supervisor is: an event gives
a state and orders.

Where no run lives there is nothing to keep, so there the supervisor is told at once that a batch is open: it starts nothing
until the gate has let the batch through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from reloader.core.actions import Report
from reloader.core.changes import ChangeBatch, ChangeKind
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
    Begin,
    Event,
    FirstStartBlocked,
    LeaderExited,
    RestartRequested,
    RunEnded,
    SettingsChanged,
)
from reloader.core.notices import ChangesReverted, Notice
from reloader.core.paths.watch_set import SOURCES
from reloader.core.states import FilesChanged, Reason, RequestedByUser
from reloader.core.tasks import GatePolicy, Task

CHECK, BEFORE = "check", "before"


@dataclass(frozen=True, slots=True)
class CheckSyntax:
    """See whether these sources of Python compile."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunTask:
    """Run a command to its end. ``number`` is that of the step before the start which is taken with it.

    It is None for the check, and for a command that others of the same step follow.
    """

    part: str
    argv: tuple[str, ...]
    number: int | None = None


GateTask = CheckSyntax | RunTask


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits at the gate. ``begin`` is the first start, ``by`` a restart by hand; ``refused`` says that it was held up.

    ``reloaded`` are the keys of another plan, whose run takes all steps before a start itself: here only the check is left.
    """

    batch: ChangeBatch = field(default_factory=ChangeBatch)
    begin: bool = False
    by: str | None = None
    reloaded: tuple[str, ...] | None = None
    refused: bool = False

    @property
    def reason(self) -> Reason:
        """Why a run is to be replaced, as far as that is known before it has passed."""
        return FilesChanged(self.batch) if self.batch or self.by is None else RequestedByUser(self.by)


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing waits."""


@dataclass(frozen=True, slots=True)
class Checking:
    """``task`` is under way and ``rest`` follows. ``again`` says that more has joined, for which all is to be done anew."""

    pending: Pending
    task: GateTask
    rest: tuple[GateTask, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """All has passed, and the disk is not quiet: what changes now has to pass as well."""

    pending: Pending


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something has failed. The next change, or a wish by hand, is the next attempt."""

    pending: Pending


Stage = Empty | Checking | Passed | Rejected


@dataclass(frozen=True, slots=True)
class Gate:
    """``is_open``: more changes may follow; ``is_told``: the supervisor knows so. ``stale`` are the steps that must be taken."""

    stale: frozenset[int]
    stage: Stage = field(default_factory=Empty)
    is_open: bool = False
    is_told: bool = False

    @property
    def pending(self) -> Pending:
        return Pending() if isinstance(self.stage, Empty) else self.stage.pending


@dataclass(frozen=True, slots=True)
class GateContext:
    """What the gate has to know of the rest. ``run`` is a living run, which would be lost; None if there is none.

    ``is_as_before`` says whether a path holds again what it held when that run was started.
    """

    policy: GatePolicy
    run: int | None
    compiles: bool
    separator: str
    is_as_before: Callable[[str], bool] = lambda path: False


@dataclass(frozen=True, slots=True)
class GateTaskPassed:
    """The task that is under way has ended well."""


@dataclass(frozen=True, slots=True)
class GateTaskFailed:
    """The task that is under way has failed, which ``notice`` tells. ``exit_code`` is what it left."""

    notice: Notice
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class PolicyReplaced:
    """What waits has to pass something else from now on, and no other plan waits with it any more."""


#: What the tasks of the gate come to, and another policy.
GateResult = GateTaskPassed | GateTaskFailed | PolicyReplaced

GateEvent = Begin | BatchOpened | BatchClosed | RestartRequested | SettingsChanged | GateResult


@dataclass(frozen=True, slots=True)
class Forward:
    """Let the supervisor decide on ``event``."""

    event: Event


@dataclass(frozen=True, slots=True)
class StartTask:
    task: GateTask


@dataclass(frozen=True, slots=True)
class CancelTask:
    """End the task that is under way, and say no more of it."""


GateAction = Forward | StartTask | CancelTask | Report
GateTransition = tuple[Gate, tuple[GateAction, ...]]


def new_gate(policy: GatePolicy) -> Gate:
    """The gate of a session in which no step was taken yet."""
    return Gate(frozenset(range(len(policy.before))))


def handle(gate: Gate, arrival: GateEvent, around: GateContext) -> GateTransition:
    """What follows from ``arrival``."""
    match arrival:
        case Begin(missed):
            return _attempt(
                gate, replace(gate.pending, batch=missed.merged_with(gate.pending.batch), begin=True), around
            )
        case BatchOpened():
            return announce_open_batch(replace(gate, is_open=True), around, rests=around.run is None)
        case BatchClosed(batch):
            pending = replace(gate.pending, batch=gate.pending.batch.merged_with(batch))
            return _attempt(replace(gate, is_open=False, stale=_with_due_steps(gate, batch, around)), pending, around)
        case RestartRequested(by):
            everything = frozenset(range(len(around.policy.before)))
            return _attempt(replace(gate, stale=everything), replace(gate.pending, by=by), around)
        case SettingsChanged(keys):  # which serves a wish by hand as well
            return _attempt(gate, replace(gate.pending, by=None, reloaded=keys), around)
        case PolicyReplaced():
            return _on_policy_replaced(gate, around)
        case GateTaskPassed():
            return _on_task_passed(gate, around)
        case GateTaskFailed():  # pragma: no branch - there is no other
            return _on_task_failed(gate, arrival, around)


def announce_open_batch(gate: Gate, around: GateContext, *, rests: bool) -> GateTransition:
    """Tell the supervisor of what is open, or held, where it ``rests``: otherwise it would start what has not passed."""
    is_pending = gate.is_open or len(gate.pending.batch) > 0
    if rests and is_pending and not gate.is_told and not gate.pending.begin:
        return replace(gate, is_told=True), (Forward(BatchOpened()),)
    return gate, ()


def handle_run_end(gate: Gate, ended: LeaderExited | RunEnded, around: GateContext) -> GateTransition:
    """The run has ended by itself. With changes on their way that is no end of the session, but a restart."""
    gate, opened = announce_open_batch(gate, around, rests=gate.is_open or isinstance(gate.stage, Checking | Passed))
    if opened and isinstance(ended, RunEnded):
        return gate, (Forward(replace(ended, batch_is_open=True)),)
    return gate, (Forward(ended), *opened)


def after_launch(gate: Gate) -> Gate:
    """A run has started for another reason: it has read all that was held, but steps that are under way are still to count."""
    is_under_way = isinstance(gate.stage, Checking)
    return replace(gate, stage=gate.stage if is_under_way else Empty(), is_open=False, is_told=False)


def _on_policy_replaced(gate: Gate, around: GateContext) -> GateTransition:
    pending = replace(gate.pending, reloaded=None)
    if pending.begin or pending.batch or pending.by is not None:
        return _attempt(gate, pending, around)
    return replace(gate, stage=Empty()), ()


def _with_due_steps(gate: Gate, batch: ChangeBatch, around: GateContext) -> frozenset[int]:
    steps = enumerate(around.policy.before)
    return gate.stale | {number for number, step in steps if step.is_due_for(batch, around.separator)}


def _attempt(gate: Gate, pending: Pending, around: GateContext) -> GateTransition:
    """Begin with what has to be done for ``pending``. A check that is under way is of no use any more.

    A step is let end, unless another plan will begin with the steps anew: who waits for one without end may have mended it.
    """
    if isinstance(gate.stage, Checking) and _must_finish(gate.stage.task) and pending.reloaded is None:
        return replace(gate, stage=replace(gate.stage, pending=pending, again=True)), ()
    abandoned = (CancelTask(),) if isinstance(gate.stage, Checking) else ()
    after, orders = _start_next(gate, pending, _tasks(gate, pending, around), around)
    return after, (*abandoned, *orders)


def _must_finish(task: GateTask) -> bool:
    """Whether half of it would leave something that is neither old nor new."""
    return isinstance(task, RunTask) and task.part == BEFORE


def _tasks(gate: Gate, pending: Pending, around: GateContext) -> tuple[GateTask, ...]:
    checks = () if pending.begin else _checks(_remaining(gate, pending, around), pending, around)
    steps = () if pending.reloaded is not None else sorted(gate.stale)
    return (*checks, *(task for number in steps for task in _tasks_of_command(number, pending, around)))


def _tasks_of_command(number: int, pending: Pending, around: GateContext) -> Iterator[GateTask]:
    commands = around.policy.before[number].commands_for(pending.batch, around.separator)
    for place, argv in enumerate(commands, start=1):
        yield RunTask(BEFORE, argv, number if place == len(commands) else None)


def _checks(batch: ChangeBatch, pending: Pending, around: GateContext) -> tuple[GateTask, ...]:
    policy, separator = around.policy, around.separator
    sources = tuple(
        change.path for change in batch if change.path.endswith(SOURCES) and change.kind is not ChangeKind.REMOVED
    )
    tasks: tuple[GateTask, ...] = (CheckSyntax(sources),) if around.compiles and sources else ()
    if policy.check is not None and _is_due(policy.check, batch, pending, separator):
        tasks += tuple(RunTask(CHECK, argv) for argv in policy.check.commands_for(batch, separator))
    return tasks


def _is_due(check: Task, batch: ChangeBatch, pending: Pending, separator: str) -> bool:
    return check.is_due_for(batch, separator) or (pending.by is not None and check.is_unconditional)


def _remaining(gate: Gate, pending: Pending, around: GateContext) -> ChangeBatch:
    """The batch, and after a refusal without what was taken back, as long as there is a run that has not noticed it."""
    if not pending.refused or gate.is_told or around.run is None:
        return pending.batch
    return ChangeBatch.of(change for change in pending.batch if not around.is_as_before(change.path))


def _start_next(gate: Gate, pending: Pending, tasks: tuple[GateTask, ...], around: GateContext) -> GateTransition:
    if tasks:
        working = replace(gate, stage=Checking(pending, tasks[0], tasks[1:]))
        working, told = announce_open_batch(working, around, rests=around.run is None)
        return working, (*told, StartTask(tasks[0]))
    if gate.is_open:
        return replace(gate, stage=Passed(pending)), ()
    return replace(gate, stage=Empty(), is_told=False), _forward(gate, pending, around)


def _forward(gate: Gate, pending: Pending, around: GateContext) -> tuple[GateAction, ...]:
    if pending.begin:
        return (Forward(Begin()),)
    remaining = _remaining(gate, pending, around)
    if remaining:
        return (Forward(BatchClosed(remaining)),)
    if pending.reloaded is not None:
        return (Forward(SettingsChanged(pending.reloaded)),)
    if pending.by is not None:
        return (Forward(RestartRequested(pending.by)),)
    return (Report(ChangesReverted(tuple(pending.batch.kinds), around.run)),) if around.run is not None else ()


def _on_task_passed(gate: Gate, around: GateContext) -> GateTransition:
    if not isinstance(gate.stage, Checking):
        return gate, ()
    pending, task, rest, again = gate.stage.pending, gate.stage.task, gate.stage.rest, gate.stage.again
    if isinstance(task, RunTask) and task.number is not None and not again:
        gate = replace(gate, stale=gate.stale - {task.number})
    return _start_next(gate, pending, _tasks(gate, pending, around) if again else rest, around)


def _on_task_failed(gate: Gate, failed: GateTaskFailed, around: GateContext) -> GateTransition:
    if not isinstance(gate.stage, Checking):
        return gate, ()
    pending = replace(gate.stage.pending, refused=True, by=None)
    if gate.stage.again:
        return _start_next(gate, gate.stage.pending, _tasks(gate, gate.stage.pending, around), around)
    shut = (Forward(FirstStartBlocked(failed.exit_code)),) if pending.begin else ()
    return replace(gate, stage=Rejected(pending)), (Report(failed.notice), *shut)
