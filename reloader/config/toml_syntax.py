"""Values as TOML. What is written here is read back as the same; knows nothing of keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def in_toml(value: object) -> str:
    """``value`` as it would stand behind ``key =``, on one line. A byte of a name that is no text becomes a question mark."""
    match value:
        case str():
            # TOML's escapes are JSON's, but for this one, which JSON need not escape.
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
    """The number of the line that holds ``pattern`` as a string; 0 if it cannot be said which one does."""
    lines = text.splitlines()
    for form in _forms(pattern):
        found = [number for number, line in enumerate(lines, 1) if any(quoted in line for quoted in _quoted(form))]
        found = [number for number in found if not lines[number - 1].lstrip().startswith("#")]
        if found:
            return found[0] if len(found) == 1 else 0
    return 0


def _forms(pattern: str) -> Sequence[str]:
    """How it may have been written before it was placed relative to its base."""
    negation = "!" if pattern.startswith("!") else ""
    body = pattern[len(negation) :].lstrip("/")
    return tuple(dict.fromkeys((pattern, f"{negation}{body}", f"{negation}./{body}", f"{negation}{body}/")))


def _quoted(text: str) -> tuple[str, str]:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"', f"'{text}'"
