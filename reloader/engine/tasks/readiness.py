"""When a run is ready. It never keeps anything waiting, and ends with its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from reloader.core.events import Event, ProbePassed
from reloader.core.notices import Notice, Ready
from reloader.core.outcome import Exited
from reloader.core.tasks import ReadyPolicy, TaskOutcome
from reloader.engine.tasks.runner import TaskRunner
from reloader.interfaces import Clock, StartProbe

#: A run without a probe is ready when it has lived for so many seconds.
ALIVE = 1.0
#: Seconds from the end of a probe's command to its next attempt, and how long one may take.
PAUSE = 0.2
ATTEMPT = 10.0


class Readiness:
    """Owned by the engine's thread. ``start_probe`` asks from a thread of its own, and gives what ends that."""

    def __init__(
        self,
        policy: ReadyPolicy,
        commands: TaskRunner,
        start_probe: StartProbe,
        report: Callable[[Notice], None],
        environment: Callable[[], Mapping[str, str]],
        clock: Clock,
        *,
        cwd: str,
    ) -> None:
        self._policy = policy
        self._commands = commands
        self._start_probe = start_probe
        self._report = report
        self._environment = environment
        self._clock = clock
        self._cwd = cwd
        self._run = 0
        self._since = 0.0
        self._missing: set[str] = set()
        self._ends: list[Callable[[], None]] = []
        self.deadline: float | None = None
        self.is_active = False
        self._command: int | None = None

    def begin(self, run: int) -> None:
        """Ask from now on whether ``run``, which has just started, is ready."""
        self.stop()
        self._run, self._since = run, self._clock()
        policy = self._policy
        wanted = {"http": policy.http, "tcp": policy.tcp, "log": policy.log, "exec": policy.exec}
        self._missing = {name for name, value in wanted.items() if value is not None}
        if policy.http is not None or policy.tcp is not None:
            self._ends.append(self._start_probe(run, policy))
        if policy.exec is not None:
            self._try_at(self._since)
        elif not self._missing:
            self._missing = {"alive"}
            self._try_at(self._since + ALIVE)

    def stop(self) -> None:
        """Ask no more: the run is over, or was asked to end. May be called twice."""
        self._missing.clear()
        self._try_at(None)
        while self._ends:
            self._ends.pop()()
        if self._command is not None:
            self._commands.cancel(self._command)
            self._command = None

    def handle(self, passed: ProbePassed) -> None:
        """News of another run are late, and ignored."""
        if passed.run == self._run:
            self._pass(passed.probe)

    def tick(self, now: float) -> Sequence[Event]:
        if self.deadline is not None and now >= self.deadline:
            self._try_at(None)
            self._try()
        return ()

    def _try_at(self, moment: float | None) -> None:
        self.deadline, self.is_active = moment, moment is not None

    def _try(self) -> None:
        if self._policy.exec is None:
            self._pass("alive")
            return
        self._command = self._commands.start(
            self._policy.exec,
            cwd=self._cwd,
            environment=self._environment(),
            timeout=ATTEMPT,
            then=partial(self._tried, self._run),
        )

    def _tried(self, run: int, outcome: TaskOutcome) -> None:
        if run != self._run or "exec" not in self._missing:
            return
        self._command = None
        if isinstance(outcome, Exited) and outcome.code == 0:
            self._pass("exec")
        else:
            self._try_at(self._clock() + PAUSE)

    def _pass(self, name: str) -> None:
        if name not in self._missing:
            return
        self._missing.discard(name)
        if not self._missing:
            policy = self._policy
            named = [policy.http and "http", policy.tcp and "tcp", policy.log and "log", policy.exec and "exec"]
            by = tuple(str(one) for one in named if one) or ("alive",)
            self._report(Ready(self._run, self._clock() - self._since, by))
