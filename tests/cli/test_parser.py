from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reloader import __version__
from reloader.cli.parser import parse
from reloader.config.options import KEYS, Kind

ROOT = Path(__file__).resolve().parents[2]


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Return the error for ``argv``, without the line that points to the help."""
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.endswith('\nSee "reloader -h".\n')
    return written.err.removesuffix('\nSee "reloader -h".\n').removeprefix("reloader: error: ")


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


def test_no_arguments_mean_run() -> None:
    arguments = parse([])
    assert (arguments.subcommand, arguments.config, arguments.flags, arguments.command) == ("run", None, {}, ())
    assert (arguments.quiet, arguments.verbose, arguments.json) == (False, False, False)


def test_the_command_after_the_dashes_is_untouched() -> None:
    assert parse(["-q", "--", "a", "--watch", "b", "--", "-c"]).command == ("a", "--watch", "b", "--", "-c")


def test_the_default_subcommand_may_be_written() -> None:
    arguments = parse(["run", "--interval", "2", "--", "run"])
    assert (arguments.subcommand, arguments.flags, arguments.command) == ("run", {"interval": "2"}, ("run",))


def test_the_general_flags_are_read() -> None:
    arguments = parse(["-c", "x.toml", "--json", "-v"])
    assert (arguments.config, arguments.json, arguments.verbose, arguments.quiet) == ("x.toml", True, True, False)


@pytest.mark.parametrize(
    "key", [key for key in KEYS.values() if key.kind is not Kind.BOOLEAN], ids=lambda key: key.name
)
def test_every_key_is_a_flag_that_takes_text(key) -> None:
    expected = ["a b"] if key.kind in (Kind.LIST, Kind.TABLE, Kind.TASKS) else "a b"
    assert parse([key.flag, "a b"]).flags == {key.name: expected}


@pytest.mark.parametrize("key", [key for key in KEYS.values() if key.kind is Kind.BOOLEAN], ids=lambda key: key.name)
def test_a_boolean_key_is_a_pair_of_flags(key) -> None:
    assert parse([key.flag]).flags == {key.name: True}
    assert parse(["--no-" + key.flag[2:]]).flags == {key.name: False}


def test_a_list_is_given_by_repeating_its_flag() -> None:
    assert parse(["-w", "a", "--watch", "b", "--ignore=c", "-id"]).flags == {"watch": ["a", "b"], "ignore": ["c", "d"]}


def test_a_shell_needs_no_name() -> None:
    assert parse(["--shell", "--", "a"]).flags == {"shell": "true"}


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["python", "app.py"], 'unexpected argument "python". Write "--" before the command: reloader -- python app.py'),
        (["run", "x"], 'unexpected argument "x". Write "--" before the command: reloader -- x'),
        (["py", "-m", "a", "b", "-w"], 'unexpected argument "py". Write "--" before the command: reloader -- py -m a b ...'),
        (["-q", "make", "all"], 'unexpected argument "make". Write "--" before the command: reloader -- make all'),
        (["--intervall", "2"], "unknown flag --intervall. Did you mean --interval?"),
        (["--no-gitignor"], "unknown flag --no-gitignor. Did you mean --no-gitignore?"),
        (["--wach=x", "--", "y"], "unknown flag --wach. Did you mean --watch?"),
        (["--qqqqqq"], "unknown flag --qqqqqq"),
        (["--inter", "2"], "unknown flag --inter. Did you mean --interval?"),
        (["--interval"], "argument --interval: expected one argument"),
        (["-q", "-v"], "argument -v/--verbose: not allowed with argument -q/--quiet"),
        (["--"], 'there is no command after "--". Write: reloader -- COMMAND'),
        (["rn"], 'unknown subcommand "rn". Did you mean reloader run? To run it as a command: reloader -- rn'),
        (["-q", "doctor"], "the subcommand doctor must come first. Write: reloader doctor [OPTIONS]"),
        (["run", "doctor"], "the subcommand doctor must come first. Write: reloader doctor [OPTIONS]"),
        (["--command", "a", "--", "b"], 'the command is given twice. Use --command or "--", not both'),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], error: str
) -> None:
    assert refusal(capsys, *argv) == error


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "--version") == f"reloader {__version__}\n"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_no_line_of_the_help_is_wider_than_80_columns(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert [line for line in shown(capsys, flag).splitlines() if len(line) > 80] == []


def test_the_short_help_fits_one_screen_and_names_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "-h")
    assert len(text.splitlines()) <= 40
    assert [key.name for key in KEYS.values() if key.flag in text and key.brief] == [
        "watch", "ignore", "extra_files", "interval", "backend",
    ]  # fmt: skip
    assert "--help" in text


def test_the_help_explains_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    words = " ".join(shown(capsys, "run", "--help").split())
    for key in KEYS.values():
        assert f"{key.flag} " in words or f"{key.flag}, " in words
        assert key.about in words
    assert "Default: 0.05." in words
    assert "Default: auto." in words
    assert "Default: false." in words


@pytest.mark.parametrize("argv", [["--version"], ["-h"], ["--help"]])
def test_help_and_version_import_only_cheap_modules(argv: list[str]) -> None:
    code = (
        "import sys, argparse, errno, gettext, locale, textwrap; before = set(sys.modules)\n"
        "from reloader.cli.parser import parse\n"
        "try: parse(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "new = {name for name in set(sys.modules) - before if name.partition('.')[0] != 'reloader'}\n"
        "sys.exit(' '.join(sorted(new - {'__future__', 'collections.abc'})) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
