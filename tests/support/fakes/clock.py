"""A clock that stands still until a test moves it."""

from __future__ import annotations


class ManualClock:
    """Fits the engine's ``Clock`` port. Begins at an odd moment, so that nothing can rely on zero."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        """Let ``seconds`` pass; returns the new time. A clock never goes back."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} seconds")
        self.now += seconds
        return self.now

    def advance_to(self, moment: float) -> float:
        """Let time pass up to ``moment``; nothing happens if it is already past."""
        return self.advance(max(0.0, moment - self.now))
