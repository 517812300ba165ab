"""Under which names a session that belongs here could be known. Reads nothing: a session lives on while its file is broken."""

from __future__ import annotations

import os
from collections.abc import Iterator

from reloader.config.discovery import FILE_NAME, PROJECT_FILE, upwards


def projects_of(named: str | None, directory: str, home: str) -> tuple[str, ...]:
    """Real paths, the likeliest first: of the file that was ``named``, or of all that apply in ``directory``.

    A session without a file is known by the directory that it was started in.
    """
    if named is not None:
        start = os.path.join(home, named[2:]) if named.startswith("~/") else named
        return (os.path.realpath(os.path.join(directory, start)),)
    return tuple(dict.fromkeys(os.path.realpath(path) for path in _candidates(directory)))


def _candidates(directory: str) -> Iterator[str]:
    places = list(upwards(directory))
    for name in (FILE_NAME, PROJECT_FILE):
        yield from (path for place in places if os.path.lexists(path := os.path.join(place, name)))
    yield from places
