"""Which changes a step is for, and what stands in its command for them."""

from __future__ import annotations

import subprocess

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.tasks import TIMEOUT_EXIT_CODE, Task, TimedOut


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


def test_the_changed_files_that_exist_replace_the_placeholder() -> None:
    step = Task(("ruff", "{files}", "-q"))
    assert step.commands_for(BATCH, "/") == (("ruff", "/app/a.py", "/app/styles/b.css", "/elsewhere/c.py", "-q"),)


def test_patterns_select_the_files() -> None:
    step = Task(("ruff", "{files}"), (patterns("*.py", "!a.py"), patterns("*.py", base="/elsewhere")))
    assert step.commands_for(BATCH, "/") == (("ruff", "/elsewhere/c.py"),)


def test_a_command_without_the_placeholder_is_unchanged() -> None:
    assert Task(("make", "all")).commands_for(BATCH, "/") == (("make", "all"),)


@pytest.mark.parametrize("argv", [("ruff", "{files}", "-q"), ("ruff", "{files}", "--again", "{files}")])
def test_more_files_than_a_command_line_takes_are_split_over_several(argv: tuple[str, ...]) -> None:
    paths = [f"/app/a directory with a long name/module {number}.py" for number in range(2000)]
    batch = ChangeBatch.of(PathChange(path, ChangeKind.MODIFIED) for path in paths)
    commands = Task(argv).commands_for(batch, "/")
    assert max(len(subprocess.list2cmdline(command)) for command in commands) < 8_191 - 1_000  # cmd's limit
    assert len(commands) < 20 * argv.count("{files}")
    given = [word for command in commands for word in command[1 : command.index(argv[2])]]
    assert given == paths


def test_a_path_that_is_longer_than_the_limit_gets_a_command_of_its_own() -> None:
    paths = ["/a", "/" + "b" * 30_000, "/c"]
    batch = ChangeBatch.of(PathChange(path, ChangeKind.MODIFIED) for path in paths)
    assert Task(("ruff", "{files}")).commands_for(batch, "/") == tuple(("ruff", path) for path in paths)


def test_a_command_with_the_placeholder_does_not_run_without_files() -> None:
    gone = ChangeBatch.of([PathChange("/app/gone.py", ChangeKind.REMOVED)])
    assert [Task(("mypy", "{files}")).commands_for(batch, "/") for batch in (ChangeBatch(), gone)] == [(), ()]
    assert Task(("mypy", "{files}"), (patterns("*.js"),)).commands_for(BATCH, "/") == ()
    assert Task(("make",)).commands_for(ChangeBatch(), "/") == (("make",),)


def test_a_command_without_the_placeholder_runs_once_for_many_files() -> None:
    batch = ChangeBatch.of(PathChange(f"/{number}" + "a" * 20_000, ChangeKind.MODIFIED) for number in range(5))
    assert Task(("make", "all")).commands_for(batch, "/") == (("make", "all"),)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Task(("make",)), True),
        (Task(("make",), (patterns("styles/"),)), True),
        (Task(("make",), (patterns("/gone.py"),)), True),
        (Task(("make",), (patterns("*.js"),)), False),
        (Task(("ruff", "{files}")), True),
        (Task(("ruff", "{files}"), (patterns("/gone.py"),)), False),
    ],
)
def test_a_task_is_due_for_what_its_patterns_match(step: Task, expected: bool) -> None:
    assert step.is_due_for(BATCH, "/") is expected


def test_no_task_is_due_for_an_empty_batch() -> None:
    assert not Task(("make",)).is_due_for(ChangeBatch(), "/")


def test_on_windows_a_path_is_matched_by_its_names() -> None:
    batch = ChangeBatch.of([PathChange("C:\\app\\styles\\b.css", ChangeKind.MODIFIED)])
    assert Task(("make",), (patterns("styles/*.css", base="C:\\app"),)).is_due_for(batch, "\\")


def test_a_task_that_timed_out_has_the_exit_code_of_timeout() -> None:
    assert TimedOut(3.0).exit_code == TIMEOUT_EXIT_CODE == 124
