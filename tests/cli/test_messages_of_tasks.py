"""The sentence for each fact of what is done beside the program."""

from __future__ import annotations

import os

import pytest

from reloader.cli.output.messages import lines_below, sentence
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
            "app.py, line 3: SyntaxError: invalid syntax; run 2 goes on, and the next save is tried again",
        ),
        (
            SyntaxErrorNotice(HERE, None, None, "ValueError: source code string cannot contain null bytes", (), None),
            "app.py: ValueError: source code string cannot contain null bytes; waiting for a change",
        ),
        (TaskStarted("before", ("npm", "run", "css")), "before: npm run css"),
        (
            TaskFailed("check", RUFF, Exited(1), 4),
            "check: ruff check 'a b.py' exited with code 1; run 4 goes on, and the next save is tried again",
        ),
        (
            TaskFailed("before", ("npm",), NotLaunched(127, '"npm" was not found on the PATH'), None),
            'before: npm could not be started ("npm" was not found on the PATH); waiting for a change',
        ),
        (
            TaskFailed("check", ("mypy",), TimedOut(60.0), None),
            "check: mypy was ended, since it took more than 60 s; waiting for a change",
        ),
        (ChangesReverted((HERE,), 2), "app.py as before: run 2 goes on"),
        (Ready(2, 0.31, ("http", "log")), "run 2 is ready after 310 ms (http, log)"),
        (HookFailed(HookEvent.CRASH, ("say", "no"), Signalled(15)), "the crash hook say no was ended by SIGTERM"),
        (Postponed(), "waiting for the first change"),
    ],
)
def test_a_fact_is_one_sentence(notice: Notice, expected: str) -> None:
    assert sentence(notice) == expected


def test_below_most_facts_stands_nothing() -> None:
    assert lines_below(Note("x")) == ()


def test_what_could_do_something_to_a_terminal_is_escaped_below_too() -> None:
    notice = SyntaxErrorNotice("/a.py", 1, 1, "SyntaxError", ("    x = '\x1b[2J'",), None)
    assert lines_below(notice) == ["    x = '\\x1b[2J'"]
