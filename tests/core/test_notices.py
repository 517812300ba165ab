"""The names of notices, and the levels that depend on their values."""

from __future__ import annotations

import pytest

from reloader.core.notices import (
    DoctorLimit,
    DoctorRoot,
    Ended,
    FinishedNotice,
    KeysHelp,
    Level,
    Notice,
    TaskStarted,
    kind_of,
)
from reloader.core.outcome import Exited
from reloader.core.states import FirstStart


def test_a_name_is_that_of_the_class_in_lower_case():
    assert kind_of(KeysHelp()) == "keys_help"
    assert kind_of(FinishedNotice(0)) == "finished"
    assert kind_of(FirstStart()) == "first_start"


def root(trouble: str) -> DoctorRoot:
    return DoctorRoot("/app", "ext4", "/", "watchdog", "inotify", "a local disk", None, trouble)


@pytest.mark.parametrize(
    ("notice", "level"),
    [
        pytest.param(KeysHelp(), Level.INFO, id="none of its own"),
        pytest.param(FinishedNotice(0), Level.DETAIL, id="one of its own"),
        pytest.param(TaskStarted("check", ("lint",)), Level.DETAIL, id="a check"),
        pytest.param(TaskStarted("before", ("build",)), Level.INFO, id="a pre-start command"),
        pytest.param(root(""), Level.INFO, id="a root that is watched"),
        pytest.param(root("the limit is reached"), Level.WARNING, id="a root in trouble"),
        pytest.param(DoctorLimit("watches", 100, None), Level.INFO, id="an unknown use of a limit"),
        pytest.param(DoctorLimit("watches", 100, 90), Level.INFO, id="90 % of a limit"),
        pytest.param(DoctorLimit("watches", 100, 91), Level.WARNING, id="more than 90 % of a limit"),
        pytest.param(
            Ended(1, Exited(130), 1.0, stopped=False), Level.ERROR, id="an exit code of an interrupted program"
        ),
        pytest.param(
            Ended(1, Exited(130, was_foreground=True), 1.0, stopped=False), Level.INFO, id="an end by Ctrl-C, as meant"
        ),
    ],
)
def test_a_level_follows_from_the_values(notice: Notice, level: Level) -> None:
    assert notice.level is level
