"""The table of subcommands: each has a help, and is parsed by its declaration."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from reloader.cli import parser, subcommands
from reloader.cli.main import main
from reloader.cli.parser import parse
from reloader.cli.subcommand import GENERAL, Argument, Flag, Subcommand
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS, load
from reloader.config.options import KEYS
from reloader.errors import ReloaderError
from tests.support.programs.announcements import ROOT, environment

HEAVY = ("pydantic", "tomli", "watchdog", "pathspec", "dotenv", "termcolor", "reloader.engine", "reloader.watchers")


def test_the_table_names_exactly_the_modules_of_the_package() -> None:
    assert sorted(SUBCOMMANDS) == sorted(module.name for module in pkgutil.iter_modules(subcommands.__path__))


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_subcommand_has_a_line_in_the_help(name: str) -> None:
    assert SUBCOMMANDS[name].endswith(".")
    assert len(name) <= 20
    assert len(SUBCOMMANDS[name]) <= 80 - 26


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_subcommand_takes_flags_that_exist_and_are_not_keys(name: str) -> None:
    subcommand = load(name)
    assert set(subcommand.general) <= set(GENERAL)
    own = [flag.flag for flag in subcommand.flags]
    assert len(set(own)) == len(own)
    assert all(flag.about.endswith(".") for flag in subcommand.flags)
    if subcommand.takes_keys:
        assert not set(own) & {key.flag for key in KEYS.values()}


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", [name for name in SUBCOMMANDS if name != DEFAULT])
def test_the_help_of_a_subcommand_fits_one_screen(capsys: pytest.CaptureFixture[str], name: str, flag: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([name, flag])
    assert not ended.value.code
    text = capsys.readouterr().out
    assert text.startswith(f"usage: reloader {name} [OPTIONS]")
    assert SUBCOMMANDS[name] in text
    assert load(name).examples
    assert all(f"  {example}\n" in text for example in load(name).examples)
    lines = text.splitlines()
    assert len(lines) <= 40
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("name", [name for name in SUBCOMMANDS if name != DEFAULT])
def test_the_examples_of_a_subcommand_can_be_parsed(name: str) -> None:
    for example in load(name).examples:
        program, *words = example.partition(" >")[0].partition(" | ")[0].split()
        assert program == "reloader"
        assert parse(words).subcommand == name


def test_the_help_of_run_is_that_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for argv in (["-h"], ["run", "-h"], ["--help"], ["run", "--help"]):
        with pytest.raises(SystemExit):
            parse(argv)
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2] == texts[3]


@pytest.mark.parametrize("argv", [["--version"], ["-h"], ["--help"], *([name, "-h"] for name in SUBCOMMANDS)])
def test_no_help_imports_anything_heavy(argv: list[str]) -> None:
    code = (
        "import sys\n"
        "from reloader.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"found = [name for name in sys.modules if name.startswith({HEAVY!r})]\n"
        "raise SystemExit(f'imported: {found}' if found else 0)\n"
    )
    command = [sys.executable, "-c", code, *argv]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_asking_a_session_imports_neither_pydantic_nor_the_engine(tmp_path: Path) -> None:
    """Editors and coding agents ask often. These imports take several times as long as the answer."""
    code = (
        "import sys\n"
        "from reloader.cli.main import main\n"
        "code, heavy = main(), {'pydantic', 'reloader.engine'} & set(sys.modules)\n"
        "raise SystemExit(f'imported: {heavy}' if heavy else code)\n"
    )
    command = [sys.executable, "-c", code, "status"]
    done = subprocess.run(command, env=environment(), cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 4  # no session is running


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch) -> Subcommand:
    """A subcommand of the tests, with one argument of each kind."""
    subcommand = Subcommand(
        lambda arguments: 0,
        general=("json",),
        flags=(
            Flag("after", "When.", metavar="TIME", short="-a"),
            Flag("all", "All of it."),
            Flag("as", "How.", choices=("red", "blue")),
        ),
        positional=Argument("THING", "What.", is_optional=True, is_many=True),
        examples=("reloader fetch",),
    )
    return _in_table(monkeypatch, subcommand)


def _in_table(monkeypatch: pytest.MonkeyPatch, subcommand: Subcommand) -> Subcommand:
    monkeypatch.setitem(SUBCOMMANDS, "fetch", "Fetch it.")
    monkeypatch.setattr(parser, "load", lambda name: subcommand if name == "fetch" else load(name))
    return subcommand


@pytest.mark.usefixtures("fetch")
class TestTheArgumentsOfASubcommand:
    def test_are_parsed_by_its_declaration(self) -> None:
        given = parse(["fetch", "a", "--after", "5", "--json", "b", "--all", "--as=red"])
        assert (given.subcommand, given.positionals, given.json) == ("fetch", ("a", "b"), True)
        assert given.options == {"after": "5", "all": True, "as": "red"}
        assert given.flags == {}

    def test_are_absent_unless_they_are_typed(self) -> None:
        given = parse(["fetch"])
        assert (given.positionals, given.options, given.config, given.quiet) == ((), {}, None, False)

    def test_after_dashes_are_positional_if_it_takes_no_command(self) -> None:
        given = parse(["fetch", "a", "--", "-b", "--", "c"])
        assert (given.positionals, given.command) == (("a", "-b", "--", "c"), ())

    @pytest.mark.parametrize(
        ("argv", "error"),
        [
            (["--alll"], "unknown flag --alll. Did you mean --all?"),
            (["a", "--watch", "x"], "unknown flag --watch"),
            (["--config", "x"], "unknown flag --config"),
            (["--as", "rde"], '--as: "rde" is not one of red, blue. Did you mean red?'),
            (["--as", "x"], '--as: "x" is not one of red, blue. Write, for example, red'),
        ],
    )
    def test_that_are_unknown_are_reported(
        self, capsys: pytest.CaptureFixture[str], argv: list[str], error: str
    ) -> None:
        assert refusal(capsys, argv) == error


def refusal(capsys: pytest.CaptureFixture[str], argv: list[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(["fetch", *argv])
    assert ended.value.code == 2
    error, help_line = capsys.readouterr().err.splitlines()
    assert help_line == 'See "reloader fetch -h".'
    return error.removeprefix("reloader: error: ")


@pytest.mark.parametrize(
    ("positional", "argv", "error"),
    [
        (Argument("PATH", "It."), [], "PATH is missing. Write: reloader fetch PATH"),
        (Argument("PATH", "It."), ["a", "b"], 'unexpected argument "b". Write: reloader fetch PATH'),
        (
            Argument("SHELL", "It.", choices=("bash", "zsh")),
            [],
            "SHELL is missing: it is one of bash, zsh. Write, for example: reloader fetch bash",
        ),
        (
            Argument("SHELL", "It.", choices=("bash", "zsh")),
            ["bsh"],
            '"bsh" is not one of bash, zsh. Did you mean bash?',
        ),
        (None, ["a"], 'unexpected argument "a": reloader fetch takes none'),
    ],
)
def test_wrong_positional_arguments_are_reported(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    positional: Argument | None,
    argv: list[str],
    error: str,
) -> None:
    _in_table(monkeypatch, Subcommand(lambda arguments: 0, positional=positional))
    assert refusal(capsys, argv) == error


class TestTheProgram:
    def test_exits_with_the_code_that_the_subcommand_returns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(load("doctor"), "perform", lambda arguments: 17)
        assert main(["doctor"]) == 17

    def test_shows_an_error_that_the_user_can_repair_without_a_traceback(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fails(given: object) -> int:
            raise ReloaderError("mend it")

        monkeypatch.setattr(load("doctor"), "perform", fails)
        assert main(["doctor"]) == 2
        assert capsys.readouterr() == ("", "[reloader] mend it\n")
