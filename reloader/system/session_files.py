"""A directory that only this user may enter, for as long as the session lasts: what the program is told by way of a file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping

from reloader.core.changes import ChangeBatch
from reloader.system.directories import is_private


class SessionFiles:
    """``folder`` is the name of the directory, which nobody can guess. It is None where there can be none.

    It is made when it is first needed: by then there is a guard, which removes it if we are killed.
    """

    def __init__(self) -> None:
        self.folder: str | None = None
        try:
            above = os.path.realpath(tempfile.gettempdir())
        except OSError:
            return  # no directory can be written to
        self.folder = os.path.join(above, f"reloader-{os.urandom(8).hex()}")

    def made(self) -> str | None:
        """The directory, which is there now; made again if somebody has cleaned up. None where that cannot be."""
        if self.folder is None:
            return None
        try:
            os.mkdir(self.folder, 0o700)
        except FileExistsError:
            return self.folder if is_private(self.folder) else None
        except OSError:  # a full disk, or one that cannot be written to
            return None
        return self.folder

    def write_changes(self, changes: ChangeBatch, name: str = "changes") -> Mapping[str, str]:
        """Write what changed to the file of this name, a JSON object a line, and return the variable by which it is found."""
        folder = self.made()
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
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None
