"""Where in a TOML file a pattern is written. Asked for only when somebody wants to know, so that reading a config stays quick."""

from __future__ import annotations

from collections.abc import Sequence


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
