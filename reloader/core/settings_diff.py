"""What follows from another configuration: which of its differences the session takes over as it is, and what is told."""

from __future__ import annotations

from dataclasses import replace

from reloader.core.debounce import DebouncePolicy
from reloader.core.settings import OutputSettings, RestartPolicy, Settings, StopPolicy


def needs_new_session(before: Settings, after: Settings) -> bool:
    """Whether the run, or what watches for it, was made by what is different; else the policies alone are exchanged."""
    return _made_by(before) != _made_by(after)


def _made_by(settings: Settings) -> Settings:
    """``settings`` without what can be exchanged at any time."""
    restart = settings.restart
    gate = replace(settings.tasks.gate, syntax=True, check=None, timeout=0.0)
    return replace(
        settings,
        watch=replace(settings.watch, debounce=DebouncePolicy()),
        restart=RestartPolicy(stop=StopPolicy(restart.stop.signal), once=restart.once, postpone=restart.postpone),
        output=OutputSettings(),
        tasks=replace(settings.tasks, gate=gate, hooks={}),
        source="",
        project="",
    )
