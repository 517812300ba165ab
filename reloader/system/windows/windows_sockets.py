"""Sockets for the runs on Windows: there are none. Programs there know no descriptors that they could be told to serve on."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

from collections.abc import Sequence

from reloader.core.sockets import HeldSocket, SocketSpec
from reloader.errors import ConfigError


class Sockets:
    """Refuses, as the configuration does before it, with which no plan comes this far."""

    def open(self, specs: Sequence[SocketSpec]) -> tuple[HeldSocket, ...]:
        raise ConfigError([f"{spec.origin}: no socket can be handed over on Windows: leave it out" for spec in specs])

    def drop_others(self) -> None:
        """There are none."""

    def close(self) -> None:
        """There is nothing to close."""
