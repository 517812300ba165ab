"""Paths as tests write them, on every system."""

from __future__ import annotations

import os


def relative(path: str, root: object) -> str:
    """``path`` as seen from ``root``, with ``/``."""
    return os.path.relpath(path, str(root)).replace(os.sep, "/")
