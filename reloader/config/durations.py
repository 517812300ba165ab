"""Durations: seconds, or text with a unit. Pure; knows nothing of keys."""

from __future__ import annotations

import math
import re

LONGEST = 86_400.0
"""A day. Beyond it a system's timers overflow, and nobody meant it."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_WRITTEN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)) ?(ms|s|m|h)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def seconds_of(text: str) -> float | None:
    """Seconds of a text with a unit (``300ms``, ``2s``, ``1.5m``), or None if it is not one."""
    written = _WRITTEN.fullmatch(text)
    return float(written[1]) * _UNITS[written[2]] if written else None


def number_of(text: str) -> float | None:
    """A bare number, as variables and flags may give it."""
    return float(text) if _NUMBER.fullmatch(text) else None


def fault_of(seconds: float, *, zero_is_allowed: bool) -> str | None:
    """What is wrong with a length, or None."""
    if not math.isfinite(seconds):
        return "is not a length of time: write a finite number of seconds"
    if seconds < 0:
        return "is negative: " + ("write 0 or more" if zero_is_allowed else "write more than 0")
    if seconds == 0 and not zero_is_allowed:
        return "is not allowed: write more than 0"
    if seconds > LONGEST:
        return "is longer than a day: write at most 86400"
    return None
