"""What the user may be told of what is done beside the program: its gate, when it is ready, its hooks."""

from __future__ import annotations

from dataclasses import dataclass

from reloader.core.level import Level
from reloader.core.tasks import Occasion, StepOutcome


@dataclass(frozen=True, slots=True)
class SourceRefused:
    """``file`` does not compile. ``excerpt`` are the lines by which Python says so; ``run`` goes on, if there is one.

    ``line`` and ``column`` count from 1; None where Python does not say.
    """

    file: str
    line: int | None
    column: int | None
    message: str
    excerpt: tuple[str, ...]
    run: int | None
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class StepStarted:
    """``part`` is ``check`` or ``before``."""

    part: str
    argv: tuple[str, ...]

    @property
    def level(self) -> Level:
        return Level.DETAIL if self.part == "check" else Level.INFO


@dataclass(frozen=True, slots=True)
class StepRefused:
    """A command of ``check`` or ``before`` has failed. ``run`` goes on, if there is one."""

    part: str
    argv: tuple[str, ...]
    outcome: StepOutcome
    run: int | None
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class ChangesTakenBack:
    """What was refused is gone: ``paths`` are what they were when ``run`` was started, and it goes on."""

    paths: tuple[str, ...]
    run: int
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Ready:
    """The run is ready, ``seconds`` after its start. ``by`` names what has shown it."""

    run: int
    seconds: float
    by: tuple[str, ...]
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class HookFailed:
    """The hook of this occasion has failed. Nothing waits for it."""

    occasion: Occasion
    argv: tuple[str, ...]
    outcome: StepOutcome
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing runs. The first change that counts starts the command."""

    level = Level.INFO
