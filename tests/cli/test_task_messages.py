"""The message for each notice about a task."""

from __future__ import annotations

import os

import pytest

from reloader.cli.output.messages import details, message
from reloader.core.notices import (
    ChangesReverted,
    HookFailed,
    Note,
    Notice,
    Postponed,
    Ready,
    SyntaxErrorNotice,
    TaskFailed,
    TaskStarted,
)
from reloader.core.outcome import Exited, NotLaunched, Signalled
from reloader.core.tasks import HookEvent, TimedOut

HERE = os.path.join(os.getcwd(), "app.py")
RUFF = ("ruff", "check", "a b.py")


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        (
            SyntaxErrorNotice(HERE, 3, 7, "SyntaxError: invalid syntax", (), 2),
            "app.py, line 3: SyntaxError: invalid syntax; run 2 keeps running. Save again to retry",
        ),
        (
            SyntaxErrorNotice(HERE, None, None, "ValueError: source code string cannot contain null bytes", (), None),
            "app.py: ValueError: source code string cannot contain null bytes; waiting for a change",
        ),
        (TaskStarted("before", ("npm", "run", "css")), "before: npm run css"),
        (
            TaskFailed("check", RUFF, Exited(1), 4),
            "check failed: ruff check 'a b.py' exited with code 1; run 4 keeps running. Save again to retry",
        ),
        (
            TaskFailed("before", ("npm",), NotLaunched(127, '"npm" was not found on the PATH'), None),
            'before failed: npm could not be started ("npm" was not found on the PATH); waiting for a change',
        ),
        (
            TaskFailed("check", ("mypy",), TimedOut(60.0), None),
            "check failed: mypy took more than 60 s and was stopped; waiting for a change",
        ),
        (ChangesReverted((HERE,), 2), "app.py is as it was when run 2 started, which keeps running"),
        (Ready(2, 0.31, ("http", "log")), "run 2 is ready after 310 ms (http, log)"),
        (
            HookFailed(HookEvent.CRASH, ("say", "no"), Signalled(15)),
            "the crash hook failed: say no was ended by SIGTERM",
        ),
        (Postponed(), "waiting for the first change"),
    ],
)
def test_a_notice_about_a_task_has_this_message(notice: Notice, expected: str) -> None:
    assert message(notice) == expected


def test_most_notices_have_no_details() -> None:
    assert details(Note("x")) == ()


def test_control_characters_are_escaped_in_the_details() -> None:
    notice = SyntaxErrorNotice("/a.py", 1, 1, "SyntaxError", ("    x = '\x1b[2J'",), None)
    assert details(notice) == ["    x = '\\x1b[2J'"]
