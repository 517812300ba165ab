"""Paths within directories, by their text alone: nothing is resolved, and the disk is not read."""

from __future__ import annotations

from collections.abc import Iterable


def is_within(path: str, directory: str, separator: str = "/") -> bool:
    """Return True if ``path`` is ``directory`` or lies below it, by components and not by characters."""
    return path == directory or path.startswith(directory.rstrip(separator) + separator)


def relative_to(path: str, directory: str, separator: str = "/") -> str | None:
    """Return the part of ``path`` below ``directory``, or None if it does not lie below it."""
    prefix = directory.rstrip(separator) + separator
    return path[len(prefix) :] if path.startswith(prefix) else None


def minimal_roots(directories: Iterable[str], separator: str = "/") -> tuple[str, ...]:
    """Return ``directories`` without those that lie in another one, sorted."""
    roots: list[str] = []
    # Sorted with a separator at the end, a directory is followed at once by all that lie in it.
    for directory in sorted(set(directories), key=lambda path: path.rstrip(separator) + separator):
        if not roots or not is_within(directory, roots[-1], separator):
            roots.append(directory)
    return tuple(sorted(roots))
