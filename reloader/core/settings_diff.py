"""What follows from another configuration: which of its differences the session takes over as it is, and what is told."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reloader.core.debounce import DebouncePolicy
from reloader.core.level import Level
from reloader.core.settings import RestartPolicy, RunPlan, StopPolicy, TellingPolicy

#: Stands for a value that is nobody's business.
HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key, ``before`` and ``after``, as plain values; None is one that is not set. Of a table it is one name, ``env.PORT``.

    The values of variables are ``HIDDEN``.
    """

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class ConfigRenewed:
    """The configuration was changed, and is in force from now on. ``replaces_run``: the run is started anew for it."""

    source: str
    changes: tuple[KeyChange, ...]
    replaces_run: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class ConfigRefused:
    """The configuration was changed, and is no good: that of before stays in force. A line for each problem."""

    problems: tuple[str, ...]
    level = Level.ERROR


@dataclass(frozen=True, slots=True)
class ConfigGone:
    """The file of the configuration was deleted or renamed: what was in force stays so."""

    source: str
    level = Level.WARNING


@dataclass(frozen=True, slots=True)
class ConfigAsBefore:
    """What was refused, or gone, is again as it is in force."""

    source: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class ConfigSuspended:
    """So many runs in a row were replaced at the same moment of their lives, which a run does that writes its configuration.

    What is saved of it is taken over no more for so many ``seconds``, or up to a restart by hand.
    """

    source: str
    restarts: int
    within: float
    seconds: float
    level = Level.WARNING


RenewalNotice = ConfigRenewed | ConfigRefused | ConfigGone | ConfigAsBefore | ConfigSuspended


def needs_new_session(before: RunPlan, after: RunPlan) -> bool:
    """Whether the run, or what watches for it, was made by what is different; else the policies alone are exchanged."""
    return _made_by(before) != _made_by(after)


def _made_by(plan: RunPlan) -> RunPlan:
    """``plan`` without what can be exchanged at any time."""
    restart = plan.restart
    gate = replace(plan.beside.gate, syntax=True, check=None, timeout=0.0)
    return replace(
        plan,
        watch=replace(plan.watch, debounce=DebouncePolicy()),
        restart=RestartPolicy(stop=StopPolicy(restart.stop.signal), once=restart.once, postpone=restart.postpone),
        telling=TellingPolicy(),
        beside=replace(plan.beside, gate=gate, hooks={}),
        source="",
        project="",
    )
