"""Parts of messages: an outcome, a duration, a number of things, a path relative to the current directory."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from reloader.config.messages import printable
from reloader.core.outcome import Exited, NotLaunched, Outcome, Signalled


def outcome_of(outcome: Outcome) -> str:
    match outcome:
        case Exited(code):
            return f"exited with code {code}"
        case Signalled(number):
            return f"was ended by {_signal_name(number)}"
        case NotLaunched(_, why):
            return f"could not be started ({why})"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # a real-time signal has no name


def seconds_of(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.3g} s"


def requester(by: str) -> str:
    """Return who requested something: a subcommand, a signal, or a key of one letter."""
    return f"the key {by}" if len(by) == 1 else by


def count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def some(paths: tuple[str, ...]) -> str:
    if not paths:
        return "anything"
    more = f" and {count(len(paths) - 1, 'other', 'others')}" if len(paths) > 1 else ""
    return short(paths[0]) + more


def short(path: str, getcwd: Callable[[], str] = os.getcwd) -> str:
    """Return ``path`` relative to the current directory, if it is below it. Escape what cannot be printed."""
    try:
        here = getcwd()
    except OSError:
        here = ""  # the current directory was deleted
    relative = path[len(here) :].lstrip(os.sep) or "." if here and (path + os.sep).startswith(here + os.sep) else path
    return printable(relative)
