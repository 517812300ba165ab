from __future__ import annotations

import pytest

from reloader.core.notices import Ended, Level
from reloader.core.outcome import Exited, NotLaunched, Signalled


@pytest.mark.parametrize(
    ("outcome", "exit_code", "was_interrupted"),
    [
        pytest.param(Exited(0), 0, False, id="a clean exit"),
        pytest.param(Exited(7), 7, False, id="the child's own code"),
        pytest.param(Exited(130), 130, False, id="130 from a child that did not hold the terminal"),
        pytest.param(Exited(130, was_foreground=True), 130, True, id="130 after a Ctrl-C that only the child received"),
        pytest.param(Exited(1, was_foreground=True), 1, False, id="a failure of a foreground child"),
        pytest.param(Signalled(2), 130, False, id="a SIGINT from elsewhere"),
        pytest.param(Signalled(2, was_foreground=True), 130, True, id="a Ctrl-C that only the child received"),
        pytest.param(Signalled(15), 143, False, id="SIGTERM"),
        pytest.param(Signalled(9, was_foreground=True), 137, False, id="SIGKILL"),
        pytest.param(NotLaunched(126, "not executable"), 126, False, id="cannot be run"),
        pytest.param(NotLaunched(127, "not found"), 127, False, id="cannot be found"),
    ],
)
def test_an_outcome_knows_the_exit_code_of_a_shell(outcome, exit_code, was_interrupted):
    assert outcome.exit_code == exit_code
    assert outcome.was_interrupted is was_interrupted


@pytest.mark.parametrize(
    ("outcome", "stopped", "level"),
    [
        pytest.param(Exited(1), True, Level.DETAIL, id="a requested stop is a detail"),
        pytest.param(Exited(0), False, Level.INFO, id="a clean end"),
        pytest.param(Exited(1), False, Level.ERROR, id="a failure"),
        pytest.param(Signalled(11), False, Level.ERROR, id="a crash"),
    ],
)
def test_the_level_of_an_end_depends_on_the_outcome(outcome, stopped, level):
    assert Ended(1, outcome, 2.0, stopped).level is level
