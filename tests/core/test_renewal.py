"""Which differences of a configuration the session takes over as it is, and which need a new run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reloader.core.debounce import DebouncePolicy
from reloader.core.settings import (
    LaunchSpec,
    OnExit,
    PythonPolicy,
    RestartPolicy,
    RunPlan,
    StopPolicy,
    TellingPolicy,
    WatchPlan,
)
from reloader.core.settings_diff import needs_new_session
from reloader.core.tasks import BesidePolicy, GatePolicy, Occasion, ReadyPolicy, Step

PLAN = RunPlan(LaunchSpec(("serve",), "/srv"), WatchPlan("/srv", ("/srv",)))


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        replace(PLAN, watch=replace(PLAN.watch, debounce=DebouncePolicy(1.0, 3.0))),
        replace(PLAN, restart=RestartPolicy(on_exit=OnExit.WAIT, restart_code=None, stop=StopPolicy(timeout=1.0))),
        replace(PLAN, telling=TellingPolicy(bell=True)),
        replace(PLAN, beside=BesidePolicy(GatePolicy(syntax=True, check=Step(("lint",)), timeout=1.0))),
        replace(PLAN, beside=BesidePolicy(hooks={Occasion.START: ("say",)})),
        replace(PLAN, source="pyproject.toml", project="/srv/pyproject.toml"),
    ],
)
def test_a_policy_is_exchanged_at_once(plan: RunPlan) -> None:
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
        replace(PLAN, beside=BesidePolicy(GatePolicy(before=(Step(("build",)),)))),
        replace(PLAN, beside=BesidePolicy(ready=ReadyPolicy(log="up"))),
    ],
)
def test_what_a_run_or_its_watchers_are_made_by_needs_a_new_one(plan: RunPlan) -> None:
    assert needs_new_session(PLAN, plan)
