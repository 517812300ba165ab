"""Which changes a step is for, and what stands in its command for them."""

from __future__ import annotations

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.filters import Patterns, Rule
from reloader.core.steps import OVERDUE, Overdue, Step


def patterns(*texts: str, base: str = "/app") -> Patterns:
    return Patterns(base, tuple(Rule(text, "test") for text in texts))


BATCH = ChangeBatch.of(
    [
        PathChange("/app/a.py", ChangeKind.MODIFIED),
        PathChange("/app/styles/b.css", ChangeKind.ADDED),
        PathChange("/app/gone.py", ChangeKind.REMOVED),
        PathChange("/elsewhere/c.py", ChangeKind.MODIFIED),
    ]
)


def test_the_changed_files_that_exist_stand_in_the_command() -> None:
    step = Step(("ruff", "{files}", "-q"))
    assert step.command_for(BATCH, "/") == ("ruff", "/app/a.py", "/app/styles/b.css", "/elsewhere/c.py", "-q")


def test_patterns_leave_of_them_those_that_they_match() -> None:
    step = Step(("ruff", "{files}"), (patterns("*.py", "!a.py"), patterns("*.py", base="/elsewhere")))
    assert step.command_for(BATCH, "/") == ("ruff", "/elsewhere/c.py")


def test_a_command_without_them_is_as_it_is() -> None:
    assert Step(("make", "all")).command_for(BATCH, "/") == ("make", "all")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step(("make",)), True),
        (Step(("make",), (patterns("styles/"),)), True),
        (Step(("make",), (patterns("/gone.py"),)), True),
        (Step(("make",), (patterns("*.js"),)), False),
        (Step(("ruff", "{files}")), True),
        (Step(("ruff", "{files}"), (patterns("/gone.py"),)), False),
    ],
)
def test_a_step_is_wanted_for_what_its_patterns_match(step: Step, expected: bool) -> None:
    assert step.is_wanted_for(BATCH, "/") is expected


def test_no_step_is_wanted_for_nothing() -> None:
    assert not Step(("make",)).is_wanted_for(ChangeBatch(), "/")


def test_on_windows_a_path_is_matched_by_its_names() -> None:
    batch = ChangeBatch.of([PathChange("C:\\app\\styles\\b.css", ChangeKind.MODIFIED)])
    assert Step(("make",), (patterns("styles/*.css", base="C:\\app"),)).is_wanted_for(batch, "\\")


def test_what_was_not_done_in_time_has_the_exit_code_of_timeout() -> None:
    assert Overdue(3.0).exit_code == OVERDUE == 124
