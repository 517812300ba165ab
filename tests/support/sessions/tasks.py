"""What is done beside a program in a test: nothing, unless a policy asks for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reloader.core.changes import ChangeBatch
from reloader.core.events import Posted, RunEnded
from reloader.core.outcome import Outcome, Signalled
from reloader.core.settings import RestartPolicy
from reloader.core.states import Reason
from reloader.core.tasks import ReadyPolicy, TaskSettings
from reloader.engine.files.baseline import Baseline
from reloader.engine.tasks.gate import GateRunner
from reloader.engine.tasks.hooks import Hooks
from reloader.engine.tasks.readiness import Readiness
from reloader.engine.tasks.runner import TaskRunner
from reloader.engine.tasks.syntax_check import Interpreter, SyntaxChecker
from reloader.engine.tasks.variables import RUN_CHANGES, reason_variables
from reloader.interfaces import ChildNotLaunched, Clock, Reporter


@dataclass
class FakeHelper:
    host: FakeHelpers
    run: int
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: str = ""
    pid: int = 0

    def stop(self, signal: int) -> None:
        self.host.journal.append(f"stop {self.argv[0]} with {signal}")
        if self.host.are_obedient:
            self.host.end(self.argv[0], Signalled(signal))

    def kill(self) -> None:
        self.host.journal.append(f"kill {self.argv[0]}")
        self.host.end(self.argv[0], Signalled(9))


@dataclass
class FakeHelpers:
    """Its commands live until a test ends them; ``refusals`` come before they start."""

    journal: list[str] = field(default_factory=list)
    are_obedient: bool = True
    refusals: deque[ChildNotLaunched] = field(default_factory=deque)
    living: list[FakeHelper] = field(default_factory=list)
    ended: list[Posted] = field(default_factory=list)

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> FakeHelper | ChildNotLaunched:
        self.journal.append("run " + " ".join(argv))
        if self.refusals:
            return self.refusals.popleft()
        self.living.append(FakeHelper(self, run, tuple(argv), environment, cwd))
        return self.living[-1]

    def end(self, name: str, outcome: Outcome) -> None:
        """The oldest command of this name is over, and the next look will say so."""
        helper = next(one for one in self.living if one.argv[0] == name)
        self.living.remove(helper)
        self.ended.append(RunEnded(helper.run, outcome))

    def collect(self, now: float) -> Sequence[Posted]:
        ended, self.ended = self.ended, []
        return ended

    def next_poll(self, now: float) -> float | None:
        return now if self.ended else None

    def close(self) -> None:
        self.living.clear()


@dataclass
class FakeProbes:
    """Notes which runs are asked about, and which no more."""

    journal: list[str] = field(default_factory=list)

    def __call__(self, run: int, ready: ReadyPolicy) -> Callable[[], None]:
        self.journal.append(f"probe {run}")
        return lambda: self.journal.append(f"probe {run} ends")


@dataclass(frozen=True)
class Tasks:
    """The real parts on a fake host."""

    runner: TaskRunner
    hooks: Hooks
    gate: GateRunner
    readiness: Readiness
    environment_for: Callable[[int, Reason, ChangeBatch], Mapping[str, str]]


def tasks_of(
    reporter: Reporter,
    clock: Clock,
    baseline: Baseline,
    *,
    policy: TaskSettings | None = None,
    restart: RestartPolicy | None = None,
    helpers: FakeHelpers | None = None,
    probes: FakeProbes | None = None,
    compiles: bool = False,
    interpreter: str = "",
    folder: str | None = None,
    changes: list[ChangeBatch] | None = None,
) -> Tasks:
    policy = policy or TaskSettings()
    commands = TaskRunner(helpers or FakeHelpers(), clock)
    told: dict[str, str] = {}

    def environment(more: Mapping[str, str] | None = None) -> Mapping[str, str]:
        return {**({} if more and "RELOADER_REASON" in more else told), **(more or {})}

    def write(batch: ChangeBatch, name: str) -> Mapping[str, str]:
        if changes is not None and name == RUN_CHANGES:
            changes.append(batch)
        return {"RELOADER_CHANGES_FILE": name}

    hooks = Hooks(policy.hooks, commands, reporter, environment, write, cwd="/")
    sources = SyntaxChecker(
        commands, Interpreter(compiles, interpreter), environment, cwd="/", make_directory=lambda: folder, timeout=10.0
    )
    gate = GateRunner(
        policy.gate,
        restart or RestartPolicy(),
        commands,
        sources,
        hooks.report,
        environment,
        write,
        cwd="/",
        is_reverted=baseline.launch_snapshot.is_reverted,
    )
    readiness = Readiness(policy.ready, commands, probes or FakeProbes(), hooks.report, environment, clock, cwd="/")

    def environment_for(run: int, reason: Reason, batch: ChangeBatch) -> Mapping[str, str]:
        told.clear()
        told.update({**reason_variables(reason), **write(batch, RUN_CHANGES)})
        return told

    return Tasks(commands, hooks, gate, readiness, environment_for)
