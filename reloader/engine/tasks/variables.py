"""By which variables a command finds why a run is started, and what has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reloader.core.changes import ChangeBatch
from reloader.core.notices import kind_of
from reloader.core.states import Reason

#: Writes changes into the session's file of this name, and says by which variable that is found.
WriteChanges = Callable[[ChangeBatch, str], Mapping[str, str]]

#: Whose changes a file holds. Each has its own, since none of them waits for the others.
RUN_CHANGES, GATE_CHANGES, HOOK_CHANGES = "changes", "pending", "hook"


def reason_variables(reason: Reason) -> dict[str, str]:
    return {"RELOADER_REASON": kind_of(reason)}
