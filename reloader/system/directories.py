"""Directories of this user that nobody else may enter: for sockets, and for what outlives a session."""

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


class NotPrivate(OSError):
    """A directory that should be this user's alone is not."""


def runtime_directories(environ: Mapping[str, str]) -> Iterator[str]:
    """Where the sockets of running sessions may be, the best place first.

    A program that was started otherwise than the session (by an editor, through ssh, in a container) may have other variables, so
    who looks for a session looks in all of them.
    """
    if sys.platform == "win32":
        yield os.path.join(environ.get("LOCALAPPDATA") or tempfile.gettempdir(), _NAME, "run")
        return
    user = os.geteuid()
    given = environ.get("XDG_RUNTIME_DIR", "")
    places = [os.path.join(given, _NAME)] if os.path.isabs(given) and _is_ours(given) else []
    if _is_ours(f"/run/user/{user}"):
        places.append(f"/run/user/{user}/{_NAME}")
    temporary = (tempfile.gettempdir(), "/tmp")  # noqa: S108 - what lies there is looked at before it is used
    places += [os.path.join(above, f"{_NAME}-{user}") for above in temporary]
    yield from dict.fromkeys(places)


def state_directory(environ: Mapping[str, str], home: str) -> str:
    """Where a program keeps what shall outlive it, by the custom of the system."""
    given = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):
        return os.path.join(given, _NAME)
    if sys.platform == "win32":
        return os.path.join(environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local"), _NAME)
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", _NAME)
    return os.path.join(home, ".local", "state", _NAME)


def make_private(directory: str) -> None:
    """Have ``directory``, which only this user may enter. Raises OSError where that cannot be."""
    try:
        os.makedirs(directory, mode=0o700)
    except FileExistsError:
        if not is_private(directory):
            raise NotPrivate(f"{directory} is not a directory that only this user may enter") from None


def is_private(directory: str) -> bool:
    """Whether ``directory`` is there, ours, and closed to all others. On Windows the directory above sees to it."""
    try:
        found = os.lstat(directory)
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    if sys.platform == "win32":
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _is_ours(directory: str) -> bool:
    if sys.platform == "win32":
        return True
    try:
        return os.lstat(directory).st_uid == os.geteuid()
    except OSError:
        return False


class SessionFiles:
    """``folder`` is the name of the directory, which nobody can guess. It is None where there can be none.

    It is made when it is first needed: by then there is a guard, which removes it if we are killed.
    """

    def __init__(self) -> None:
        self.directory: str | None = None
        try:
            above = os.path.realpath(tempfile.gettempdir())
        except OSError:
            return  # no directory can be written to
        self.directory = os.path.join(above, f"reloader-{os.urandom(8).hex()}")

    def ensure_directory(self) -> str | None:
        """The directory, which is there now; made again if somebody has cleaned up. None where that cannot be."""
        if self.directory is None:
            return None
        try:
            os.mkdir(self.directory, 0o700)
        except FileExistsError:
            return self.directory if is_private(self.directory) else None
        except OSError:  # a full disk, or one that cannot be written to
            return None
        return self.directory

    def write_changes(self, changes: ChangeBatch, name: str = "changes") -> Mapping[str, str]:
        """Write what changed to the file of this name, a JSON object a line, and return the variable by which it is found."""
        folder = self.ensure_directory()
        if folder is None:
            return {}
        path = os.path.join(folder, f"{name}.jsonl")
        try:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(
                    json.dumps({"path": change.path, "kind": change.kind.value}) + "\n" for change in changes
                )
        except OSError:
            return {}
        return {"RELOADER_CHANGES_FILE": path}

    def close(self) -> None:
        """May be called twice."""
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None
