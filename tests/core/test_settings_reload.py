"""Which differences of a configuration the session takes over as it is, and which need a new run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reloader.core.choices import OnExit
from reloader.core.debounce import DebouncePolicy
from reloader.core.settings import (
    LaunchSettings,
    OutputSettings,
    PythonPolicy,
    RestartPolicy,
    Settings,
    StopPolicy,
    WatchSettings,
    needs_new_session,
)
from reloader.core.tasks import GatePolicy, HookEvent, ReadyPolicy, Task, TaskSettings

SETTINGS = Settings(LaunchSettings(("serve",), "/srv"), WatchSettings("/srv", ("/srv",)))


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        replace(SETTINGS, watch=replace(SETTINGS.watch, debounce=DebouncePolicy(1.0, 3.0))),
        replace(SETTINGS, restart=RestartPolicy(on_exit=OnExit.WAIT, restart_code=None, stop=StopPolicy(timeout=1.0))),
        replace(SETTINGS, output=OutputSettings(bell=True)),
        replace(SETTINGS, tasks=TaskSettings(GatePolicy(syntax=True, check=Task(("lint",)), timeout=1.0))),
        replace(SETTINGS, tasks=TaskSettings(hooks={HookEvent.START: ("say",)})),
        replace(SETTINGS, source="pyproject.toml", project="/srv/pyproject.toml"),
    ],
)
def test_a_policy_is_exchanged_at_once(settings: Settings) -> None:
    assert not needs_new_session(SETTINGS, settings)


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, launch=replace(SETTINGS.launch, argv=("other",))),
        replace(SETTINGS, launch=replace(SETTINGS.launch, environment={"A": "1"})),
        replace(SETTINGS, watch=replace(SETTINGS.watch, interval=2.0)),
        replace(SETTINGS, watch=replace(SETTINGS.watch, roots=("/srv/src",))),
        replace(SETTINGS, restart=RestartPolicy(stop=StopPolicy(signal=2))),
        replace(SETTINGS, restart=RestartPolicy(postpone=True)),
        replace(SETTINGS, python=PythonPolicy(open_files=True)),
        replace(SETTINGS, tasks=TaskSettings(GatePolicy(before=(Task(("build",)),)))),
        replace(SETTINGS, tasks=TaskSettings(ready=ReadyPolicy(log="up"))),
    ],
)
def test_what_a_run_or_its_watchers_are_made_by_needs_a_new_one(settings: Settings) -> None:
    assert needs_new_session(SETTINGS, settings)
