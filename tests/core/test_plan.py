from __future__ import annotations

import dataclasses

import pytest

from reloader.core.settings import BackendName, LaunchSettings, OnExit, RestartPolicy, Settings, WatchSettings

PLAN = Settings(LaunchSettings(("python", "app.py"), "/app"), WatchSettings("/app", ("/app",)))


def test_the_defaults_are_the_ones_that_are_documented():
    assert PLAN.restart == RestartPolicy(on_exit=OnExit.AUTO, restart_code=3)
    assert (PLAN.restart.stop.signal, PLAN.restart.stop.timeout) == (15, 5.0)
    assert (PLAN.watch.backend, PLAN.watch.interval) == (BackendName.AUTO, 1.0)
    assert (PLAN.watch.debounce.quiet, PLAN.watch.debounce.ceiling) == (0.05, 2.0)
    assert PLAN.watch.watch is None
    assert PLAN.watch.gitignore
    assert PLAN.watch.default_ignores
    assert PLAN.watch.follow_symlinks
    assert PLAN.watch.compare_content
    assert PLAN.source == "the command line"


def test_a_plan_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAN.source = "elsewhere"  # type: ignore[misc]


def test_no_two_plans_share_an_environment():
    assert LaunchSettings(("a",), "/").environment is not LaunchSettings(("a",), "/").environment
