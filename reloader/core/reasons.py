"""Why a run is started. Each reason is told to the user and handed to the child."""

from __future__ import annotations

from dataclasses import dataclass

from reloader.core.changes import ChangeBatch
from reloader.core.outcome import Outcome


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Nothing has run yet."""


@dataclass(frozen=True, slots=True)
class FilesChanged:
    batch: ChangeBatch


@dataclass(frozen=True, slots=True)
class AskedByChild:
    """The child ended with the restart code (3: Werkzeug, Django)."""


@dataclass(frozen=True, slots=True)
class AskedByHand:
    by: str


@dataclass(frozen=True, slots=True)
class ChildWasLost:
    """The child ended by itself and ``on_exit`` wants it back."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """The configuration is another one, in these keys, for which the run had to be replaced."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigKept:
    """The run was stopped for another configuration, which cannot be had or was taken back meanwhile."""


Reason = FirstStart | FilesChanged | AskedByChild | AskedByHand | ChildWasLost | ConfigChanged | ConfigKept


def for_want_of_another_plan(run: int) -> Reason:
    """Why ``run`` is started by the plan that stays in force, although it was to be by another one."""
    return ConfigKept() if run > 1 else FirstStart()
