"""Delete cached bytecode that Python would run although its source has changed."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

_HEADER = struct.Struct("<4sIII")  # magic, flags, mtime in seconds, size (PEP 552)


def drop_stale_bytecode(sources: Iterable[str]) -> list[str]:
    """Delete the cached bytecode of changed ``sources`` that looks fresh to Python, and return its paths.

    Python compares whole seconds and the size. Of a source that was saved twice within a second, with the same size, it
    would run the first version. The next import writes the cache again.
    """
    dropped: list[str] = []
    for source in sources:
        if source.endswith(".py"):
            dropped += [cached for cached in _caches_of(source) if _looks_fresh(cached, source) and _deleted(cached)]
    return dropped


def _caches_of(source: str) -> list[str]:
    folder = os.path.join(os.path.dirname(source), "__pycache__")
    stem = os.path.basename(source)[:-2]
    try:
        names = os.listdir(folder)
    except OSError:
        return []  # it has no cache
    return [os.path.join(folder, name) for name in names if name.startswith(stem) and name.endswith(".pyc")]


def _looks_fresh(cached: str, source: str) -> bool:
    try:
        with open(cached, "rb") as file:
            _, flags, seconds, size = _HEADER.unpack(file.read(_HEADER.size))
        found = os.stat(source)
    except (OSError, struct.error):
        return False  # it does not exist, or is not bytecode
    return bool(flags == 0 and seconds == int(found.st_mtime) & 0xFFFFFFFF and size == found.st_size & 0xFFFFFFFF)


def _deleted(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False  # already deleted, or not writable: then Python did not write it for this user either
    return True
