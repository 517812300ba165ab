"""Waits for a fact: the one place in the tests that may sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Fact = TypeVar("Fact")

FIRST_PAUSE = 0.001  # seconds, since most facts are true at once
LONGEST_PAUSE = 0.05  # seconds, so that waiting costs little processor time


def eventually(predicate: Callable[[], Fact], within: float = 10.0, what: str = "") -> Fact:
    """Return the value of ``predicate`` as soon as it is true. It is called at least twice, and once after the deadline.

    Raise AssertionError with ``what`` was awaited after ``within`` seconds. An exception of the predicate is a fault of the
    test, and is passed on.
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
    """Call ``predicate`` once more: a machine that slept or was busy may have missed the deadline without a check."""
    fact = predicate()
    if not fact:
        awaited = what or getattr(predicate, "__qualname__", repr(predicate))
        raise AssertionError(f"not within {within:g} seconds: {awaited} (last answer: {fact!r})")
    return fact
