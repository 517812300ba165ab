"""Validates what types cannot express. Each function takes a raw value and returns a valid one, or raises ``invalid``."""

from __future__ import annotations

import math
import re

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from reloader.config.messages import describe, quoted, suggest
from reloader.config.options import KEYS, PLATFORM_TABLES
from reloader.config.patterns import PathContext, anchor
from reloader.config.shell import Shell
from reloader.config.signals import full_name, signals_for
from reloader.config.text_values import duration_problem, parse_duration
from reloader.core.addresses import AddressError, parse_address
from reloader.core.paths.filters import PatternError, Patterns, Rule

NO_PROGRAM = 'is empty: name a program, as in ["python", "app.py"]'
UNCLOSED = "has a quote or an escape that is not closed: close it, or write a list"

_WINDOWS_PATH = re.compile(r"!?([A-Za-z]:|\.{1,2}|~)\\")
_OUTSIDE = re.compile(r"!?(~/|[A-Za-z]:/|\.\./)")


def invalid(message: str) -> PydanticCustomError:
    """Return the error to raise for a value. ``message`` says what is wrong and what to write."""
    return PydanticCustomError("invalid", "{message}", {"message": message})


def platform_of(info: ValidationInfo) -> str:
    """Return the ``sys.platform`` whose rules the layer follows."""
    return str((info.context or {})["platform"])


def text(value: str) -> str:
    """Accept text that a path or a process can hold, and that is not empty."""
    if not value:
        raise invalid("is empty: write something, or leave the key out")
    return possibly_empty_text(value)


def possibly_empty_text(value: str) -> str:
    if "\0" in value:
        raise invalid(f"{quoted(value)} contains a NUL character, which paths and commands cannot: remove it")
    return value


def variable_name(value: str) -> str:
    if not value or "=" in value or "\0" in value:
        raise invalid(f"{quoted(value)} cannot name a variable: use letters, digits and '_'")
    return value


def seconds(value: object) -> float:
    return _seconds(value, "debounce", zero_is_allowed=True)


def positive_seconds(value: object) -> float:
    return _seconds(value, "interval", zero_is_allowed=False)


def _seconds(value: object, key: str, *, zero_is_allowed: bool) -> float:
    length = parse_duration(value) if isinstance(value, str) else value
    if isinstance(length, bool) or not isinstance(length, (int, float)):
        raise invalid(f'{describe(value)}, expected seconds or text with a unit, as in {KEYS[key].example} or "300ms"')
    try:
        length = float(length)
    except OverflowError:
        length = math.inf
    problem = duration_problem(length, zero_is_allowed=zero_is_allowed)
    if problem is not None:
        raise invalid(f"{quoted(value) if isinstance(value, str) else f'{length:g}'} {problem}")
    return length


def command(value: object) -> str | tuple[str, ...]:
    """Accept a command that is not empty. A text is not split here: another layer may set ``shell``."""
    if not isinstance(value, (str, list, tuple)):
        raise invalid(f'{describe(value)}, expected a list of texts, as in ["python", "app.py"]')
    arguments = [value.strip()] if isinstance(value, str) else value
    if not arguments or arguments[0] == "":
        raise invalid(NO_PROGRAM)
    if isinstance(value, str):
        return possibly_empty_text(value)
    return tuple(_argument(position, one) for position, one in enumerate(arguments))


def _argument(position: int, value: object) -> str:
    if not isinstance(value, str):
        raise invalid(f"item {position}: {describe(value)}, expected text")
    return possibly_empty_text(value)


def shell(value: object) -> Shell:
    if isinstance(value, bool):
        return value
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not parts or not all(isinstance(one, str) and one for one in parts):
        raise invalid(
            f'{describe(value)}, expected true, false, a shell\'s name or a list, as in "bash" or ["bash", "-c"]'
        )
    for part in parts:
        text(part)
    return value if isinstance(value, str) else tuple(parts)


def restart_code(value: object) -> int | bool:
    if value is False or (isinstance(value, int) and value is not True and 0 <= value <= 255):
        return value
    raise invalid(f"{describe(value)}, expected a number from 0 to 255, or false, as in 3")


def stop_signal(value: str, info: ValidationInfo) -> str:
    """Return the full name of a signal of the platform."""
    platform = platform_of(info)
    known = signals_for(platform)
    name = full_name(value)
    if name in known:
        return name
    near = suggest(name, known, cutoff=0.7)
    remedy = f"did you mean {near}?" if near else "write, for example, SIGTERM or SIGINT"
    here = next((table for table, its in PLATFORM_TABLES.items() if its == platform), platform)
    raise invalid(f"{quoted(value)} is not a signal on {here}: {remedy}")


def socket_address(value: str) -> str:
    try:
        parse_address(value)
    except AddressError as error:
        raise invalid(f"{quoted(value)} {error}") from None
    return value


def watch_pattern(pattern: str, info: ValidationInfo) -> str:
    platform = platform_of(info)
    _reject_windows_path(pattern, platform)
    anywhere = "C:\\" if platform == "win32" else "/"
    try:
        anchored = anchor(pattern, PathContext(platform, anywhere, anywhere))
    except PatternError as error:
        raise invalid(str(error)) from None
    _reject_unusable(anchored.pattern, pattern)
    return pattern


def ignore_pattern(pattern: str, info: ValidationInfo) -> str:
    _reject_windows_path(pattern, platform_of(info))
    if _OUTSIDE.match(pattern) or pattern.endswith("/..") or "/../" in pattern:
        remedy = "write the name alone, or a path below that directory"
        raise invalid(f"{quoted(pattern)} lies outside the config file's directory: {remedy}")
    _reject_unusable(pattern, pattern)
    return pattern


def _reject_windows_path(pattern: str, platform: str) -> None:
    if platform == "win32" and _WINDOWS_PATH.match(pattern):
        raise invalid(f"{quoted(pattern)} uses '\\', which escapes the next character in a pattern: write '/'")


def _reject_unusable(pattern: str, as_written: str) -> None:
    """Reject a pattern that the filter cannot compile."""
    try:
        Patterns("", (Rule(pattern, ""),))
    except PatternError:
        remedy = "close every '[', and write '\\#' for a '#' at the start"
        raise invalid(f"{quoted(as_written)} is a pattern that matches nothing: {remedy}") from None
