"""All that is done beside the program: the gate before it, the probe of its readiness, the hooks that follow it."""

from __future__ import annotations

from reloader.core.changes import ChangeBatch
from reloader.core.events import Event, Posted, ProbePassed, StopRequested
from reloader.core.settings import Settings
from reloader.core.states import Reason, Running, State
from reloader.engine.files.launch_snapshot import LaunchSnapshot
from reloader.engine.inbox import Inbox
from reloader.engine.tasks.gate import GateRunner
from reloader.engine.tasks.hooks import HOOK_TIMEOUT, Hooks
from reloader.engine.tasks.readiness import Readiness
from reloader.engine.tasks.runner import PATIENCE, TaskRunner
from reloader.engine.tasks.variables import OF_THE_RUN, WriteChanges, variables_of
from reloader.interfaces import Clock


class Auxiliary:
    """Owned by the engine's thread. ``told`` is filled with the variables by which a run, and its hooks, are told of it."""

    def __init__(
        self,
        commands: TaskRunner,
        gate: GateRunner,
        readiness: Readiness,
        hooks: Hooks,
        since_launch: LaunchSnapshot,
        write_changes: WriteChanges,
        told: dict[str, str],
    ) -> None:
        self._commands = commands
        self._gate = gate
        self._readiness = readiness
        self._hooks = hooks
        self._since_launch = since_launch
        self._write_changes = write_changes
        self._told = told

    @property
    def is_holding(self) -> bool:
        """Whether a change waits at the gate."""
        return self._gate.is_holding

    @property
    def is_refusing(self) -> bool:
        """Whether it waits there for the next one, since it has failed."""
        return self._gate.is_refusing

    # Decisions

    def admit(self, event: Event, state: State) -> list[Event]:
        """What the supervisor, which is in ``state``, is to decide on now that ``event`` has happened."""
        return self._gate.admit(event, state)

    def follow(self, state: State) -> list[Event]:
        """What it is to decide on now that it is in ``state``."""
        if not isinstance(state, Running):
            self._readiness.cease()
        return self._gate.follow(state)

    def tick(self, now: float) -> list[Event]:
        """Do what has become due, and return what the supervisor is to decide on for it."""
        self._commands.tick(now)
        self._readiness.tick(now)
        return self._gate.due()

    @property
    def deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        moments = (self._commands.deadline, self._readiness.deadline)
        return min((moment for moment in moments if moment is not None), default=None)

    def handle(self, passed: ProbePassed) -> None:
        self._readiness.handle(passed)

    # The life of a run

    def launching(self, reason: Reason, changes: ChangeBatch) -> None:
        """A run is about to start, and reads what there is. ``changes`` are all since the one before."""
        self._gate.launched()
        self._since_launch.begin()
        self._told.clear()
        self._told.update({**variables_of(reason), **self._write_changes(changes, OF_THE_RUN)})

    def launched(self, run: int) -> None:
        self._readiness.begin(run)

    def adopt(self, settings: Settings) -> None:
        """From now on the policies are those of ``settings``."""
        self._gate.adopt(settings.tasks.gate)
        self._hooks.adopt(settings.tasks.hooks)

    def hold_to(self, settings: Settings) -> None:
        """``settings`` is to follow, if what waits at the gate passes its check."""
        self._gate.hold_to(settings.tasks.gate)

    # Ends

    def hand_on(self) -> None:
        """Another engine follows, which goes on with the hooks: nothing waits for them."""
        self._gate.close()
        self._readiness.cease()

    def wind_up(self, inbox: Inbox, clock: Clock) -> None:
        """The session is over: what is left is the last hooks, unless the user has lost patience."""
        self._gate.close()
        self._readiness.cease()
        limit = clock() + HOOK_TIMEOUT + PATIENCE
        kept: list[Posted] = []
        while not self._hooks.are_done and clock() < limit:
            kept += inbox.take(min(self.deadline or limit, limit))
            if any(isinstance(posted, StopRequested) for posted in kept):
                break
            self._commands.tick(clock())
        self._commands.close()
        for posted in kept:
            inbox.keep(posted)  # another session may follow in this process
