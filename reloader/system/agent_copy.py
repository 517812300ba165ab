"""Keep a copy of the agent's files that outlives a frozen program.

The files of a onefile build vanish with it, or when temporary files are cleaned up; those of any build at the next upgrade.
Programs that were started with their path must still find them, and so must programs that are started later.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress

from reloader.system.directories import cache_directories, is_protected

_ONLY_THE_USER = 0o700


def persist_directory(directory: str, name: str) -> Callable[[], str]:
    """Return a function that returns a lasting path of the files in ``directory``. Raises OSError.

    In a frozen program that is a copy called ``name``, elsewhere ``directory`` itself.
    """
    if not hasattr(sys, "frozen"):
        return lambda: directory
    return AgentCopy(directory, name, cache_directories(os.environ, os.path.expanduser("~"))).directory


class AgentCopy:
    """A copy of the files of ``source``, as they are now, below the first usable one of ``parents``.

    A digest of its content is part of the name, so that programs of different versions do not disturb each other.
    """

    def __init__(self, source: str, name: str, parents: list[str]) -> None:
        self._source = source
        self._files = dict(_read(source))
        self._name = f"{name}-{_digest(self._files):08x}"
        self._parents = parents

    def directory(self) -> str:
        """Create or repair the copy, and return its path. Return the source if no copy can be made."""
        for parent in self._parents:
            directory = os.path.join(parent, self._name)
            try:
                self._repair(directory)
            except OSError:
                continue
            return directory
        return self._source

    def _repair(self, directory: str) -> None:
        os.makedirs(os.path.dirname(directory), mode=_ONLY_THE_USER, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(directory, _ONLY_THE_USER)
        if not (is_protected(directory) and is_protected(os.path.dirname(directory))):
            raise PermissionError(directory)
        for name, content in self._files.items():
            path = os.path.join(directory, name)
            if not _has_content(path, content):
                _replace(path, content)


def _read(directory: str) -> list[tuple[str, bytes]]:
    files = [entry for entry in os.scandir(directory) if entry.name.endswith(".py")]
    return [(entry.name, _content(entry.path)) for entry in sorted(files, key=lambda entry: entry.name)]


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _digest(files: Mapping[str, bytes]) -> int:
    return zlib.crc32(b"\0".join(name.encode() + b"\0" + content for name, content in files.items()))


def _has_content(path: str, content: bytes) -> bool:
    try:
        return not os.path.islink(path) and _content(path) == content
    except OSError:
        return False


def _replace(path: str, content: bytes) -> None:
    """Replace the file in one step: another session may be reading it."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(content)
    os.replace(temporary, path)
