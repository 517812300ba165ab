"""How long to pause before relaunching what keeps failing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackOff:
    """A pause that doubles from ``first`` to ``ceiling`` seconds, and is forgotten after a run of ``healthy`` seconds."""

    first: float = 0.5
    ceiling: float = 8.0
    healthy: float = 10.0

    def pause(self, failures: int) -> float:
        """Seconds to wait after the ``failures``-th failure in a row (1 is the first)."""
        doublings = min(max(failures - 1, 0), 32)  # the ceiling is reached long before; keeps the float finite
        return min(self.first * 2.0**doublings, self.ceiling)
