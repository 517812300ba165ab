"""The completions of each shell, tried in the shell itself if it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reloader.cli.completions import SHELLS
from reloader.cli.completions.spec import FlagSpec, ValueKind, flag_specs, subcommand_specs
from reloader.cli.help import GENERAL
from reloader.cli.main import main
from reloader.cli.subcommands import SUBCOMMANDS, load
from reloader.config.options import KEYS

SPECS = {subcommand.name: subcommand for subcommand in subcommand_specs()}


def flag(subcommand: str, spelling: str) -> FlagSpec:
    return next(flag for flag in SPECS[subcommand].flags if spelling in flag.spellings)


def script(capsys: pytest.CaptureFixture[str], shell: str) -> str:
    assert main(["completions", shell]) == 0
    return capsys.readouterr().out


class TestWhatIsCompleted:
    def test_are_all_subcommands_with_their_flags(self) -> None:
        assert list(SPECS) == list(SUBCOMMANDS)
        spellings = [one for flag in SPECS["run"].flags for one in flag.spellings]
        assert {key.flag for key in KEYS.values()} <= set(spellings)
        assert {"-w", "--no-gitignore", "-c", "--config", "-h", "--help", "--version"} <= set(spellings)
        assert len(set(spellings)) == len(spellings)

    def test_are_values_by_their_kind(self) -> None:
        assert (flag("run", "--backend").takes, flag("run", "--backend").choices[0]) == (ValueKind.CHOICE, "auto")
        assert flag("run", "--cwd").takes is ValueKind.DIRECTORY
        assert flag("run", "--extra-files").takes is ValueKind.FILE
        assert flag("run", "--config").takes is ValueKind.FILE
        assert flag("run", "--interval").takes is ValueKind.TEXT
        assert flag("run", "--keys").takes is ValueKind.NOTHING
        assert flag("init", "--no-schema").takes is ValueKind.NOTHING
        assert (flag("run", "--shell").value_is_optional, flag("run", "--shell").needs_value) == (True, False)

    def test_are_positional_arguments(self) -> None:
        assert (SPECS["completions"].positional, SPECS["completions"].choices) == (ValueKind.CHOICE, SHELLS)
        assert (SPECS["schema"].positional, SPECS["schema"].takes_command) == (ValueKind.NOTHING, False)
        assert SPECS["run"].takes_command

    def test_are_no_keys_for_a_subcommand_without_keys(self) -> None:
        assert [one.spellings for one in flag_specs(load("schema"))] == [("-h", "--help"), ("--version",)]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_names_every_subcommand_and_every_flag(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    text = script(capsys, shell)
    assert text.count(f"reloader completions {shell}") == 1
    assert [name for name in SUBCOMMANDS if name not in text] == []
    written = [f"-l {key.flag[2:]}" if shell == "fish" else key.flag for key in KEYS.values()]
    assert [one for one in written if one not in text] == []


def ask(shell: str, directory: Path, code: str) -> list[str]:
    """Return the lines that ``code`` prints in a shell without the user's start-up files."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine")
    bare = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *bare, "-c", code],
        cwd=directory,
        env={**os.environ, "HOME": str(directory)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


ASKED = [
    ("ini", "init"),
    ("--backen", "--backend"),
    ("--backend ", "watchdog"),
    ("--no-gitig", "--no-gitignore"),
    ("completions ", "fish"),
    ("check --qui", "--quiet"),
    ("init --no-", "--no-schema"),
    ("-- bas", "bash"),
]


@pytest.mark.parametrize(("typed", "offered"), ASKED)
def test_bash_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, offered: str) -> None:
    (tmp_path / "it").write_text(script(capsys, "bash"))
    words = " ".join(f"'{word}'" for word in f"reloader {typed}".split(" "))
    code = (
        f"source ./it; complete -p reloader >/dev/null || exit; COMP_WORDS=({words}); "
        'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _reloader; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert offered in ask("bash", tmp_path, code)


def test_bash_completes_a_value_after_an_equals_sign(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "it").write_text(script(capsys, "bash"))
    for words, cword in (("reloader --backend =", 2), ("reloader --backend = w", 3)):
        code = f'source ./it; COMP_WORDS=({words}); COMP_CWORD={cword}; _reloader; printf "%s\\n" "${{COMPREPLY[@]}}"'
        assert "watchman" in ask("bash", tmp_path, code)


@pytest.mark.parametrize(("typed", "offered"), ASKED)
def test_fish_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, offered: str) -> None:
    (tmp_path / "it").write_text(script(capsys, "fish"))
    # Its own functions describe commands and paths; one that stands alone does without.
    code = f"function __fish_describe_command; end; source ./it; complete -C 'reloader {typed}'"
    assert offered in [line.partition("\t")[0] for line in ask("fish", tmp_path, code)]


ZSH = """\
compdef() { print -- "for $2" }
_describe() { print -l -- ${(P)4} }
_arguments() { print -rl -- "$@" }
_normal() { print -- "normal $words at $CURRENT" }
source ./it
words=(WORDS) CURRENT=$#words PREFIX=${words[-1]}
_reloader
"""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("''", f"init:{SUBCOMMANDS['init']}"),
        ("--q", f"(-q --quiet)--quiet[{GENERAL['quiet'][1]}]"),
        ("--q", f"(--gitignore --no-gitignore)--no-gitignore[{KEYS['gitignore'].about}]"),
        ("--q", f"(--debounce-max)--debounce-max=[{KEYS['debounce_max'].about}]:SECONDS: "),
        ("completions ''", "*:word:(bash zsh fish powershell)"),
        ("check --q", f"(-q --quiet)-q[{GENERAL['quiet'][1]}]"),
        ("-q -- make al", "normal make al at 2"),
        ("''", "for reloader"),
    ],
)  # fmt: skip
def test_zsh_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, offered: str) -> None:
    (tmp_path / "it").write_text(script(capsys, "zsh"))
    assert offered in ask("zsh", tmp_path, ZSH.replace("WORDS", f"reloader {typed}"))


def test_colons_in_descriptions_are_escaped_for_zsh(capsys: pytest.CaptureFixture[str]) -> None:
    assert "[What makes a change\\: different content" in script(capsys, "zsh")


def test_every_text_for_powershell_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    text = script(capsys, "powershell")
    assert "the terminal''s bell" in text
    assert all(line.count("'") % 2 == 0 for line in text.splitlines())
    assert text.count("{") == text.count("}")
    assert "'run --backend' = @('auto', 'stat', 'watchdog', 'watchman')" in text
    assert "'completions' = @('bash', 'zsh', 'fish', 'powershell')" in text
