"""One gitignore pattern as a regular expression.

pathspec translates; what it leaves to be wished is made good here, against git: bracket expressions (classes such as
``[:alpha:]``, escapes, ranges that are upside down), ``*/`` and ``x/**/``.
"""

from __future__ import annotations

import re

from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

DIRECTORY_MARK = "ps_d"  # the group by which pathspec says that a directory, or something below one, matched

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
_ITEM = re.compile(
    rf"\[:(?P<name>{'|'.join(_CLASSES)}):\]|(?P<low>\\.|[^\\])(?:-(?P<high>\\.|[^\\]))?",
    re.DOTALL,
)
_INSIDE_ONLY = re.compile(r"(?<=[^/])(?:/\*\*)+/ *$")

#: Stands for a bracket expression while pathspec translates the rest: it leaves letters as they are.
_FIRST_PLACE = 0x100000


def regular_expression(pattern: str) -> str | None:
    """What ``pattern`` matches, from the start of a path with ``/``; a directory's path ends in one.

    None if it can match nothing: a comment, an empty line, an open bracket. Raises ValueError for what is no pattern.
    """
    brackets: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        if found[0].startswith("\\"):
            return found[0]
        brackets.append(_bracket_expression(found[0]))
        return chr(_FIRST_PLACE + len(brackets) - 1)

    # "x/**/" means every directory inside x; pathspec takes it for x itself.
    plain = _INSIDE_ONLY.sub("/**/*/", _BRACKETS.sub(set_aside, pattern))
    expression = _translated(plain)
    for place, bracket in enumerate(brackets):
        expression = expression and expression.replace(chr(_FIRST_PLACE + place), bracket)
    return expression


def _translated(pattern: str) -> str | None:
    try:
        regex = GitIgnoreSpecPattern(pattern).regex
    except GitIgnorePatternError as error:
        raise ValueError(pattern) from error
    if regex is None or pattern.rstrip() == "!/":  # which is nothing, as "/" is
        return None
    expression: str = regex.pattern.replace("|$)", r"|\Z)")  # a name may end in a line feed
    if expression.startswith("^"):
        return expression
    # "*/" and its like become expressions that are to be searched for, and we match from the start.
    return ("^.*" if DIRECTORY_MARK in expression else "^.*?") + expression


def _bracket_expression(glob: str) -> str:
    """``glob``, from bracket to bracket, as an expression for one character, which a slash never is."""
    negated = glob[1] in "!^"
    members = "".join(_member(item) for item in _ITEM.finditer(glob, 2 if negated else 1, len(glob) - 1))
    if not members:  # a range that is upside down holds nothing
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{members}]"


def _member(item: re.Match[str]) -> str:
    if item["name"]:
        return _CLASSES[item["name"]]
    low, high = item["low"][-1], (item["high"] or item["low"])[-1]  # without the backslash
    return f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
