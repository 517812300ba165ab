"""Which differences of a configuration the session takes over as it is, and which need a new run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reloader.core.debounce import DebouncePolicy
from reloader.core.settings import (
    LaunchSettings,
    OnExit,
    OutputSettings,
    PythonPolicy,
    RestartPolicy,
    Settings,
    StopPolicy,
    WatchSettings,
)
from reloader.core.settings_diff import needs_new_session
from reloader.core.tasks import GatePolicy, HookEvent, ReadyPolicy, Task, TaskSettings

PLAN = Settings(LaunchSettings(("serve",), "/srv"), WatchSettings("/srv", ("/srv",)))


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        replace(PLAN, watch=replace(PLAN.watch, debounce=DebouncePolicy(1.0, 3.0))),
        replace(PLAN, restart=RestartPolicy(on_exit=OnExit.WAIT, restart_code=None, stop=StopPolicy(timeout=1.0))),
        replace(PLAN, telling=OutputSettings(bell=True)),
        replace(PLAN, beside=TaskSettings(GatePolicy(syntax=True, check=Task(("lint",)), timeout=1.0))),
        replace(PLAN, beside=TaskSettings(hooks={HookEvent.START: ("say",)})),
        replace(PLAN, source="pyproject.toml", project="/srv/pyproject.toml"),
    ],
)
def test_a_policy_is_exchanged_at_once(plan: Settings) -> None:
    assert not needs_new_session(PLAN, plan)


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, launch=replace(PLAN.launch, argv=("other",))),
        replace(PLAN, launch=replace(PLAN.launch, environment={"A": "1"})),
        replace(PLAN, watch=replace(PLAN.watch, interval=2.0)),
        replace(PLAN, watch=replace(PLAN.watch, roots=("/srv/src",))),
        replace(PLAN, restart=RestartPolicy(stop=StopPolicy(signal=2))),
        replace(PLAN, restart=RestartPolicy(postpone=True)),
        replace(PLAN, python=PythonPolicy(open_files=True)),
        replace(PLAN, beside=TaskSettings(GatePolicy(before=(Task(("build",)),)))),
        replace(PLAN, beside=TaskSettings(ready=ReadyPolicy(log="up"))),
    ],
)
def test_what_a_run_or_its_watchers_are_made_by_needs_a_new_one(plan: Settings) -> None:
    assert needs_new_session(PLAN, plan)
