"""What a command's name says of it."""

from __future__ import annotations

import re

_PYTHON = re.compile(r"(python|pypy)[0-9.]*t?w?|pyw?", re.IGNORECASE)
#: Programs that do nothing but start a Python program, and wait for it.
_LAUNCHERS = frozenset({"conda", "hatch", "micromamba", "pdm", "pipenv", "pixi", "poetry", "rye", "uv", "uvx"})


def stem(command: str) -> str:
    """The name of a program, without its directory and what Windows puts behind it."""
    name = re.split(r"[/\\]", command)[-1]
    return name[:-4] if name.lower().endswith(".exe") else name


def is_python(command: str) -> bool:
    """Whether the program is a Python, as far as its name can tell."""
    return _PYTHON.fullmatch(stem(command)) is not None


def starts_python(command: str) -> bool:
    """Whether it is one, or what it starts will be."""
    return is_python(command) or stem(command) in _LAUNCHERS
