"""One gitignore pattern as a regular expression.

pathspec translates. Where it differs from git, this module corrects it: bracket expressions (classes such as ``[:alpha:]``,
escapes, reversed ranges), ``*/`` and ``x/**/``.
"""

from __future__ import annotations

import re

from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

DIRECTORY_MARK = "ps_d"  # the group that pathspec sets if a directory, or something below one, matched

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = rf"\[:(?:{'|'.join(_CLASSES)}):\]"
_MEMBER = rf"{_CLASS}|\\[^/]|[^\\/\]]"
_BRACKETS = re.compile(rf"\\.|\[[!^]?(?:\]|{_MEMBER})(?:{_MEMBER})*\]", re.DOTALL)
_OPEN_BRACKET = re.compile(r"(?<!\\)(?:\\\\)*\[")
_ITEM = re.compile(
    rf"\[:(?P<name>{'|'.join(_CLASSES)}):\]|(?P<low>\\.|[^\\])(?:-(?P<high>\\.|[^\\]))?",
    re.DOTALL,
)
_INSIDE_ONLY = re.compile(r"(?<=[^/])(?:/\*\*)+/ *$")

#: Stands for a bracket expression while pathspec translates the rest: it leaves letters as they are.
_FIRST_PLACEHOLDER = 0x100000


def regular_expression(pattern: str) -> str | None:
    """Return what ``pattern`` matches, from the start of a path with ``/``. The path of a directory ends in ``/``.

    Return None for a pattern that matches nothing: a comment, an empty line, an open bracket.
    Raise ValueError for an invalid one.
    """
    brackets: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        if found[0].startswith("\\"):
            return found[0]
        brackets.append(_bracket_expression(found[0]))
        return chr(_FIRST_PLACEHOLDER + len(brackets) - 1)

    # "x/**/" means every directory inside x; pathspec takes it for x itself.
    plain = _INSIDE_ONLY.sub("/**/*/", _BRACKETS.sub(set_aside, pattern))
    if _OPEN_BRACKET.search(plain):
        return None  # pathspec would translate some of them, to an expression that Python warns of
    expression = _translated(plain)
    for number, bracket in enumerate(brackets):
        expression = expression and expression.replace(chr(_FIRST_PLACEHOLDER + number), bracket)
    return expression


def _translated(pattern: str) -> str | None:
    try:
        regex = GitIgnoreSpecPattern(pattern).regex
    except GitIgnorePatternError as error:
        raise ValueError(pattern) from error
    if regex is None or pattern.rstrip() == "!/":  # matches nothing, like "/"
        return None
    expression: str = regex.pattern.replace("|$)", r"|\Z)")  # a name may end in a line feed
    if expression.startswith("^"):
        return expression
    # pathspec turns patterns such as "*/" into expressions for search(); reloader uses match().
    return ("^.*" if DIRECTORY_MARK in expression else "^.*?") + expression


def _bracket_expression(glob: str) -> str:
    """Return ``glob``, from bracket to bracket, as an expression for one character, which is never a slash."""
    negated = glob[1] in "!^"
    members = "".join(_member(item) for item in _ITEM.finditer(glob, 2 if negated else 1, len(glob) - 1))
    if not members:  # a reversed range is empty
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{members}]"


def _member(item: re.Match[str]) -> str:
    if item["name"]:
        return _CLASSES[item["name"]]
    low, high = item["low"][-1], (item["high"] or item["low"])[-1]  # without the backslash
    return f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
