"""From compiled Python back to its source, by name alone."""

from __future__ import annotations

import re

#: How compiled Python ends.
BYTECODE = (".pyc", ".pyo")

_CACHED = re.compile(
    r"^(?P<folder>.*[/\\])?__pycache__[/\\](?P<stem>.+?)\.[A-Za-z]+-?[0-9]+[a-z]*(?:\.opt-[0-9A-Za-z]+)?\.py[co]$"
)


def source_name(path: str) -> str | None:
    """Where the source of a ``.pyc`` or ``.pyo`` would lie, or None for any other path.

    ``pkg/__pycache__/x.cpython-311.opt-1.pyc`` is compiled from ``pkg/x.py`` (PEP 3147, PEP 488), a ``.pyc`` outside of a
    ``__pycache__`` from the ``.py`` beside it, as in Python 2.
    """
    if not path.endswith(BYTECODE):
        return None
    cached = _CACHED.match(path)
    if cached:
        return f"{cached['folder'] or ''}{cached['stem']}.py"
    return path[:-1]
