"""The simulated system with a gate before ``transition``: saves may be broken, reverted and repaired, and tasks may fail.

The promises are those of the system, and: a run that lives is never asked to stop for a save that does not compile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.events import (
    BatchClosed,
    BatchOpened,
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
    QueuedEvent,
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
from reloader.core.supervisor import Launch, Report
from reloader.core.tasks import GatePolicy, Task
from tests.support.fakes.simulated_system import Simulation

FILES = tuple(f"file{number}.py" for number in range(5))
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
        self.repaired_at = 0.0
        self.rejections = 0
        self.reverted = 0

    def _plan_the_outside(self) -> None:
        super()._plan_the_outside()
        self.repaired_at = max(moment for moment, _, _ in self.agenda) + 20
        self._at(self.repaired_at, self._repair_all)
        if self.random.random() < 0.2:
            self._at(self.random.uniform(0.01, self.repaired_at - 15), self._replace_the_policy)

    def _name_of_a_file(self) -> str:
        return self.random.choice(FILES)

    def _close_batch(self, path: str) -> None:
        self.contents[path] = self.random.randrange(3)
        super()._close_batch(path)

    def _repair_all(self) -> None:
        """Save for the last time: everything is new, and compiles."""
        if self.exit_code is None:
            self.batch_is_open = False
            self.contents = dict.fromkeys(FILES, 3)
            self.pending_paths.update(FILES)
            self._handle(BatchClosed(ChangeBatch.of(PathChange(path, ChangeKind.MODIFIED) for path in FILES)))

    def _replace_the_policy(self) -> None:
        """Change nothing but what has to pass: no other settings are pending afterwards."""
        self.has_pending_settings &= self.gate.pending.changed_keys is None
        self._handle(PolicyReplaced())

    # The gate

    def _deliver(self, event: Event) -> None:
        if isinstance(event, QueuedEvent) and not self.stop_requests:
            self._handle(event)
            return
        if isinstance(event, StopRequested):
            self.attempt += 1
        self._forward(event)

    def _handle(self, event: GateEvent) -> None:
        if self.exit_code is None and not self.stop_requests:
            self.trace.append((self.now, event))  # type: ignore[arg-type]
            self.gate, actions = handle(self.gate, event, self._context)
            self._perform_all(actions)

    @property
    def _context(self) -> GateContext:
        run = self.state.run if isinstance(self.state, Running) else None
        return GateContext(self.gate_policy, run, self.gate_policy.syntax, "/", self._is_reverted)

    def _is_reverted(self, path: str) -> bool:
        return self.at_launch.get(path) == self.contents[path]

    def _perform_all(self, actions: tuple[GateAction, ...]) -> None:
        for action in actions:
            match action:
                case Forward(event):
                    self._forward(event)
                case StartTask(task):
                    self._start(task)
                case CancelTask():
                    self.attempt += 1
                case Report(ChangesReverted(paths)):
                    self.reverted += 1
                    self._must(all(map(self._is_reverted, paths)), "a change is reported as reverted that is not")
                    self.pending_paths.difference_update(paths)
                case Report():
                    self.rejections += 1

    def _forward(self, event: Event) -> None:
        if self.exit_code is not None or self.stop_requests:
            super()._deliver(event)
            return
        a_run_lives = isinstance(self.state, Running)
        self._must(not (a_run_lives and isinstance(event, BatchOpened)), "a run is stopped before the gate has passed")
        if a_run_lives and isinstance(event, BatchClosed | RestartRequested | SettingsChanged):
            named = set(event.batch.kinds) if isinstance(event, BatchClosed) else set[str]()
            self._must(all(map(self._is_reverted, self.pending_paths - named)), "a change is never forwarded")
            self.pending_paths &= named
        if isinstance(event, BatchClosed):
            is_good = all(self.contents[path] != BROKEN for path in event.batch.kinds)
            self._must(is_good or not self.gate_policy.syntax, "what does not compile is forwarded")
        if isinstance(event, FirstStartBlocked):
            self.pending_paths.clear()  # where that ends the session; else what follows starts it after all
        for following in self._all_of(event):
            super()._deliver(following)
        if self.exit_code is None and not self.stop_requests:
            self.gate, actions = announce_open_batch(
                self.gate, self._context, nothing_runs=isinstance(self.state, WaitingForChange | BackingOff)
            )
            self._perform_all(actions)

    def _all_of(self, event: Event) -> list[Event]:
        """Return what the supervisor receives: with the end of a run also that a batch is open."""
        if not isinstance(event, LeaderExited | RunEnded) or event.outcome.was_interrupted:
            return [event]
        if not isinstance(self.state, Running) or self.state.run != event.run:
            return [event]
        self.gate, actions = handle_run_end(self.gate, event, self._context)
        return [action.event for action in actions if isinstance(action, Forward)]

    def _finish(self, exit_code: int) -> None:
        if isinstance(self.gate.stage, Rejected):
            self.pending_paths.clear()  # the rejection was reported, and the command ended by itself
            self.has_pending_settings = False  # other settings that are pending with them likewise
        super()._finish(exit_code)

    def _start(self, task: GateTask) -> None:
        self.attempt += 1
        attempt = self.attempt
        if isinstance(task, CheckSyntax):
            has_passed = all(self.contents[path] != BROKEN for path in task.paths)
        else:
            has_passed = self.now >= self.repaired_at or self.random.random() < 0.7
        answer = GateTaskPassed() if has_passed else GateTaskFailed(Note("it has failed"), 7)
        if self.random.random() < 0.4:
            self._finish_task(attempt, answer)
        else:
            self._at(self.now + self.random.choice((0.01, 0.3, 2.0)), lambda: self._finish_task(attempt, answer))

    def _finish_task(self, attempt: int, answer: GateTaskPassed | GateTaskFailed) -> None:
        if attempt == self.attempt:
            self._handle(answer)

    def _launch(self, action: Launch) -> None:
        if not isinstance(action.reason, FilesChanged):
            # It reads what there is; tasks that are running still belong to what was pending.
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
        is_done = not isinstance(self.gate.stage, Checking | Rejected)
        return super()._is_at_rest() and (is_done or self.exit_code is not None)
