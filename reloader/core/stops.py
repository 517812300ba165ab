"""How a run was brought to its end: which steps that took, and when each was taken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class StopStepKind(Enum):
    ASKED = "asked"  # the stop signal was sent to the whole group
    STRAYS_ASKED = "strays_asked"  # the group was empty, and what had left it was sent the stop signal
    FORCED = "forced"
    GONE = "gone"  # nothing was left


@dataclass(frozen=True, slots=True)
class StopStep:
    """``after`` is in seconds since the first step."""

    kind: StopStepKind
    after: float
