"""The keys that hold commands beside the program: their problems, and their settings."""
# ruff: noqa: E501  each text stands here as the user sees it, on one line

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.settings import Settings
from reloader.core.tasks import GatePolicy, HookEvent, ReadyPolicy, Task, TaskSettings
from tests.config.projects import Project, project_in

COMMAND = 'command = ["x"]\n'
LINT = ("ruff", "check", "{files}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path, "linux")


def settings_from(project: Project, line: str, *argv: str) -> Settings:
    project.write(COMMAND + line)
    return project.settings(*argv)


def test_by_default_the_syntax_is_checked_and_nothing_else_is_run(project: Project) -> None:
    assert settings_from(project, "").tasks == TaskSettings(GatePolicy(syntax=True), ReadyPolicy(), {})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('check = "off"', GatePolicy()),
        ('check = "syntax"', GatePolicy(syntax=True)),
        ('check = ["ruff", "check", "{files}"]', GatePolicy(check=Task(LINT))),
        ('check = "ruff check {files}"', GatePolicy(check=Task(LINT))),
        ('check = "make"', GatePolicy(check=Task(("make",)))),
        ('check = { run = "ruff check {files}" }', GatePolicy(check=Task(LINT))),
        (
            'before = ["make all", ["a", "b c"]]',
            GatePolicy(syntax=True, before=(Task(("make", "all")), Task(("a", "b c")))),
        ),
        ('task_timeout = "2m"', GatePolicy(syntax=True, timeout=120.0)),
    ],
)
def test_the_gate_is_as_it_is_written(project: Project, line: str, expected: GatePolicy) -> None:
    assert settings_from(project, line).tasks.gate == expected


def test_patterns_say_which_files_a_step_is_for(project: Project) -> None:
    settings = settings_from(project, 'before = [{ run = ["npm", "run", "css"], files = ["styles/", "!*.tmp"] }]')
    (step,) = settings.tasks.gate.before
    wanted = {
        name: step.is_due_for(ChangeBatch.of([PathChange(project.path(*name.split("/")), ChangeKind.ADDED)]), os.sep)
        for name in ("styles/a.css", "styles/a.tmp", "app.py")
    }
    assert wanted == {"styles/a.css": True, "styles/a.tmp": False, "app.py": False}


def test_a_flag_gives_a_command_as_text(project: Project) -> None:
    settings = settings_from(
        project, "", "--check", "ruff check {files}", "--before", "make a", "--before", "make 'b, c'"
    )
    assert settings.tasks.gate == GatePolicy(check=Task(LINT), before=(Task(("make", "a")), Task(("make", "b, c"))))
    settings = settings_from(
        project, "", "--before", '[["make", "a"], "make b"]', "--check", '["ruff", "check", "{files}"]'
    )
    assert settings.tasks.gate == GatePolicy(check=Task(LINT), before=(Task(("make", "a")), Task(("make", "b"))))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('ready = { http = "http://localhost:8000/up?x=1" }', ReadyPolicy(http="http://localhost:8000/up?x=1")),
        ('ready = { tcp = "db:5432" }', ReadyPolicy(tcp=("db", 5432))),
        ('ready = { tcp = "[::1]:80" }', ReadyPolicy(tcp=("::1", 80))),
        ('ready = { tcp = ":80" }', ReadyPolicy(tcp=("127.0.0.1", 80))),
        ("ready = { tcp = 80 }", ReadyPolicy(tcp=("127.0.0.1", 80))),
        ('ready = { log = "^ready" , exec = "probe it" }', ReadyPolicy(log="^ready", exec=("probe", "it"))),
    ],
)
def test_what_makes_a_run_ready_is_as_it_is_written(project: Project, line: str, expected: ReadyPolicy) -> None:
    assert settings_from(project, line).tasks.ready == expected


def test_hooks_are_commands_and_are_merged_with_those_of_flags(project: Project) -> None:
    settings = settings_from(project, 'hooks = { start = ["a", "b"], crash = "c" }', "--hooks", "crash=d e")
    assert settings.tasks.hooks == {HookEvent.START: ("a", "b"), HookEvent.CRASH: ("d", "e")}


def test_a_session_may_be_of_one_run_and_wait_for_it(project: Project) -> None:
    assert (settings_from(project, "").restart.once, settings_from(project, "").restart.postpone) == (False, False)
    restart = settings_from(project, "once = true", "--postpone").restart
    assert (restart.once, restart.postpone) == (True, True)


STEP = (
    'a list of texts, as in ["npm", "run", "css"], or a table, as in { run = ["npm", "run", "css"], files = ["*.css"] }'
)
TABLE = '{ run = ["npm", "run", "css"], files = ["*.css"] }'
OPEN = "has a quote or an escape that is not closed: close it, or write a list"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('check = "sytnax"', 'check: "sytnax" is not one of syntax, off, nor a command: did you mean "syntax"?'),
        ("check = 1", 'check: found the number 1, expected "syntax", "off" or a command, as in ["ruff", "check", "{files}"]'),
        ("check = []", 'check: is empty: name a program, as in ["python", "app.py"]'),
        ('check = ""', 'check: is empty: name a program, as in ["python", "app.py"]'),
        ('check = ["", "x"]', 'check: is empty: name a program, as in ["python", "app.py"]'),
        ('check = ["x", 1]', 'check: found the number 1, expected text, as in ["npm", "run", "css"]'),
        ('check = ["x\\u0000"]', 'check: "x\\x00" contains a NUL character, which paths and commands cannot: remove it'),
        ("check = \"a 'b\"", f"check: \"a 'b\" {OPEN}"),
        ("check = { run = 1 }", 'check: run: found the number 1, expected a command, as in ["npm", "run", "css"]'),
        ("check = {}", f"check: has no command: write {TABLE}"),
        ('check = { run = "x", file = [] }', f'check: unknown name "file": write {TABLE}'),
        ('check = { run = "x", files = "y" }', 'check: files: found the text "y", expected a list of patterns, as in ["*.css"]'),
        ('check = { run = "x", files = [1] }', 'check: files: found a list, expected a list of patterns, as in ["*.css"]'),
        (
            'check = { run = "x", files = ["[y"] }',
            "check: \"[y\" is a pattern that matches nothing: close every '[', and write '\\#' for a '#' at the start",
        ),
        ('before = "make"', 'before: found the text "make", expected a list of commands, as in [["npm", "run", "css"]]'),
        ("before = [1]", f"before: item 0: found the number 1, expected {STEP}"),
        ('before = ["a", []]', 'before: item 1: is empty: name a program, as in ["python", "app.py"]'),
        ("before = [{}]", f"before: item 0: has no command: write {TABLE}"),
        ("task_timeout = 0", "task_timeout: 0 is not allowed: write more than 0"),
        ("ready = 1", 'ready: found the number 1, expected a table, as in { http = "http://127.0.0.1:8000/" }'),
        ('ready = { htp = "x" }', 'ready: unknown name "htp": did you mean "http"?'),
        ('ready = { zzz = "x" }', 'ready: unknown name "zzz": write one of http, tcp, log, exec'),
        ("ready = { http = 1 }", 'ready: http: found the number 1, expected an address: write it in full, as in "http://127.0.0.1:8000/health"'),
        ('ready = { http = "x" }', 'ready: http: "x" is not a complete address: write it in full, as in "http://127.0.0.1:8000/health"'),
        ('ready = { http = "http://[x" }', 'ready: http: "http://[x" is not a complete address: write it in full, as in "http://127.0.0.1:8000/health"'),
        ('ready = { http = "https://x/" }', 'ready: http: "https://x/" uses TLS, which this probe does not support: write tcp = "HOST:PORT", or exec = ["curl", "--fail", "--insecure", "URL"]'),
        ("ready = { tcp = true }", 'ready: tcp: found true, expected an address: write the host and the port, as in "127.0.0.1:8000"'),
        ('ready = { tcp = "x" }', 'ready: tcp: "x" has no port from 1 to 65535: write the host and the port, as in "127.0.0.1:8000"'),
        ("ready = { tcp = 70000 }", 'ready: tcp: "70000" has no port from 1 to 65535: write the host and the port, as in "127.0.0.1:8000"'),
        ("ready = { log = 1 }", 'ready: log: found the number 1, expected a regular expression, as in "Listening on"'),
        ('ready = { log = "(" }', 'ready: log: "(" is not a regular expression (missing ), unterminated subpattern at position 0): put a backslash before characters that stand for themselves'),
        ("ready = { exec = 1 }", 'ready: exec: found the number 1, expected a command, as in ["npm", "run", "css"]'),
        ("hooks = 1", 'hooks: found the number 1, expected a table, as in { ready = ["notify-send", "ready"] }'),
        ('hooks = { strat = "x" }', 'hooks: unknown name "strat": did you mean "start"?'),
        ("hooks = { start = 1 }", 'hooks: start: found the number 1, expected a command, as in ["npm", "run", "css"]'),
    ],
)  # fmt: skip
def test_a_problem_names_the_key_and_the_remedy(project: Project, line: str, problem: str) -> None:
    project.write(COMMAND + line)
    assert project.problems() == [f"reloader.toml: {problem}"]
