"""A copy of some files of ours where only this user can write, and which outlives us. A frozen program's own do not.

The files of a onefile build are gone with it, or with the next cleaning of the temporary directory; those of any build with the
next upgrade. What was started with their path must still find them, and so must what will be started.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress

_ONLY_THE_USER = 0o700


def persist_directory(directory: str, name: str) -> Callable[[], str]:
    """Says where the files of ``directory`` are: in a frozen program in a copy of that ``name``. Raises OSError."""
    if not hasattr(sys, "frozen"):
        return lambda: directory
    return AgentCopy(directory, name, cache_directories(os.environ, os.path.expanduser("~"))).directory


class AgentCopy:
    """The files of ``source``, which are read now, below one of ``places``, the first that will do.

    The name of the copy is made from what it holds, so that programs of different versions do not disturb each other.
    """

    def __init__(self, source: str, name: str, places: list[str]) -> None:
        self._source = source
        self._files = dict(_read(source))
        self._name = f"{name}-{_digest(self._files):08x}"
        self._places = places

    def directory(self) -> str:
        """Where the copy is. It is made, or mended, if it is not there; where none can be made, it is the source."""
        for place in self._places:
            directory = os.path.join(place, self._name)
            try:
                self._mend(directory)
            except OSError:
                continue
            return directory
        return self._source

    def _mend(self, directory: str) -> None:
        os.makedirs(os.path.dirname(directory), mode=_ONLY_THE_USER, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(directory, _ONLY_THE_USER)
        if not (_is_private(directory) and _is_private(os.path.dirname(directory))):
            raise PermissionError(directory)
        for name, content in self._files.items():
            path = os.path.join(directory, name)
            if not _holds(path, content):
                _put(path, content)


def cache_directories(environ: Mapping[str, str], home: str) -> list[str]:
    """Where a program may keep what it can make again, best first. The last one is for users without a home."""
    if sys.platform == "win32":
        best = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return [os.path.join(best, "reloader", "cache"), os.path.join(tempfile.gettempdir(), "reloader")]
    if sys.platform == "darwin":
        best = os.path.join(home, "Library", "Caches")
    else:
        best = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return [
        *([os.path.join(best, "reloader")] if os.path.isabs(best) else []),
        os.path.join(tempfile.gettempdir(), f"reloader-{os.getuid()}"),
    ]


def _read(directory: str) -> list[tuple[str, bytes]]:
    files = [entry for entry in os.scandir(directory) if entry.name.endswith(".py")]
    return [(entry.name, _content(entry.path)) for entry in sorted(files, key=lambda entry: entry.name)]


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _digest(files: Mapping[str, bytes]) -> int:
    return zlib.crc32(b"\0".join(name.encode() + b"\0" + content for name, content in files.items()))


def _is_private(directory: str) -> bool:
    """A directory, no link to one, in which nobody else may write. On Windows that is so for all that is the user's."""
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode):
        return False
    return sys.platform == "win32" or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def _holds(path: str, content: bytes) -> bool:
    try:
        return not os.path.islink(path) and _content(path) == content
    except OSError:
        return False


def _put(path: str, content: bytes) -> None:
    """In one step: another session may be reading it."""
    beside = f"{path}.{os.getpid()}"
    with open(beside, "wb") as file:
        file.write(content)
    os.replace(beside, path)
