"""Why a run has failed right after its start, where that can be known: somebody has the port that it wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reloader.core.addresses import Address, Holder, addresses_of
from reloader.core.events import ChildEnded
from reloader.core.notices import PortInUse
from reloader.core.outcome import Exited

#: Who fails for a port does so within so many seconds of the start; what fails later, and does not say why, has other reasons.
EARLY = 2.0

HolderOf = Callable[[Sequence[Address]], Holder | None]


class FailedStarts:
    """Owned by the engine's thread. ``taken`` says which addresses the run has reported to be in use."""

    def __init__(self, argv: Sequence[str], taken: Callable[[], Sequence[Address]], holder_of: HolderOf) -> None:
        self._argv = argv
        self._taken = taken
        self._holder_of = holder_of
        self._environment: Mapping[str, str] = {}

    def starting(self, environment: Mapping[str, str]) -> None:
        """The next run is given this environment."""
        self._environment = environment

    def explain(self, ended: ChildEnded, lived: float) -> PortInUse | None:
        """What is to be told of a run that ended by itself after ``lived`` seconds."""
        if not isinstance(ended.outcome, Exited) or ended.outcome.code == 0:
            return None
        taken = self._taken()
        addresses = taken or (addresses_of(self._argv, self._environment) if lived < EARLY else ())
        holder = self._holder_of(addresses) if addresses else None
        return PortInUse(ended.run, holder, is_certain=bool(taken)) if holder is not None else None
