"""Parts of error messages: a value, a quoted text, a suggestion. The command line uses them as well.

No other module knows how pydantic names its errors. Imports nothing that costs, so that ``--help`` can afford it.
"""

from __future__ import annotations

from collections.abc import Iterable

from reloader.config.options import Key, Kind

TYPE_CHECKING = False  # typing and pydantic cost too much for the command line
if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MAX_QUOTED = 60

_LINES = (0x2028, 0x2029)
_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # the source of "trojan source", CVE-2021-42574
_UNSAFE = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0))}
_UNSAFE |= {code: f"\\u{code:04x}" for code in (*_LINES, *_DIRECTIONS)}


def printable(value: str) -> str:
    """Return ``value`` on one line that is safe in a terminal.

    Control characters, characters that change the direction of the text, and bytes that are not text become escapes.
    """
    return value.encode("utf-8", "backslashreplace").decode().translate(_UNSAFE)


def quoted(value: str) -> str:
    """Return ``value`` in quotes, shortened to 60 characters."""
    return f'"{printable(value if len(value) <= _MAX_QUOTED else value[: _MAX_QUOTED - 1] + "…")}"'


def suggest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the one of ``known`` that ``word`` was probably meant to be, whatever its case, or None.

    ``cutoff`` is the least similarity, from 0 to 1 (``difflib.get_close_matches``).
    """
    from difflib import get_close_matches  # costs as much as the parser itself, and few commands are mistyped

    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), names, n=1, cutoff=cutoff)
    return names[near[0]] if near else None


def describe(value: object) -> str:
    """Say what a value is, for a user who may not know TOML's types."""
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


def message_for(key: Key, error: ErrorDetails) -> str:
    """Say what is wrong with the value of ``key``, and what to write."""
    value = error["input"]
    match error["type"]:
        case "invalid":
            return str(error["ctx"]["message"])
        case "string_type" | "enum" if key.kind in (Kind.LIST, Kind.TABLE) and not isinstance(value, str):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return f"{describe(value)}, expected text" + (f': write "{value}"' if is_number else "")
        case "enum" | "string_unicode" if isinstance(value, str):
            near = suggest(value, key.choices)
            remedy = f'did you mean "{near}"?' if near else f"write, for example, {key.example}"
            return f"{quoted(value)} is not one of {', '.join(key.choices)}: {remedy}"
        case _:
            expected = f"one of {', '.join(key.choices)}" if key.kind is Kind.CHOICE else key.kind.value
            return f"{describe(value)}, expected {expected}, as in {key.example}"
