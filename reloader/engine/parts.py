"""What an engine is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reloader.core.changes import ChangeBatch
from reloader.engine.baseline import Baseline
from reloader.engine.beside import Beside
from reloader.engine.changes import ChangeCollector
from reloader.engine.control import Control
from reloader.engine.failures import FailedStarts
from reloader.engine.inbox import Inbox
from reloader.engine.loops import LoopGuard
from reloader.engine.program import Program
from reloader.engine.renewal import Renewal
from reloader.engine.sweep import Sweep
from reloader.engine.watching import Watching
from reloader.ports import ChildHost, Clock, Reporter

#: The environment of a run, by its number.
EnvironmentFor = Callable[[int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Parts:
    """Each of them can be a fake."""

    host: ChildHost
    watching: Watching
    baseline: Baseline
    collector: ChangeCollector
    sweep: Sweep
    loops: LoopGuard
    failed_starts: FailedStarts
    program: Program
    control: Control
    reporter: Reporter
    clock: Clock
    inbox: Inbox
    environment_for: EnvironmentFor
    prepare: Callable[[ChangeBatch], None]
    beside: Beside
    renewal: Renewal
