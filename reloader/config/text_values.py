"""Turns the text of a variable or a flag into the value that the file would hold. The model validates it."""

from __future__ import annotations

import math
import re

from reloader.config.options import Key, Kind

LONGEST_DURATION = 86_400.0
"""A day, in seconds. Longer ones overflow the timers of some systems."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_WITH_UNIT = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)) ?(ms|s|m|h)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def parse_duration(text: str) -> float | None:
    """Return the seconds of a text with a unit (``300ms``, ``2s``, ``1.5m``), or None for any other text."""
    found = _WITH_UNIT.fullmatch(text)
    return float(found[1]) * _UNITS[found[2]] if found else None


def parse_number(text: str) -> float | None:
    """Return the number that ``text`` is, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def duration_problem(seconds: float, *, zero_is_allowed: bool) -> str | None:
    """Say what is wrong with a number of seconds, and what to write. Return None if it is valid."""
    if not math.isfinite(seconds):
        return "is not a duration: write a finite number of seconds"
    if seconds < 0:
        return "is negative: " + ("write 0 or more" if zero_is_allowed else "write more than 0")
    if seconds == 0 and not zero_is_allowed:
        return "is not allowed: write more than 0"
    if seconds > LONGEST_DURATION:
        return "is longer than a day: write at most 86400"
    return None


_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def parse_value(key: Key, text: str) -> object:
    """Return the value that ``text`` stands for. Text that stands for none is returned as it is: the model rejects it."""
    match key.kind:
        case Kind.BOOLEAN:
            return _boolean(text)
        case Kind.SECONDS:
            number = parse_number(text.strip())
            return text if number is None else number
        case Kind.CODE:
            return int(text) if _INTEGER.fullmatch(text) else _boolean(text)
        case Kind.LIST:
            return _first(_toml(text, "["), [item.strip() for item in text.split(",") if item.strip()])
        case Kind.TABLE:
            return _table(text)
        case Kind.TASKS:
            return _first(_toml(text, "["), [text])
        case Kind.COMMAND:
            return _first(_toml(text, "["), text)
        case Kind.SHELL:
            return _first(_toml(text, "["), _boolean(text))
        case _:
            return text


def merge_values(key: Key, texts: list[str]) -> object:
    """Return the value of a repeated flag. Lists are joined, tables are merged, and the last one wins."""
    values = [parse_value(key, text) for text in texts]
    if key.kind is Kind.TABLE:
        tables = [value for value in values if isinstance(value, dict)]
        invalid = [value for value in values if not isinstance(value, dict)]
        return invalid[0] if invalid else {name: value for table in tables for name, value in table.items()}
    return [item for value in values if isinstance(value, list) for item in value]


def _boolean(text: str) -> object:
    return _BOOLEANS.get(text.strip().lower(), text)


def _table(text: str) -> object:
    """Return an inline table, or one ``NAME=VALUE``, as a table."""
    name, equals, value = text.partition("=")
    return _first(_toml(text, "{"), {name: value} if equals else text)


def _first(value: object, otherwise: object) -> object:
    return otherwise if value is None else value


def _toml(text: str, opening: str) -> object:
    """Return the array or inline table that ``text`` is, or None."""
    if not text.lstrip().startswith(opening):
        return None
    import tomli  # only few values need it

    try:
        document = tomli.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError):
        return None
    return document["value"] if len(document) == 1 else None
