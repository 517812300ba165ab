"""Python by names alone: the source of a compiled file, and the commands that run Python."""

from __future__ import annotations

import re

#: The suffixes of Python sources.
SOURCE_SUFFIXES = (".py", ".pyw")
#: The suffixes of compiled Python.
BYTECODE_SUFFIXES = (".pyc", ".pyo")

_CACHED = re.compile(
    r"^(?P<folder>.*[/\\])?__pycache__[/\\](?P<stem>.+?)\.[A-Za-z]+-?[0-9]+[a-z]*(?:\.opt-[0-9A-Za-z]+)?\.py[co]$"
)


def source_path(path: str) -> str | None:
    """Return the path of the source of a ``.pyc`` or ``.pyo``, or None for any other path.

    ``pkg/__pycache__/x.cpython-311.opt-1.pyc`` is compiled from ``pkg/x.py`` (PEP 3147, PEP 488), a ``.pyc`` outside of
    ``__pycache__`` from the ``.py`` beside it, as in Python 2.
    """
    if not path.endswith(BYTECODE_SUFFIXES):
        return None
    cached = _CACHED.match(path)
    if cached:
        return f"{cached['folder'] or ''}{cached['stem']}.py"
    return path[:-1]


_PYTHON = re.compile(r"(python|pypy)[0-9.]*t?w?|pyw?", re.IGNORECASE)
#: Programs that only start a Python program and wait for it.
_LAUNCHERS = frozenset({"conda", "hatch", "micromamba", "pdm", "pipenv", "pixi", "poetry", "rye", "uv", "uvx"})


def program_name(command: str) -> str:
    """Return the name of a program without its directory and the ``.exe`` of Windows."""
    name = re.split(r"[/\\]", command)[-1]
    return name[:-4] if name.lower().endswith(".exe") else name


def is_python(command: str) -> bool:
    """Return True if the program is a Python interpreter, judged by its name."""
    return _PYTHON.fullmatch(program_name(command)) is not None


def starts_python(command: str) -> bool:
    """Return True if the program is a Python interpreter, or starts one."""
    return is_python(command) or program_name(command) in _LAUNCHERS
