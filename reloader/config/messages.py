"""Our words for what is wrong. The only place that knows how pydantic names its errors, so that nobody else has to read them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from reloader.config.options import Key, Kind

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST = 60


def printable(value: str) -> str:
    """Text on one line that any terminal can show; bytes of a name that are no text appear as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in value)


def quoted(value: str) -> str:
    """Text as the user may have written it, but short."""
    return f'"{printable(value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…")}"'


def describe(value: object) -> str:
    """What a value is, for a user who may not know TOML's types."""
    match value:
        case bool():
            return f"found {str(value).lower()}"
        case int() if abs(value) >= 10**18:
            return "found a very large number"
        case int() | float():
            return f"found the number {value}"
        case str():
            return f"found the text {quoted(value)}"
        case list() | tuple():
            return "found a list" if value else "found an empty list"
        case dict():
            return "found a table"
        case _:
            return "found a date or a time"


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that was probably meant."""
    near = get_close_matches(word.lower(), tuple(known), n=1)
    return near[0] if near else None


def message_for(key: Key, error: ErrorDetails) -> str:
    """What is wrong with the value of ``key``."""
    value = error["input"]
    match error["type"]:
        case "refused":
            return str(error["ctx"]["sentence"])
        case "string_type" | "enum" if key.kind in (Kind.LIST, Kind.TABLE) and not isinstance(value, str):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return f"{describe(value)}, expected text" + (f': write "{value}"' if is_number else "")
        case "enum" | "string_unicode" if isinstance(value, str):
            near = suggest(value, key.choices)
            remedy = f'did you mean "{near}"?' if near else f"write, for example, {key.example}"
            return f"{quoted(value)} is not one of {', '.join(key.choices)}: {remedy}"
        case _:
            return f"{describe(value)}, expected {key.kind.value}, as in {key.example}"
