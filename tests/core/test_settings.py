from __future__ import annotations

import dataclasses

import pytest

from reloader.core.choices import BackendName, OnExit
from reloader.core.settings import LaunchSettings, RestartPolicy, Settings, WatchSettings

SETTINGS = Settings(LaunchSettings(("python", "app.py"), "/app"), WatchSettings("/app", ("/app",)))


def test_the_defaults_are_the_ones_that_are_documented():
    assert SETTINGS.restart == RestartPolicy(on_exit=OnExit.AUTO, restart_code=3)
    assert (SETTINGS.restart.stop.signal, SETTINGS.restart.stop.timeout) == (15, 5.0)
    assert (SETTINGS.watch.backend, SETTINGS.watch.interval) == (BackendName.AUTO, 1.0)
    assert (SETTINGS.watch.debounce.quiet, SETTINGS.watch.debounce.ceiling) == (0.05, 2.0)
    assert SETTINGS.watch.watch is None
    assert SETTINGS.watch.gitignore
    assert SETTINGS.watch.default_ignores
    assert SETTINGS.watch.follow_symlinks
    assert SETTINGS.watch.compare_content
    assert SETTINGS.source == "the command line"


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SETTINGS.source = "elsewhere"  # type: ignore[misc]


def test_no_two_settings_share_an_environment():
    assert LaunchSettings(("a",), "/").environment is not LaunchSettings(("a",), "/").environment
