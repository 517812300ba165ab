"""Variables that tell a command why a run starts and which files have changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reloader.core.changes import ChangeBatch
from reloader.core.notices import kind_of
from reloader.core.states import Reason

#: Write changes to the session's file of this name, and return the variable that contains its path.
WriteChanges = Callable[[ChangeBatch, str], Mapping[str, str]]

#: The names of these files. Runs, gate tasks and hooks overlap in time, so each has a file of its own.
RUN_CHANGES, GATE_CHANGES, HOOK_CHANGES = "changes", "pending", "hook"


def reason_variables(reason: Reason) -> dict[str, str]:
    return {"RELOADER_REASON": kind_of(reason)}
