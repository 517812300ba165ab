"""Writes values as TOML, and finds a pattern in a TOML text. Knows nothing of the keys of a configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def in_toml(value: object) -> str:
    """Return ``value`` on one line, as after ``key =``. TOML reads it back as the same, but for bytes that are not text.

    Such a byte of a file name becomes a question mark.
    """
    match value:
        case str():
            # TOML has JSON's escapes. JSON does not escape DEL, which TOML must.
            return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")
        case bool():
            return "true" if value else "false"
        case Mapping():
            pairs = ", ".join(f"{_key(str(name))} = {in_toml(one)}" for name, one in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            return f"[{', '.join(in_toml(one) for one in value)}]"
        case _:
            return repr(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else in_toml(name)


def line_of(pattern: str, text: str) -> int:
    """Return the number of the only line that holds ``pattern`` as a string, or 0.

    The parser gives no lines, so the text is searched. A comment is passed over. Of several lines, none is chosen.
    """
    lines = text.splitlines()
    for form in _forms(pattern):
        numbers = [
            number
            for number, line in enumerate(lines, 1)
            if any(quoted in line for quoted in _quoted(form)) and not line.lstrip().startswith("#")
        ]
        if numbers:
            return numbers[0] if len(numbers) == 1 else 0
    return 0


def _forms(pattern: str) -> Sequence[str]:
    """Return the ways to write a pattern that was anchored since."""
    negation = "!" if pattern.startswith("!") else ""
    body = pattern[len(negation) :].lstrip("/")
    return tuple(dict.fromkeys((pattern, f"{negation}{body}", f"{negation}./{body}", f"{negation}{body}/")))


def _quoted(text: str) -> tuple[str, str]:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"', f"'{text}'"
