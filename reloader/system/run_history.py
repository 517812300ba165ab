"""The run history of a project: a private file of JSON lines, bounded, to which several sessions may append.

On Windows a line may be lost if two sessions append at the same moment: an append is two calls there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping

from reloader.system.control_socket import project_key
from reloader.system.directories import make_private, state_directory

#: The size at which the file replaces the older one. Both together hold some thousand runs.
MAX_BYTES = 512 * 1024


class RunHistory:
    """The history of one project. An entry that cannot be written is dropped: no run may fail for it."""

    def __init__(self, project: str, environ: Mapping[str, str], home: str) -> None:
        self._directory = os.path.join(state_directory(environ, home), "history")
        self._path = os.path.join(self._directory, f"{project_key(project)}.jsonl")
        self._older = os.path.join(self._directory, f"{project_key(project)}.older.jsonl")
        self._lock = os.path.join(self._directory, f"{project_key(project)}.lock")

    def append(self, entry: Mapping[str, object]) -> None:
        """Append ``entry`` as one line in one write, so that lines of other sessions cannot mix with it."""
        line = json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        try:
            make_private(self._directory)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            file = os.open(self._path, flags, 0o600)
            try:
                os.write(file, line)
                size = os.fstat(file).st_size
            finally:
                os.close(file)
            if size > MAX_BYTES:
                self._rotate()
        except OSError:
            return

    def entries(self) -> Iterator[Mapping[str, object]]:
        """Yield the entries, the oldest first. Skip an incomplete line."""
        for path in (self._older, self._path):
            try:
                with open(path, "rb") as file:
                    lines = file.read().splitlines()
            except OSError:
                continue
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    yield entry

    def _rotate(self) -> None:
        """Start a new file. The lock makes sure that only one of several sessions does so."""
        with open(self._lock, "ab") as lock:
            if not _try_to_lock(lock.fileno()):
                return  # another session is doing it
            if os.stat(self._path).st_size > MAX_BYTES:
                os.replace(self._path, self._older)


if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(descriptor: int) -> bool:
        """Try to lock the file until it is closed. Return False if it is locked already."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_to_lock(descriptor: int) -> bool:
        """Try to lock the file until it is closed. Return False if it is locked already."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
