"""Waits for a fact: the one place in the tests that may sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Fact = TypeVar("Fact")

FIRST_PAUSE = 0.001  # seconds; most facts are there at once …
LONGEST_PAUSE = 0.05  # … and those that are not cost no processor while they are awaited


def eventually(predicate: Callable[[], Fact], within: float = 10.0, what: str = "") -> Fact:
    """What ``predicate`` returns, as soon as that is true. Asked at least twice, and once after the deadline.

    Raises AssertionError, which names ``what`` was awaited, after ``within`` seconds. An exception of the predicate is a fault
    of the test and goes through.
    """
    deadline = time.monotonic() + within
    pause = FIRST_PAUSE
    while not (fact := predicate()):
        if time.monotonic() >= deadline:
            return _last_chance(predicate, within, what)
        time.sleep(min(pause, max(deadline - time.monotonic(), 0.0)))
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return fact


def _last_chance(predicate: Callable[[], Fact], within: float, what: str) -> Fact:
    """A machine that was asleep, or busy elsewhere, may have passed the deadline before it could look."""
    fact = predicate()
    if not fact:
        awaited = what or getattr(predicate, "__qualname__", repr(predicate))
        raise AssertionError(f"not within {within:g} seconds: {awaited} (last answer: {fact!r})")
    return fact
