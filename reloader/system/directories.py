"""Directories of this user: for control sockets, state, caches, and the files of one session."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping

from reloader.core.changes import ChangeBatch

_NAME = "reloader"
#: The permission bits of other users, and those of them that allow writing.
_ANY_ACCESS, _WRITE_ACCESS = 0o077, 0o022


class NotPrivate(OSError):
    """A directory exists, but other users may enter it."""


def runtime_directories(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the directories in which running sessions may have their control sockets, the best one first.

    A client looks in all of them: an editor, ssh or a container may have other variables than the session.
    """
    if sys.platform == "win32":
        yield os.path.join(environ.get("LOCALAPPDATA") or tempfile.gettempdir(), _NAME, "run")
        return
    user = os.geteuid()
    given = environ.get("XDG_RUNTIME_DIR", "")
    directories = [os.path.join(given, _NAME)] if os.path.isabs(given) and _is_owned(given) else []
    if _is_owned(f"/run/user/{user}"):
        directories.append(f"/run/user/{user}/{_NAME}")
    temporary = (tempfile.gettempdir(), "/tmp")  # noqa: S108 - `make_private` checks the directory in it before its use
    directories += [os.path.join(above, f"{_NAME}-{user}") for above in temporary]
    yield from dict.fromkeys(directories)


def state_directory(environ: Mapping[str, str], home: str) -> str:
    """Return the directory for files that outlive a session, by the convention of the system."""
    given = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):
        return os.path.join(given, _NAME)
    if sys.platform == "win32":
        return os.path.join(_local_app_data(environ, home), _NAME)
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", _NAME)
    return os.path.join(home, ".local", "state", _NAME)


def cache_directories(environ: Mapping[str, str], home: str) -> list[str]:
    """Return the directories for files that can be made again, the best one first.

    The last one, in the directory for temporary files, is for users without a home.
    """
    if sys.platform == "win32":
        return [
            os.path.join(_local_app_data(environ, home), _NAME, "cache"),
            os.path.join(tempfile.gettempdir(), _NAME),
        ]
    if sys.platform == "darwin":
        best = os.path.join(home, "Library", "Caches")
    else:
        best = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return [
        *([os.path.join(best, _NAME)] if os.path.isabs(best) else []),
        os.path.join(tempfile.gettempdir(), f"{_NAME}-{os.getuid()}"),
    ]


def make_private(directory: str) -> None:
    """Create ``directory`` for this user alone, or check that it is private. Raises OSError."""
    try:
        os.makedirs(directory, mode=0o700)
    except FileExistsError:
        if not is_private(directory):
            raise NotPrivate(f"{directory} is not a directory that only this user may enter") from None


def is_private(directory: str) -> bool:
    """Return True if ``directory`` belongs to this user and others may not even enter it: for secrets."""
    return _is_closed(directory, _ANY_ACCESS)


def is_protected(directory: str) -> bool:
    """Return True if ``directory`` belongs to this user and others may not write to it: for code that is executed."""
    return _is_closed(directory, _WRITE_ACCESS)


def _is_closed(directory: str, forbidden: int) -> bool:
    """Return True for a directory, not a link, of this user without ``forbidden`` bits.

    On Windows the directory above it, in the user's profile, has the access control list.
    """
    try:
        found = os.lstat(directory)
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    return sys.platform == "win32" or (found.st_uid == os.geteuid() and not found.st_mode & forbidden)


def _is_owned(directory: str) -> bool:
    if sys.platform == "win32":
        return True
    try:
        return os.lstat(directory).st_uid == os.geteuid()
    except OSError:
        return False


def _local_app_data(environ: Mapping[str, str], home: str) -> str:
    return environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")


class SessionFiles:
    """The private directory of one session, by which the program receives files.

    ``directory`` is its path, which cannot be guessed. It is ``None`` if no directory is writable. It is created when it is
    first needed: by then the guard exists, which removes it if the supervisor is killed.
    """

    def __init__(self) -> None:
        self.directory: str | None = None
        try:
            above = os.path.realpath(tempfile.gettempdir())
        except OSError:
            return  # no directory is writable
        self.directory = os.path.join(above, f"reloader-{os.urandom(8).hex()}")

    def ensure_directory(self) -> str | None:
        """Create the directory, again if it was removed, and return its path. Return None if that fails."""
        if self.directory is None:
            return None
        try:
            os.mkdir(self.directory, 0o700)
        except FileExistsError:
            return self.directory if is_private(self.directory) else None
        except OSError:  # the disk is full or read-only
            return None
        return self.directory

    def write_changes(self, changes: ChangeBatch, name: str = "changes") -> Mapping[str, str]:
        """Write ``changes`` to a file, one JSON object a line. Return the variable that holds its path."""
        directory = self.ensure_directory()
        if directory is None:
            return {}
        path = os.path.join(directory, f"{name}.jsonl")
        try:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(
                    json.dumps({"path": change.path, "kind": change.kind.value}) + "\n" for change in changes
                )
        except OSError:
            return {}
        return {"RELOADER_CHANGES_FILE": path}

    def close(self) -> None:
        """Remove the directory. May be called twice."""
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None
