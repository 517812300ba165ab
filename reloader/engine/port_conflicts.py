"""Why a run has failed right after its start, where that can be known: somebody has the port that it wanted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from reloader.core.addresses import Address, PortOwner, likely_addresses
from reloader.core.events import RunEnded
from reloader.core.notices import PortInUse
from reloader.core.outcome import Exited
from reloader.core.settings import LaunchSettings

#: Who fails for a port does so within so many seconds of the start; what fails later, and does not say why, has other reasons.
EARLY = 2.0

#: Programs whose text can be read, and so much of it, in characters.
SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".sh")
ENOUGH = 64 * 1024

HolderOf = Callable[[Sequence[Address]], PortOwner | None]


class PortConflicts:
    """Owned by the engine's thread. ``taken`` says which addresses the run has reported to be in use."""

    def __init__(self, launch: LaunchSettings, taken: Callable[[], Sequence[Address]], holder_of: HolderOf) -> None:
        self._launch = launch
        self._taken = taken
        self._holder_of = holder_of
        self._environment: Mapping[str, str] = {}

    def handle_launch(self, environment: Mapping[str, str]) -> None:
        """Note the environment of the next run."""
        self._environment = environment

    def explain(self, ended: RunEnded, lived: float) -> PortInUse | None:
        """What is to be told of a run that ended by itself after ``lived`` seconds."""
        if not isinstance(ended.outcome, Exited) or ended.outcome.code == 0:
            return None
        taken = self._taken()
        is_open = lived < EARLY and not ended.outcome.uncaught_exception  # of a crash the reason is known, and another
        addresses = taken or (self._likely() if is_open else ())
        holder = self._holder_of(addresses) if addresses else None
        if holder is None or (
            holder.pid == os.getpid() and not taken
        ):  # a port that the run is handed is no likely reason
            return None
        return PortInUse(ended.run, holder, is_certain=bool(taken))

    def _likely(self) -> Sequence[Address]:
        return likely_addresses(self._launch.argv, self._environment, "\n".join(self._sources()))

    def _sources(self) -> Iterator[str]:
        """The text of the programs that the command names."""
        for word in self._launch.argv:
            if word.endswith(SOURCES):
                try:
                    with open(os.path.join(self._launch.cwd, word), encoding="utf-8", errors="replace") as file:
                        yield file.read(ENOUGH)
                except (OSError, ValueError):
                    continue  # no file, after all
