"""A clock that the test moves."""

from __future__ import annotations


class ManualClock:
    """A ``Clock`` of the engine. It begins at an odd moment, so that no test can rely on zero."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        """Let ``seconds`` pass, and return the new time. A clock never goes back."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} seconds")
        self.now += seconds
        return self.now

    def advance_to(self, moment: float) -> float:
        """Let time pass up to ``moment``. Do nothing if it has passed already."""
        return self.advance(max(0.0, moment - self.now))
