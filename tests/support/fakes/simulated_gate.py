"""The simulated system with a gate before ``step``: saves may be broken, taken back and repaired, and steps may fail.

The promises are those of the system, and: a run that lives is never asked to stop for a save that does not compile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reloader.core.actions import Launch, Report
from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
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
    StopRequested,
)
from reloader.core.gate import (
    CancelTask,
    Checking,
    CheckSyntax,
    Forward,
    GateAction,
    GateContext,
    GateEvent,
    GateTask,
    GateTaskFailed,
    GateTaskPassed,
    PolicyReplaced,
    Rejected,
    StartTask,
    after_launch,
    announce_open_batch,
    handle,
    handle_run_end,
    new_gate,
)
from reloader.core.notices import ChangesReverted, Note
from reloader.core.states import BackingOff, FilesChanged, Running, WaitingForChange
from reloader.core.tasks import GatePolicy, Task
from tests.support.fakes.simulated_system import Simulation

FILES = tuple(f"file{number}.py" for number in range(5))
Guarded = Begin | BatchOpened | BatchClosed | RestartRequested | SettingsChanged
BROKEN = 0  # of the contents that a file may have


@dataclass
class GatedSimulation(Simulation):
    """``contents`` is what each file holds, ``at_launch`` what it held when the run was started."""

    POLICIES: ClassVar = (
        GatePolicy(syntax=True),
        GatePolicy(syntax=True, before=(Task(("build",)),)),
        GatePolicy(check=Task(("lint", "{files}"))),
        GatePolicy(before=(Task(("build",)), Task(("style",)))),
        GatePolicy(),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.gate_policy = self.random.choice(self.POLICIES)
        self.gate = new_gate(self.gate_policy)
        self.contents = dict.fromkeys(FILES, 1)
        self.at_launch: dict[str, int] = {}
        self.attempt = 0
        self.calm_at = 0.0
        self.refusals = 0
        self.taken_back = 0

    def _plan_the_outside(self) -> None:
        super()._plan_the_outside()
        self.calm_at = max(moment for moment, _, _ in self.agenda) + 20
        self._at(self.calm_at, self._repair_all)
        if self.random.random() < 0.2:
            self._at(self.random.uniform(0.01, self.calm_at - 15), self._exchange_the_policy)

    def _name_of_a_file(self) -> str:
        return self.random.choice(FILES)

    def _close_batch(self, path: str) -> None:
        self.contents[path] = self.random.randrange(3)
        super()._close_batch(path)

    def _repair_all(self) -> None:
        """The last save: everything is new, and good."""
        if self.exit_code is None:
            self.batch_is_open = False
            self.contents = dict.fromkeys(FILES, 3)
            self.pending_paths.update(FILES)
            self._arrive(BatchClosed(ChangeBatch.of(PathChange(path, ChangeKind.MODIFIED) for path in FILES)))

    def _exchange_the_policy(self) -> None:
        """The configuration is as before, but for what has to pass: no other plan is on its way."""
        self.has_pending_settings &= self.gate.pending.reloaded is None
        self._arrive(PolicyReplaced())

    # The gate

    def _deliver(self, event: Event) -> None:
        if isinstance(event, Guarded) and not self.stop_requests:
            self._arrive(event)
            return
        if isinstance(event, StopRequested):
            self.attempt += 1
        self._let_through(event)

    def _arrive(self, arrival: GateEvent) -> None:
        if self.exit_code is None and not self.stop_requests:
            self.trace.append((self.now, arrival))  # type: ignore[arg-type]
            self.gate, orders = handle(self.gate, arrival, self._around)
            self._obey(orders)

    @property
    def _around(self) -> GateContext:
        run = self.state.run if isinstance(self.state, Running) else None
        return GateContext(self.gate_policy, run, self.gate_policy.syntax, "/", self._is_as_before)

    def _is_as_before(self, path: str) -> bool:
        return self.at_launch.get(path) == self.contents[path]

    def _obey(self, orders: tuple[GateAction, ...]) -> None:
        for order in orders:
            match order:
                case Forward(event):
                    self._let_through(event)
                case StartTask(task):
                    self._do(task)
                case CancelTask():
                    self.attempt += 1
                case Report(ChangesReverted(paths)):
                    self.taken_back += 1
                    self._must(all(map(self._is_as_before, paths)), "what is told to be taken back is not")
                    self.pending_paths.difference_update(paths)
                case Report():
                    self.refusals += 1

    def _let_through(self, event: Event) -> None:
        if self.exit_code is not None or self.stop_requests:
            super()._deliver(event)
            return
        keeps_a_run = isinstance(self.state, Running)
        self._must(not (keeps_a_run and isinstance(event, BatchOpened)), "a run is stopped before the gate has passed")
        if keeps_a_run and isinstance(event, BatchClosed | RestartRequested | SettingsChanged):
            named = set(event.batch.kinds) if isinstance(event, BatchClosed) else set[str]()
            self._must(all(map(self._is_as_before, self.pending_paths - named)), "a change is withheld for good")
            self.pending_paths &= named
        if isinstance(event, BatchClosed):
            is_good = all(self.contents[path] != BROKEN for path in event.batch.kinds)
            self._must(is_good or not self.gate_policy.syntax, "what does not compile is let through")
        if isinstance(event, FirstStartBlocked):
            self.pending_paths.clear()  # where that ends the session; else what follows starts it after all
        for following in self._all_of(event):
            super()._deliver(following)
        if self.exit_code is None and not self.stop_requests:
            self.gate, orders = announce_open_batch(
                self.gate, self._around, rests=isinstance(self.state, WaitingForChange | BackingOff)
            )
            self._obey(orders)

    def _all_of(self, event: Event) -> list[Event]:
        """What the supervisor hears: of the end of a run also that a batch is open."""
        if not isinstance(event, LeaderExited | RunEnded) or event.outcome.was_interrupted:
            return [event]
        if not isinstance(self.state, Running) or self.state.run != event.run:
            return [event]
        self.gate, orders = handle_run_end(self.gate, event, self._around)
        return [order.event for order in orders if isinstance(order, Forward)]

    def _finish(self, exit_code: int) -> None:
        if isinstance(self.gate.stage, Rejected):
            self.pending_paths.clear()  # they were told to be refused, and the end is the command's own
            self.has_pending_settings = False  # as is what waits with them
        super()._finish(exit_code)

    def _do(self, task: GateTask) -> None:
        self.attempt += 1
        attempt = self.attempt
        if isinstance(task, CheckSyntax):
            has_passed = all(self.contents[path] != BROKEN for path in task.paths)
        else:
            has_passed = self.now >= self.calm_at or self.random.random() < 0.7
        answer = GateTaskPassed() if has_passed else GateTaskFailed(Note("it has failed"), 7)
        if self.random.random() < 0.4:
            self._answer(attempt, answer)
        else:
            self._at(self.now + self.random.choice((0.01, 0.3, 2.0)), lambda: self._answer(attempt, answer))

    def _answer(self, attempt: int, answer: GateTaskPassed | GateTaskFailed) -> None:
        if attempt == self.attempt:
            self._arrive(answer)

    def _launch(self, action: Launch) -> None:
        if not isinstance(action.reason, FilesChanged):
            # It reads what there is; steps that are under way are still for what was held.
            pending = self.gate.pending.batch.kinds if isinstance(self.gate.stage, Checking) else ()
            self.pending_paths &= set(pending)
            kept, self.pending_paths = self.pending_paths, set()
            self.batch_is_open = False
            super()._launch(action)
            self.pending_paths = kept
        else:
            super()._launch(action)
        self.gate = after_launch(self.gate)
        self.at_launch = dict(self.contents)

    def _is_at_rest(self) -> bool:
        is_clear = not isinstance(self.gate.stage, Checking | Rejected)
        return super()._is_at_rest() and (is_clear or self.exit_code is not None)
