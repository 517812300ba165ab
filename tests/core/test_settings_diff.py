"""Which differences of a configuration take effect at once, and which need a restart."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace

import pytest

from reloader.core.choices import OnExit
from reloader.core.debounce import DebouncePolicy
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.settings import (
    LaunchSettings,
    OutputSettings,
    PythonPolicy,
    RestartPolicy,
    Settings,
    StopPolicy,
    WatchSettings,
)
from reloader.core.settings_diff import LIVE, needs_restart
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
def test_a_live_field_takes_effect_at_once(settings: Settings) -> None:
    assert not needs_restart(SETTINGS, settings)


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
def test_any_other_field_needs_a_restart(settings: Settings) -> None:
    assert needs_restart(SETTINGS, settings)


class TestANewField:
    @dataclass(frozen=True, slots=True)
    class Plain(RestartPolicy):
        new: int = 0

    @dataclass(frozen=True, slots=True)
    class Live(RestartPolicy):
        new: int = field(default=0, metadata=LIVE)

    def test_without_the_mark_needs_a_restart(self) -> None:
        assert needs_restart(replace(SETTINGS, restart=self.Plain()), replace(SETTINGS, restart=self.Plain(new=1)))

    def test_with_the_mark_takes_effect_at_once(self) -> None:
        assert not needs_restart(replace(SETTINGS, restart=self.Live()), replace(SETTINGS, restart=self.Live(new=1)))

    def test_is_not_seen_through_a_marked_policy(self) -> None:
        """A mark on a whole dataclass would make each field that is added to it live, without a decision."""
        policies = [SETTINGS]
        for policy in policies:
            nested = [one for one in fields(policy) if is_dataclass(getattr(policy, one.name))]
            assert [one.name for one in nested if one.metadata] == []
            policies += [getattr(policy, one.name) for one in nested]
        assert len(policies) > 10


def test_what_is_compiled_from_a_value_is_not_compared() -> None:
    patterns = (Patterns("/srv", (Rule("*.py", "test"),)),)
    one, other = (replace(SETTINGS, watch=replace(SETTINGS.watch, watch=patterns)) for _ in range(2))
    assert not needs_restart(one, other)
    assert needs_restart(SETTINGS, one)
