"""A directory that only this user may enter, for as long as the session lasts: what the program is told by way of a file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping

from reloader.core.changes import ChangeBatch


class SessionFiles:
    """``folder`` is None where no directory can be made: then nothing is told in this way."""

    def __init__(self) -> None:
        self.folder: str | None = None
        try:
            self.folder = os.path.realpath(tempfile.mkdtemp(prefix="reloader-"))
        except OSError:
            return  # a full disk, or one that cannot be written to

    def write_changes(self, changes: ChangeBatch, name: str = "changes") -> Mapping[str, str]:
        """Write what changed to the file of this name, a JSON object a line, and return the variable by which it is found."""
        if self.folder is None:
            return {}
        path = os.path.join(self.folder, f"{name}.jsonl")
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
