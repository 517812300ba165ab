"""The preflight queue between changes and the supervisor: a run is stopped only when all that must pass has passed.

What arrives is queued as one Pending: the first start, a batch, a restart by the user, other settings. The gate runs its tasks
one by one. Later arrivals join what is pending. It is then forwarded as one event, or rejected and kept for the next change.
Pure, like the supervisor: a state and an event give a state and actions.

Without a living run nothing can be lost by a stop. There the gate tells the supervisor at once that a batch is open, so that
the supervisor starts nothing until the gate forwards the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

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
from reloader.core.python_names import SOURCE_SUFFIXES
from reloader.core.states import FilesChanged, Reason, RequestedByUser
from reloader.core.supervisor import Report
from reloader.core.tasks import GatePolicy, Task

CHECK, BEFORE = "check", "before"


@dataclass(frozen=True, slots=True)
class CheckSyntax:
    """Compile these Python sources."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunTask:
    """Run a command to its end. ``part`` is CHECK or BEFORE.

    ``completes`` is the index of the pre-start command that is done with this one. It is None for a check, and while more
    commands of the same pre-start command follow.
    """

    part: str
    argv: tuple[str, ...]
    completes: int | None = None


GateTask = CheckSyntax | RunTask


@dataclass(frozen=True, slots=True)
class Pending:
    """The queue: everything that is to be forwarded together.

    ``requested_by`` names the source of a restart by the user. ``changed_keys`` are those of other settings; the run of these
    settings takes all pre-start commands itself, so only the check is left here. ``was_rejected`` is True after a failed task.
    """

    batch: ChangeBatch = field(default_factory=ChangeBatch)
    first_start: bool = False
    requested_by: str | None = None
    changed_keys: tuple[str, ...] | None = None
    was_rejected: bool = False

    @property
    def is_empty(self) -> bool:
        """True if nothing is to be forwarded."""
        return not (self.first_start or self.batch) and self.requested_by is None and self.changed_keys is None

    @property
    def reason(self) -> Reason:
        """The reason for the next run, as far as it is known before the tasks have passed."""
        if self.batch or self.requested_by is None:
            return FilesChanged(self.batch)
        return RequestedByUser(self.requested_by)


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing is pending."""


@dataclass(frozen=True, slots=True)
class Checking:
    """``task`` runs, and ``queue`` follows. With ``repeat`` all tasks start again after it, because more has arrived."""

    pending: Pending
    task: GateTask
    queue: tuple[GateTask, ...]
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """All tasks have passed, but a batch is still open: its changes have to pass as well."""

    pending: Pending


@dataclass(frozen=True, slots=True)
class Rejected:
    """A task has failed. The next change, or a restart by the user, starts the next attempt."""

    pending: Pending


Stage = Empty | Checking | Passed | Rejected


@dataclass(frozen=True, slots=True)
class Gate:
    """``due`` are the indexes of the pre-start commands that must run before the next start.

    ``batch_is_open`` is True while more changes may follow, ``is_announced`` if the supervisor knows of the open batch.
    """

    due: frozenset[int]
    stage: Stage = field(default_factory=Empty)
    batch_is_open: bool = False
    is_announced: bool = False

    @property
    def pending(self) -> Pending:
        return Pending() if isinstance(self.stage, Empty) else self.stage.pending


@dataclass(frozen=True, slots=True)
class GateContext:
    """The surroundings of the gate. ``run`` is the living run that a restart would stop, or None.

    ``checks_syntax`` is True for a Python program whose sources are to be compiled. ``is_reverted`` returns True for a path that
    has again the content that it had when ``run`` was started.
    """

    policy: GatePolicy
    run: int | None
    checks_syntax: bool
    separator: str
    is_reverted: Callable[[str], bool] = lambda path: False


@dataclass(frozen=True, slots=True)
class GateTaskPassed:
    """The task that was running has passed."""


@dataclass(frozen=True, slots=True)
class GateTaskFailed:
    """The task that was running has failed with ``exit_code``; ``notice`` reports it."""

    notice: Notice
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class PolicyReplaced:
    """Another GatePolicy is in force, also for what is pending. Other settings are not pending any more."""


#: The events that may have to pass the gate …
QueuedEvent = Begin | BatchOpened | BatchClosed | RestartRequested | SettingsChanged
#: … and those of the gate itself.
GateResult = GateTaskPassed | GateTaskFailed | PolicyReplaced
GateEvent = QueuedEvent | GateResult


@dataclass(frozen=True, slots=True)
class Forward:
    """Let the supervisor decide on ``event``."""

    event: Event


@dataclass(frozen=True, slots=True)
class StartTask:
    task: GateTask


@dataclass(frozen=True, slots=True)
class CancelTask:
    """End the task that is running, and ignore its result."""


GateAction = Forward | StartTask | CancelTask | Report
GateTransition = tuple[Gate, tuple[GateAction, ...]]


def new_gate(policy: GatePolicy) -> Gate:
    """Return the gate of a new session: every pre-start command is due."""
    return Gate(frozenset(range(len(policy.before))))


def handle(gate: Gate, event: GateEvent, context: GateContext) -> GateTransition:
    """Return the gate after ``event``, and what the engine has to do."""
    match event:
        case Begin(missed):
            batch = missed.merged_with(gate.pending.batch)
            return _attempt(gate, replace(gate.pending, batch=batch, first_start=True), context)
        case BatchOpened():
            return announce_open_batch(replace(gate, batch_is_open=True), context, nothing_runs=context.run is None)
        case BatchClosed(batch):
            pending = replace(gate.pending, batch=gate.pending.batch.merged_with(batch))
            closed = replace(gate, batch_is_open=False, due=gate.due | _due_after(batch, context))
            return _attempt(closed, pending, context)
        case RestartRequested(by):
            everything = frozenset(range(len(context.policy.before)))
            return _attempt(replace(gate, due=everything), replace(gate.pending, requested_by=by), context)
        case SettingsChanged(keys):  # the restart by the user is part of it
            return _attempt(gate, replace(gate.pending, requested_by=None, changed_keys=keys), context)
        case PolicyReplaced():
            return _on_policy_replaced(gate, context)
        case GateTaskPassed():
            return _on_task_passed(gate, context)
        case GateTaskFailed():  # pragma: no branch - there is no other
            return _on_task_failed(gate, event, context)


def announce_open_batch(gate: Gate, context: GateContext, *, nothing_runs: bool) -> GateTransition:
    """Forward BatchOpened once where something is open or pending and ``nothing_runs``.

    Otherwise the supervisor would start what has not passed.
    """
    is_needed = gate.batch_is_open or len(gate.pending.batch) > 0
    if nothing_runs and is_needed and not gate.is_announced and not gate.pending.first_start:
        return replace(gate, is_announced=True), (Forward(BatchOpened()),)
    return gate, ()


def handle_run_end(gate: Gate, ended: LeaderExited | RunEnded, context: GateContext) -> GateTransition:
    """Forward the end of a run that was not stopped. If changes are on their way, the supervisor restarts instead of ending."""
    changes_follow = gate.batch_is_open or isinstance(gate.stage, Checking | Passed)
    gate, opened = announce_open_batch(gate, context, nothing_runs=changes_follow)
    if opened and isinstance(ended, RunEnded):
        return gate, (Forward(replace(ended, batch_is_open=True)),)
    return gate, (Forward(ended), *opened)


def after_launch(gate: Gate) -> Gate:
    """Return the gate after a run has started for another reason: it has read all that was pending.

    Tasks that are running still count.
    """
    is_checking = isinstance(gate.stage, Checking)
    return replace(gate, stage=gate.stage if is_checking else Empty(), batch_is_open=False, is_announced=False)


def _on_policy_replaced(gate: Gate, context: GateContext) -> GateTransition:
    pending = replace(gate.pending, changed_keys=None)
    return (replace(gate, stage=Empty()), ()) if pending.is_empty else _attempt(gate, pending, context)


def _due_after(batch: ChangeBatch, context: GateContext) -> frozenset[int]:
    commands = enumerate(context.policy.before)
    return frozenset(number for number, command in commands if command.is_due_for(batch, context.separator))


def _attempt(gate: Gate, pending: Pending, context: GateContext) -> GateTransition:
    """Start the tasks of ``pending``. A check that is running is cancelled: it has seen older files.

    A pre-start command runs to its end first. Other settings cancel it, because their run starts all of them again and the user
    may have mended one that never ends.
    """
    if isinstance(gate.stage, Checking) and _has_side_effects(gate.stage.task) and pending.changed_keys is None:
        return replace(gate, stage=replace(gate.stage, pending=pending, repeat=True)), ()
    cancelled = (CancelTask(),) if isinstance(gate.stage, Checking) else ()
    after, actions = _start_next(gate, pending, _tasks(gate, pending, context), context)
    return after, (*cancelled, *actions)


def _has_side_effects(task: GateTask) -> bool:
    """Return True for a pre-start command: cancelled half-way it may leave files that are neither old nor new."""
    return isinstance(task, RunTask) and task.part == BEFORE


def _tasks(gate: Gate, pending: Pending, context: GateContext) -> tuple[GateTask, ...]:
    checks = () if pending.first_start else _checks(_not_reverted(gate, pending, context), pending, context)
    due = () if pending.changed_keys is not None else sorted(gate.due)
    return (*checks, *(task for number in due for task in _pre_start_tasks(number, pending, context)))


def _pre_start_tasks(number: int, pending: Pending, context: GateContext) -> Iterator[GateTask]:
    commands = context.policy.before[number].commands_for(pending.batch, context.separator)
    for position, argv in enumerate(commands, start=1):
        yield RunTask(BEFORE, argv, number if position == len(commands) else None)


def _checks(batch: ChangeBatch, pending: Pending, context: GateContext) -> tuple[GateTask, ...]:
    policy, separator = context.policy, context.separator
    sources = tuple(
        change.path
        for change in batch
        if change.path.endswith(SOURCE_SUFFIXES) and change.kind is not ChangeKind.REMOVED
    )
    tasks: tuple[GateTask, ...] = (CheckSyntax(sources),) if context.checks_syntax and sources else ()
    if policy.check is not None and _is_check_due(policy.check, batch, pending, separator):
        tasks += tuple(RunTask(CHECK, argv) for argv in policy.check.commands_for(batch, separator))
    return tasks


def _is_check_due(check: Task, batch: ChangeBatch, pending: Pending, separator: str) -> bool:
    return check.is_due_for(batch, separator) or (pending.requested_by is not None and check.is_unconditional)


def _not_reverted(gate: Gate, pending: Pending, context: GateContext) -> ChangeBatch:
    """Return the batch; after a rejection without reverted paths, as long as a run lives that never saw them change."""
    if not pending.was_rejected or gate.is_announced or context.run is None:
        return pending.batch
    return ChangeBatch.of(change for change in pending.batch if not context.is_reverted(change.path))


def _start_next(gate: Gate, pending: Pending, tasks: tuple[GateTask, ...], context: GateContext) -> GateTransition:
    if tasks:
        checking = replace(gate, stage=Checking(pending, tasks[0], tasks[1:]))
        checking, opened = announce_open_batch(checking, context, nothing_runs=context.run is None)
        return checking, (*opened, StartTask(tasks[0]))
    if gate.batch_is_open:
        return replace(gate, stage=Passed(pending)), ()
    return replace(gate, stage=Empty(), is_announced=False), _forward(gate, pending, context)


def _forward(gate: Gate, pending: Pending, context: GateContext) -> tuple[GateAction, ...]:
    if pending.first_start:
        return (Forward(Begin()),)
    remaining = _not_reverted(gate, pending, context)
    if remaining:
        return (Forward(BatchClosed(remaining)),)
    if pending.changed_keys is not None:
        return (Forward(SettingsChanged(pending.changed_keys)),)
    if pending.requested_by is not None:
        return (Forward(RestartRequested(pending.requested_by)),)
    return (Report(ChangesReverted(tuple(pending.batch.kinds), context.run)),) if context.run is not None else ()


def _on_task_passed(gate: Gate, context: GateContext) -> GateTransition:
    if not isinstance(gate.stage, Checking):
        return gate, ()
    stage = gate.stage
    if stage.repeat:
        return _start_next(gate, stage.pending, _tasks(gate, stage.pending, context), context)
    if isinstance(stage.task, RunTask) and stage.task.completes is not None:
        gate = replace(gate, due=gate.due - {stage.task.completes})
    return _start_next(gate, stage.pending, stage.queue, context)


def _on_task_failed(gate: Gate, failed: GateTaskFailed, context: GateContext) -> GateTransition:
    if not isinstance(gate.stage, Checking):
        return gate, ()
    if gate.stage.repeat:
        return _start_next(gate, gate.stage.pending, _tasks(gate, gate.stage.pending, context), context)
    pending = replace(gate.stage.pending, was_rejected=True, requested_by=None)
    blocked = (Forward(FirstStartBlocked(failed.exit_code)),) if pending.first_start else ()
    return replace(gate, stage=Rejected(pending)), (Report(failed.notice), *blocked)
