"""Explains a run that failed right after its start because another program uses its port."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from reloader.core.addresses import Address, PortOwner, likely_addresses
from reloader.core.events import RunEnded
from reloader.core.notices import PortInUse
from reloader.core.outcome import Exited
from reloader.core.settings import LaunchSettings

#: A run that fails within this many seconds of its start may have failed for its port. A later failure has other causes.
EARLY_EXIT_WINDOW = 2.0
#: Suffixes of program files that are searched for addresses.
SOURCE_SUFFIXES = (".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".sh")
#: The number of characters that are read from the start of each file.
MAX_CHARACTERS = 64 * 1024

FindPortOwner = Callable[[Sequence[Address]], PortOwner | None]


class PortConflicts:
    """Owned by the engine's thread. ``in_use`` returns the addresses that the run has reported to be in use."""

    def __init__(
        self, launch: LaunchSettings, in_use: Callable[[], Sequence[Address]], find_owner: FindPortOwner
    ) -> None:
        self._launch = launch
        self._in_use = in_use
        self._find_owner = find_owner
        self._environment: Mapping[str, str] = {}

    def handle_launch(self, environment: Mapping[str, str]) -> None:
        """Note the environment of the run that is about to start."""
        self._environment = environment

    def explain(self, ended: RunEnded, uptime: float) -> PortInUse | None:
        """Return the notice for a run that ended by itself after ``uptime`` seconds, or None if no port explains it.

        Reported addresses are certain. Without any, the likely addresses of the command are tried, unless the run ended
        late or by an uncaught exception, which is then the cause.
        """
        outcome = ended.outcome
        if not isinstance(outcome, Exited) or outcome.code == 0:
            return None
        in_use = self._in_use()
        may_be_likely = uptime < EARLY_EXIT_WINDOW and not outcome.uncaught_exception
        addresses = in_use or (self._likely_addresses() if may_be_likely else ())
        owner = self._find_owner(addresses) if addresses else None
        if owner is None:
            return None
        is_our_socket = owner.pid == os.getpid() and not in_use  # one that the run inherits
        return None if is_our_socket else PortInUse(ended.run, owner, is_certain=bool(in_use))

    def _likely_addresses(self) -> Sequence[Address]:
        return likely_addresses(self._launch.argv, self._environment, "\n".join(self._sources()))

    def _sources(self) -> Iterator[str]:
        """Yield the text of each program file that the command names."""
        for word in self._launch.argv:
            if word.endswith(SOURCE_SUFFIXES):
                try:
                    with open(os.path.join(self._launch.cwd, word), encoding="utf-8", errors="replace") as file:
                        yield file.read(MAX_CHARACTERS)
                except (OSError, ValueError):
                    continue  # not a readable file
