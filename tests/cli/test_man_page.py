"""The manual page: its content, and its markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reloader import __version__
from reloader.cli.main import main
from reloader.cli.man_page import manual
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS, load

PAGE = manual()


def read_by_a_person() -> str:
    """Return the page without roff's markup."""
    lines = [line for line in PAGE.splitlines() if not line.startswith((".TP", ".PP", ".nf", ".fi"))]
    text = re.sub(r"^\.(?:SH|SS|B) ", "", "\n".join(lines), flags=re.MULTILINE)
    for mark, letter in ((r"\&", ""), (r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\(ti", "~"), (r"\(ha", "^")):
        text = text.replace(mark, letter)
    return text.replace(r"\(ga", "`").replace("\\e", "\\")


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man"]) == 0
    assert capsys.readouterr().out == PAGE


def test_it_has_the_version_and_the_usual_sections() -> None:
    assert PAGE.startswith(f'.TH RELOADER 1 "" "reloader {__version__}"')
    sections = re.findall(r"^\.SH (.*)$", PAGE, re.MULTILINE)
    assert sections == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "SUBCOMMANDS", "OPTIONS", "FILES", "ENVIRONMENT", "EXIT STATUS", "SIGNALS", "EXAMPLES",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_it_explains_every_subcommand_with_its_own_flags(name: str) -> None:
    text = read_by_a_person()
    assert f"\nreloader {name} [OPTIONS]" in text
    assert SUBCOMMANDS[name] in text
    assert [flag.flag for flag in load(name).flags if f"{flag.flag}" not in text or flag.about not in text] == []
    assert name == DEFAULT or text.count(f"\nreloader {name} [OPTIONS]") == 2  # in the synopsis too


def test_no_line_of_text_is_a_roff_request() -> None:
    requests = {line.split()[0] for line in PAGE.splitlines() if line.startswith((".", "'"))}
    assert requests <= {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".nf", ".fi"}


@pytest.mark.parametrize(
    "command",
    [
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"],
        ["groff", "-man", "-Tutf8", "-ww", "-z"],
        ["mandoc", "-Tlint", "-Wwarning"],
    ],
    ids=lambda command: command[0],
)
def test_its_markup_has_no_fault(tmp_path: Path, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} on this machine")
    page = tmp_path / "reloader.1"
    page.write_text(PAGE, encoding="utf-8")
    done = subprocess.run([*command, str(page)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
