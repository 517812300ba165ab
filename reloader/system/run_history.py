"""The history of a project: lines of JSON in a file of this user, bounded, and safe for several sessions that write at once.

On Windows two that write at the very same moment may cost one of the lines: to append is two calls there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping

from reloader.system.control_socket import project_key
from reloader.system.directories import make_private, state_directory

#: At this size, in bytes, the file becomes the older one, and the older one is forgotten: some thousand runs are left.
ENOUGH = 512 * 1024


class RunHistory:
    """Of one project. What cannot be written is left out: no run may fail for it."""

    def __init__(self, project: str, environ: Mapping[str, str], home: str) -> None:
        self._directory = os.path.join(state_directory(environ, home), "history")
        self._path = os.path.join(self._directory, f"{project_key(project)}.jsonl")
        self._older = os.path.join(self._directory, f"{project_key(project)}.older.jsonl")
        self._lock = os.path.join(self._directory, f"{project_key(project)}.lock")

    def append(self, entry: Mapping[str, object]) -> None:
        """Append ``entry``. One write of a whole line, so that nobody's line can come between."""
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
            if size > ENOUGH:
                self._turn_over()
        except OSError:
            return

    def entries(self) -> Iterator[Mapping[str, object]]:
        """All that is kept, the oldest first. A line that was cut short is passed over."""
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

    def _turn_over(self) -> None:
        """Start a new file. Of several sessions only one does, the others find it done."""
        with open(self._lock, "ab") as lock:
            if not _is_locked(lock.fileno()):
                return  # somebody is at it
            if os.stat(self._path).st_size > ENOUGH:
                os.replace(self._path, self._older)


if sys.platform == "win32":
    import msvcrt

    def _is_locked(descriptor: int) -> bool:
        """Try to be the one. The lock ends when the file is closed."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _is_locked(descriptor: int) -> bool:
        """Try to be the one. The lock ends when the file is closed."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
