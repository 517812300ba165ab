"""What pydantic cannot judge by type: each function takes a raw value and returns a good one, or refuses it in our words."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from reloader.config.durations import fault_of, seconds_of
from reloader.config.messages import found, quoted
from reloader.config.options import KEYS, PLATFORM_TABLES
from reloader.config.patterns import Ground, place
from reloader.config.shell import Shell
from reloader.config.signals import full_name, signals_of
from reloader.core.paths.filters import PatternError, Patterns, Rule
from reloader.core.sockets import AddressFault, parse_address

NO_PROGRAM = 'is empty: name a program, as in ["python", "app.py"]'

_WINDOWS_PATH = re.compile(r"!?([A-Za-z]:|\.{1,2}|~)\\")
_OUTSIDE = re.compile(r"!?(~/|[A-Za-z]:/|\.\./)")


def refused(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{sentence}", {"sentence": sentence})


def _platform(info: ValidationInfo) -> str:
    """The ``sys.platform`` whose rules the layer follows."""
    return str((info.context or {})["platform"])


def text(value: str) -> str:
    """Text that a path or a process can hold, and that is not empty."""
    if not value:
        raise refused("is empty: write something, or leave the key out")
    return possibly_empty_text(value)


def possibly_empty_text(value: str) -> str:
    if "\0" in value:
        raise refused(f"{quoted(value)} holds a NUL character, which no path and no command can")
    return value


def variable_name(value: str) -> str:
    if not value or "=" in value or "\0" in value:
        raise refused(f"{quoted(value)} cannot name a variable: use letters, digits and '_'")
    return value


def seconds(value: object) -> float:
    return _seconds(value, "debounce", zero_is_allowed=True)


def positive_seconds(value: object) -> float:
    return _seconds(value, "interval", zero_is_allowed=False)


def _seconds(value: object, key: str, *, zero_is_allowed: bool) -> float:
    length = seconds_of(value) if isinstance(value, str) else value
    if isinstance(length, bool) or not isinstance(length, (int, float)):
        raise refused(f'{found(value)}, expected seconds or text with a unit, as in {KEYS[key].example} or "300ms"')
    try:
        length = float(length)
    except OverflowError:
        length = math.inf
    fault = fault_of(length, zero_is_allowed=zero_is_allowed)
    if fault is not None:
        raise refused(f"{quoted(value) if isinstance(value, str) else f'{length:g}'} {fault}")
    return length


def command(value: object) -> str | tuple[str, ...]:
    """Never empty. A text is not split here: whether a shell reads it may be written elsewhere."""
    if not isinstance(value, (str, list, tuple)):
        raise refused(f'{found(value)}, expected a list of texts, as in ["python", "app.py"]')
    words = [value.strip()] if isinstance(value, str) else value
    if not words or words[0] == "":
        raise refused(NO_PROGRAM)
    if isinstance(value, str):
        return possibly_empty_text(value)
    return tuple(_word(position, word) for position, word in enumerate(words))


def _word(position: int, word: object) -> str:
    if not isinstance(word, str):
        raise refused(f"item {position}: {found(word)}, expected text")
    return possibly_empty_text(word)


def shell(value: object) -> Shell:
    if isinstance(value, bool):
        return value
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(word, str) and word for word in words):
        raise refused(
            f'{found(value)}, expected true, false, a shell\'s name or a list, as in "bash" or ["bash", "-c"]'
        )
    for word in words:
        text(word)
    return value if isinstance(value, str) else tuple(words)


def restart_code(value: object) -> int | bool:
    if value is False or (isinstance(value, int) and value is not True and 0 <= value <= 255):
        return value
    raise refused(f"{found(value)}, expected a number from 0 to 255, or false, as in 3")


def stop_signal(value: str, info: ValidationInfo) -> str:
    """The full name of a signal of the platform."""
    platform = _platform(info)
    known = signals_of(platform)
    name = full_name(value)
    if name in known:
        return name
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    remedy = f"did you mean {near[0]}?" if near else "write, for example, SIGTERM or SIGINT"
    here = next((table for table, its in PLATFORM_TABLES.items() if its == platform), platform)
    raise refused(f"{quoted(value)} is no signal of {here}: {remedy}")


def socket_address(value: str) -> str:
    try:
        parse_address(value)
    except AddressFault as fault:
        raise refused(f"{quoted(value)} {fault}") from None
    return value


def watch_pattern(pattern: str, info: ValidationInfo) -> str:
    platform = _platform(info)
    _refuse_windows_path(pattern, platform)
    anywhere = "C:\\" if platform == "win32" else "/"
    try:
        placed = place(pattern, Ground(platform, anywhere, anywhere))
    except PatternError as error:
        raise refused(str(error)) from None
    _compile(placed.pattern, pattern)
    return pattern


def ignore_pattern(pattern: str, info: ValidationInfo) -> str:
    _refuse_windows_path(pattern, _platform(info))
    if _OUTSIDE.match(pattern) or pattern.endswith("/..") or "/../" in pattern:
        raise refused(
            f"{quoted(pattern)} points outside: ignore is relative to the config file, name it without a path"
        )
    _compile(pattern, pattern)
    return pattern


def _refuse_windows_path(pattern: str, platform: str) -> None:
    if platform == "win32" and _WINDOWS_PATH.match(pattern):
        raise refused(f"{quoted(pattern)} uses '\\', which in a pattern takes a character as it is: write '/'")


def _compile(pattern: str, written: str) -> None:
    """Refuse a pattern that the filter cannot use."""
    try:
        Patterns("", (Rule(pattern, ""),))
    except PatternError:
        remedy = "close every '[', and write '\\#' for a '#' in front"
        raise refused(f"{quoted(written)} is a pattern that matches nothing: {remedy}") from None
