"""Finds out when a run is ready. Nothing waits for that, and the probes stop with the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from reloader.core.events import Event, ProbePassed
from reloader.core.notices import Notice, Ready
from reloader.core.outcome import Exited
from reloader.core.tasks import ReadyPolicy, TaskOutcome
from reloader.engine.tasks.runner import TaskRunner
from reloader.interfaces import Clock, StartProbe

#: Seconds after which a run is ready if no probe is configured.
ALIVE_DELAY = 1.0
#: Seconds that one attempt of the probe command may take.
EXEC_TIMEOUT = 10.0
#: Seconds from the end of one attempt to the start of the next.
EXEC_RETRY_DELAY = 0.2


class Readiness:
    """Owned by the engine's thread. ``start_probe`` probes from a thread of its own, and returns a function that stops it."""

    def __init__(
        self,
        policy: ReadyPolicy,
        runner: TaskRunner,
        start_probe: StartProbe,
        report: Callable[[Notice], None],
        environment: Callable[[], Mapping[str, str]],
        clock: Clock,
        *,
        cwd: str,
    ) -> None:
        self._policy = policy
        self._runner = runner
        self._start_probe = start_probe
        self._report = report
        self._environment = environment
        self._clock = clock
        self._cwd = cwd
        self._run = 0
        self._started_at = 0.0
        self._missing: set[str] = set()
        self._stop_probes: list[Callable[[], None]] = []
        self.deadline: float | None = None
        self.is_active = False
        self._task: int | None = None

    def begin(self, run: int) -> None:
        """Start the probes of ``run``, which has just started."""
        self.stop()
        self._run, self._started_at = run, self._clock()
        policy = self._policy
        self._missing = set(self._configured())
        if policy.http is not None or policy.tcp is not None:
            self._stop_probes.append(self._start_probe(run, policy))
        if policy.exec is not None:
            self._try_at(self._started_at)
        elif not self._missing:
            self._missing = {"alive"}
            self._try_at(self._started_at + ALIVE_DELAY)

    def stop(self) -> None:
        """Stop all probes: the run has ended or is about to. May be called twice."""
        self._missing.clear()
        self._try_at(None)
        while self._stop_probes:
            self._stop_probes.pop()()
        if self._task is not None:
            self._runner.cancel(self._task)
            self._task = None

    def handle(self, passed: ProbePassed) -> None:
        """Handle a probe that has passed. One of an earlier run is late, and ignored."""
        if passed.run == self._run:
            self._pass(passed.probe)

    def tick(self, now: float) -> Sequence[Event]:
        """Start an attempt if it is due."""
        if self.deadline is not None and now >= self.deadline:
            self._try_at(None)
            self._try()
        return ()

    def _configured(self) -> tuple[str, ...]:
        policy = self._policy
        probes = {"http": policy.http, "tcp": policy.tcp, "log": policy.log, "exec": policy.exec}
        return tuple(name for name, value in probes.items() if value is not None)

    def _try_at(self, moment: float | None) -> None:
        self.deadline, self.is_active = moment, moment is not None

    def _try(self) -> None:
        if self._policy.exec is None:
            self._pass("alive")
            return
        self._task = self._runner.start(
            self._policy.exec,
            cwd=self._cwd,
            environment=self._environment(),
            timeout=EXEC_TIMEOUT,
            on_end=partial(self._handle_attempt, self._run),
        )

    def _handle_attempt(self, run: int, outcome: TaskOutcome) -> None:
        if run != self._run or "exec" not in self._missing:
            return
        self._task = None
        if isinstance(outcome, Exited) and outcome.code == 0:
            self._pass("exec")
        else:
            self._try_at(self._clock() + EXEC_RETRY_DELAY)

    def _pass(self, probe: str) -> None:
        if probe not in self._missing:
            return
        self._missing.discard(probe)
        if not self._missing:
            self._report(Ready(self._run, self._clock() - self._started_at, self._configured() or ("alive",)))
