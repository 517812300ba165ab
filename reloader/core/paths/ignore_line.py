"""The line of a config by which files are ignored, as the user may copy it."""

from __future__ import annotations

from collections.abc import Iterable


def ignore_pattern(path: str, base: str, separator: str) -> str:
    """The gitignore pattern that means ``path`` and nothing else. Outside of ``base`` it can but mean the name, anywhere."""
    prefix = base.rstrip(separator) + separator
    if path.startswith(prefix):
        return "/" + "/".join(map(_escaped, path[len(prefix) :].split(separator)))
    name = _escaped(path.rpartition(separator)[2])
    return "\\" + name if name.startswith(("#", "!")) else name


def _escaped(name: str) -> str:
    """``name`` so that it stands for itself. What cannot be printed, and so not be copied, is asked for as any character."""
    escaped = "".join(
        "\\" + letter if letter in "\\*?[" else letter if letter.isprintable() else "?" for letter in name
    )
    kept = escaped.rstrip(" ")
    return kept + "\\ " * (len(escaped) - len(kept))


def ignore_line(patterns: Iterable[str]) -> str:
    """The line of a config that ignores ``patterns``."""
    return f"ignore = [{', '.join(map(_quoted, patterns))}]"


def _quoted(text: str) -> str:
    """A basic string of TOML, which Python reads as the same."""
    return '"' + "".join(_in_quotes(letter) for letter in text) + '"'


def _in_quotes(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    return f"\\u{ord(letter):04x}" if letter < " " or letter == "\x7f" else letter
