"""Sockets that outlive the runs: not on Windows, where programs cannot inherit a descriptor to serve on."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

from collections.abc import Sequence

from reloader.core.addresses import ListeningSocket, SocketSpec
from reloader.errors import ConfigError


class Sockets:
    """Refuses every socket. The configuration does so before, so that no socket gets this far."""

    def open(self, specs: Sequence[SocketSpec]) -> tuple[ListeningSocket, ...]:
        raise ConfigError([f"{spec.origin}: a command cannot inherit sockets on Windows. Remove it" for spec in specs])

    def close_replaced(self) -> None:
        """Do nothing: no socket is open."""

    def close(self) -> None:
        """Do nothing: no socket is open."""
