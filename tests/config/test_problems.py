"""The messages of an invalid configuration. These texts are part of the program."""
# ruff: noqa: E501  each text stands here as the user sees it, on one line

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.errors import ConfigError
from tests.config.projects import Project, project_in

COMMAND = 'command = ["x"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path, "linux")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('intervall = 1', 'unknown key "intervall": did you mean "interval"?'),
        ('windws = 1', 'unknown key "windws": did you mean "windows"?'),
        ('"q\\u0007\\u20ac" = 1', 'unknown key "q\\x07€": see "reloader --help" for the keys'),
        ('watch = "src"', 'watch: found the text "src", expected a list of texts, as in ["src/**/*.py", "templates/"]'),
        ('watch = ["a", "b", 5]', 'watch[2]: found the number 5, expected text: write "5"'),
        ('watch = ["a", true]', "watch[1]: found true, expected text"),
        ('watch = [[]]', "watch[0]: found an empty list, expected text"),
        ('watch = [""]', "watch[0]: is empty: write something, or leave the key out"),
        ('watch = ["a", "[b"]', "watch[1]: \"[b\" is a pattern that matches nothing: close every '[', and write '\\#' for a '#' at the start"),
        ('watch = ["!"]', "watch[0]: \"!\" is a pattern that matches nothing: close every '[', and write '\\#' for a '#' at the start"),
        ('watch = ["*/../x"]', "watch[0]: \"*/../x\" has '..' after a wildcard: write '..' at the start only"),
        ('watch = ["!a", "!b"]', "watch: every pattern begins with '!', so nothing would be watched: add one without '!'"),
        ('watch = ["/"]', 'watch: the whole disk / would be watched: name less, as in watch = ["./src/"], or set allow_dangerous_root = true'),
        ('ignore = ["#x"]', "ignore[0]: \"#x\" is a pattern that matches nothing: close every '[', and write '\\#' for a '#' at the start"),
        ('ignore = ["../x"]', 'ignore[0]: "../x" lies outside the config file\'s directory: write the name alone, or a path below that directory'),
        ('ignore = ["!a/../x"]', 'ignore[0]: "!a/../x" lies outside the config file\'s directory: write the name alone, or a path below that directory'),
        ('ignore = ["~/x", "a/.."]', 'ignore[0]: "~/x" lies outside the config file\'s directory: write the name alone, or a path below that directory'),
        ('extra_files = ["a\\u0000b"]', 'extra_files[0]: "a\\x00b" contains a NUL character, which paths and commands cannot: remove it'),
        ('extra_files = { a = 1 }', 'extra_files: found a table, expected a list of texts, as in [".env"]'),
        ('interval = 0', "interval: 0 is not allowed: write more than 0"),
        ('interval = -1', "interval: -1 is negative: write more than 0"),
        ('interval = "0ms"', 'interval: "0ms" is not allowed: write more than 0'),
        ('interval = "soon"', 'interval: found the text "soon", expected seconds or text with a unit, as in 1.0 or "300ms"'),
        ('interval = "2"', 'interval: found the text "2", expected seconds or text with a unit, as in 1.0 or "300ms"'),
        ('interval = true', 'interval: found true, expected seconds or text with a unit, as in 1.0 or "300ms"'),
        ('interval = 2020-01-01', 'interval: found a date or a time, expected seconds or text with a unit, as in 1.0 or "300ms"'),
        ('interval = nan', "interval: nan is not a duration: write a finite number of seconds"),
        ('interval = 1e999', "interval: inf is not a duration: write a finite number of seconds"),
        ('interval = ' + '9' * 400, "interval: inf is not a duration: write a finite number of seconds"),
        ('debounce = -0.5', "debounce: -0.5 is negative: write 0 or more"),
        ('stop_timeout = "25h"', 'stop_timeout: "25h" is longer than a day: write at most 86400'),
        ('debounce = 3', "debounce: 3 is more than debounce_max (2): write less, or set both"),
        ('debounce_max = 0.01', "debounce_max: 0.01 is less than debounce (0.05): write at least 0.05"),
        ('backend = "watchdg"', 'backend: "watchdg" is not one of auto, stat, watchdog, watchman: did you mean "watchdog"?'),
        ('backend = "x"', 'backend: "x" is not one of auto, stat, watchdog, watchman: write, for example, "auto"'),
        ('backend = 1', 'backend: found the number 1, expected one of auto, stat, watchdog, watchman, as in "auto"'),
        ('backend = []', 'backend: found an empty list, expected one of auto, stat, watchdog, watchman, as in "auto"'),
        ('gitignore = "yes"', 'gitignore: found the text "yes", expected true or false, as in true'),
        ('gitignore = 1', "gitignore: found the number 1, expected true or false, as in true"),
        ('cwd = 1.5', 'cwd: found the number 1.5, expected text, as in "backend"'),
        ('cwd = ' + '9' * 100, 'cwd: found a very large number, expected text, as in "backend"'),
        ('cwd = ""', "cwd: is empty: write something, or leave the key out"),
        ('env = { PORT = 8000 }', 'env.PORT: found the number 8000, expected text: write "8000"'),
        ('env = { "a b" = [1] }', 'env."a b": found a list, expected text'),
        ('env = { "A=B" = "x" }', 'env."A=B": "A=B" cannot name a variable: use letters, digits and \'_\''),
        ('env = { "" = "x" }', 'env."": "" cannot name a variable: use letters, digits and \'_\''),
        ('env = []', 'env: found an empty list, expected a table of texts (in a flag, NAME=VALUE), as in { PORT = "8000" }'),
        ('shell = 1', 'shell: found the number 1, expected true, false, a shell\'s name or a list, as in "bash" or ["bash", "-c"]'),
        ('shell = []', 'shell: found an empty list, expected true, false, a shell\'s name or a list, as in "bash" or ["bash", "-c"]'),
        ('shell = "a\\u0000"', 'shell: "a\\x00" contains a NUL character, which paths and commands cannot: remove it'),
        ('restart_code = true', "restart_code: found true, expected a number from 0 to 255, or false, as in 3"),
        ('restart_code = 256', "restart_code: found the number 256, expected a number from 0 to 255, or false, as in 3"),
        ('stop_signal = "SIGTREM"', 'stop_signal: "SIGTREM" is not a signal on linux: did you mean SIGTERM?'),
        ('stop_signal = "9"', 'stop_signal: "9" is not a signal on linux: write, for example, SIGTERM or SIGINT'),
        ('stop_signal = 9', 'stop_signal: found the number 9, expected text, as in "SIGTERM"'),
        ('linux = 5', "linux: found the number 5, expected a table, as in [linux]"),
        ('compatible = ["flask"]', 'compatible[0]: "flask" is not one of werkzeug, django: write, for example, ["werkzeug"]'),
        ('compatible = ["djano"]', 'compatible[0]: "djano" is not one of werkzeug, django: did you mean "django"?'),
        ('compatible = [3]', 'compatible[0]: found the number 3, expected text: write "3"'),
        ('compatible = "django"', 'compatible: found the text "django", expected a list of texts, as in ["werkzeug"]'),
        ('compatible = ["werkzeug"]\npython.modules = false', 'compatible: "werkzeug" needs modules = true in [python], or a socket in sockets: add one, or turn off the command\'s own reloader'),
        ('python = 5', "python: found the number 5, expected a table, as in [python]"),
        ('python_modules = false', 'unknown key "python_modules": write it as modules in the table [python]'),
        ('pyton = {}', 'unknown key "pyton": did you mean "python"?'),
        ('[python]\nmodules = 1', "[python] modules: found the number 1, expected true or false, as in true"),
        ('[python]\nmodule = true', '[python] unknown key "module": did you mean "modules"?'),
        ('[python]\nwatch = ["x"]', '[python] unknown key "watch": see "reloader --help" for the keys'),
        ('[macos.python]\nopen_files = "x"', '[macos.python] open_files: found the text "x", expected true or false, as in true'),
        ('[macos]\npython = 1', "[macos] python: found the number 1, expected a table, as in [macos.python]"),
        ('[windows]\nstop_timeout = -1', "[windows] stop_timeout: -1 is negative: write 0 or more"),
        ('[windows]\nstop_signal = "SIGHUP"', '[windows] stop_signal: "SIGHUP" is not a signal on windows: write, for example, SIGTERM or SIGINT'),
        ('[macos]\nlinux = {}', '[macos] unknown key "linux": see "reloader --help" for the keys'),
        ("[windows]\nwatch = ['src\\*.py', 'C:\\x\\*.py']", "[windows] watch[1]: \"C:\\x\\*.py\" uses '\\', which escapes the next character in a pattern: write '/'"),
        ("[windows]\nignore = ['..\\x']", "[windows] ignore[0]: \"..\\x\" uses '\\', which escapes the next character in a pattern: write '/'"),
        ("[windows]\nwatch = ['C:/']\nignore=['C:/x']", '[windows] ignore[0]: "C:/x" lies outside the config file\'s directory: write the name alone, or a path below that directory'),
    ],
)  # fmt: skip
def test_a_problem_of_the_file_names_the_key_and_the_remedy(project: Project, line: str, problem: str) -> None:
    project.write(COMMAND + line)
    assert project.problems()[0] == f"reloader.toml: {problem}"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("[]", 'is empty: name a program, as in ["python", "app.py"]'),
        ('""', 'is empty: name a program, as in ["python", "app.py"]'),
        ('"  "', 'is empty: name a program, as in ["python", "app.py"]'),
        ('["", "x"]', 'is empty: name a program, as in ["python", "app.py"]'),
        ("\"'' x\"", 'is empty: name a program, as in ["python", "app.py"]'),
        ('["a", 1]', "item 1: found the number 1, expected text"),
        ('["a", "b\\u0000"]', '"b\\x00" contains a NUL character, which paths and commands cannot: remove it'),
        ("5", 'found the number 5, expected a list of texts, as in ["python", "app.py"]'),
        ('"a \'b"', '"a \'b" has a quote or an escape that is not closed: close it, or write a list'),
    ],
)
def test_a_command_needs_a_program(project: Project, value: str, problem: str) -> None:
    project.write(f"command = {value}")
    assert project.problems() == [f"reloader.toml: command: {problem}"]


def test_a_text_that_a_shell_reads_may_be_quoted_as_the_shell_likes(project: Project) -> None:
    project.write('shell = \'bash\'\ncommand = """# don\'t split\necho one"""')
    assert project.settings().launch.argv[2] == "# don't split\necho one"


def test_a_missing_command_is_a_problem_that_says_where_to_write_it(project: Project) -> None:
    project.write("[windows]\ncommand = ['only there']")
    assert project.problems() == [
        'reloader.toml: command: is missing: add command = ["python", "app.py"], or write "reloader -- COMMAND"'
    ]


def test_without_a_file_and_a_command_both_remedies_are_named(project: Project) -> None:
    assert project.problems() == [
        'no command is given: write "reloader -- COMMAND", or put command = ["COMMAND"] into reloader.toml'
    ]


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["--interval", "0"], "--interval: 0 is not allowed: write more than 0"),
        (["--interval", "-1"], "--interval: -1 is negative: write more than 0"),
        (["--interval="], '--interval: found the text "", expected seconds or text with a unit, as in 1.0 or "300ms"'),
        (["--watch", "a", "-w", "[b"], "--watch: \"[b\" is a pattern that matches nothing: close every '[', and write '\\#' for a '#' at the start"),
        (["--env", "A"], '--env: found the text "A", expected a table of texts (in a flag, NAME=VALUE), as in { PORT = "8000" }'),
        (["--env", "A=1", "--env", "=x"], "--env: \"\" cannot name a variable: use letters, digits and '_'"),
        (["--restart-code", "x"], '--restart-code: found the text "x", expected a number from 0 to 255, or false, as in 3'),
        (["--extra-files", "[1]"], '--extra-files: found the number 1, expected text: write "1"'),
        (["--backend", "caf\udce9"], '--backend: "caf\\udce9" is not one of auto, stat, watchdog, watchman: write, for example, "auto"'),
        (["--watch", "~"], None),
    ],
)  # fmt: skip
def test_a_problem_of_a_flag_names_the_flag(project: Project, argv: list[str], problem: str | None) -> None:
    home = project.path("home")
    expected = problem or (
        f"--watch: your home directory {home} would be watched: "
        'name less, as in watch = ["./src/"], or set allow_dangerous_root = true'
    )
    assert project.problems(*argv, "--", "x") == [expected]


def test_an_empty_command_after_the_dashes_names_the_command_line(project: Project) -> None:
    assert project.problems("--", "") == [
        'the command line: command: is empty: name a program, as in ["python", "app.py"]'
    ]


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        (
            "RELOADER_INTERVAL",
            "soon",
            'found the text "soon", expected seconds or text with a unit, as in 1.0 or "300ms"',
        ),
        ("RELOADER_GITIGNORE", "maybe", 'found the text "maybe", expected true or false, as in true'),
        (
            "RELOADER_WATCH",
            "[a",
            "\"[a\" is a pattern that matches nothing: close every '[', and write '\\#' for a '#' at the start",
        ),
        ("RELOADER_WATCH", "[1]", 'found the number 1, expected text: write "1"'),
        ("RELOADER_ENV", "{ A = 1 }", 'found the number 1, expected text: write "1"'),
        ("RELOADER_INTERVALL", "1", "unknown variable: did you mean RELOADER_INTERVAL?"),
        ("RELOADER_QQQQQQ", "1", 'unknown variable: see "reloader --help" for the keys'),
        ("RELOADER_interval", "1", "unknown variable: did you mean RELOADER_INTERVAL?"),
    ],
)
def test_a_problem_of_a_variable_names_the_variable(project: Project, variable: str, text: str, problem: str) -> None:
    assert project.problems("--", "x", environ={variable: text}) == [f"{variable}: {problem}"]


def test_watching_the_home_directory_is_a_problem(project: Project) -> None:
    (project.directory / "home").mkdir()
    home = project.path("home")
    remedy = 'name less, as in watch = ["./src/"], or set allow_dangerous_root = true'
    expected = f"the command line: watch: your home directory {home} would be watched: {remedy}"
    assert project.problems("--", "x", within="home") == [expected]


def test_all_problems_of_all_layers_are_reported_at_once(project: Project) -> None:
    project.write("""
        intervall = 1
        interval = 0
        watch = ["a", 1, "[b"]
        debounce = 5
        [linux]
        debounce = 6
        [windows]
        stop_timeout = "x"
    """)
    with pytest.raises(ConfigError) as error:
        project.settings("--backend", "no", environ={"RELOADER_ON_EXIT": "stop"})
    assert error.value.exit_code == 2
    assert str(error.value).splitlines() == [
        'reloader.toml: unknown key "intervall": did you mean "interval"?',
        'reloader.toml: watch[1]: found the number 1, expected text: write "1"',
        "reloader.toml: watch[2]: \"[b\" is a pattern that matches nothing: close every '[', and write '\\#' for a '#' at the start",
        "reloader.toml: interval: 0 is not allowed: write more than 0",
        'reloader.toml: [windows] stop_timeout: found the text "x", expected seconds or text with a unit, as in 0.05 or "300ms"',
        'RELOADER_ON_EXIT: "stop" is not one of auto, exit, wait, restart: write, for example, "auto"',
        '--backend: "no" is not one of auto, stat, watchdog, watchman: write, for example, "auto"',
        'reloader.toml: command: is missing: add command = ["python", "app.py"], or write "reloader -- COMMAND"',
        "reloader.toml: [linux] debounce: 6 is more than debounce_max (2): write less, or set both",
    ]


def test_what_depends_on_an_invalid_key_is_not_checked(project: Project) -> None:
    project.write(COMMAND + 'debounce = 5\ndebounce_max = "x"\nwatch = ["!a", 1]')
    assert project.problems() == [
        'reloader.toml: watch[1]: found the number 1, expected text: write "1"',
        'reloader.toml: debounce_max: found the text "x", expected seconds or text with a unit, as in 0.05 or "300ms"',
    ]


def test_a_long_text_is_shortened(project: Project) -> None:
    project.write(COMMAND + f'backend = "{"x" * 200}"')
    assert project.problems()[0].startswith(f'reloader.toml: backend: "{"x" * 59}…" is not one of')
