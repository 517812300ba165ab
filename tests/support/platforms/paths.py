"""Writes paths as tests do, on every system."""

from __future__ import annotations

import os


def relative(path: str, root: object) -> str:
    """Return ``path`` relative to ``root``, with ``/``."""
    return os.path.relpath(path, str(root)).replace(os.sep, "/")
