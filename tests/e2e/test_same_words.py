"""A frozen program has the same help and messages as the source, although its modules are stripped."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reloader.cli.subcommands import SUBCOMMANDS
from tests.support.programs.announcements import FACT_TIMEOUT, ROOT
from tests.support.sessions.program import environment_of_program, program

ASKED = [
    ["--version"],
    ["-h"],
    ["--help"],
    ["doctor", "-h"],
    *([subcommand] for subcommand in ("man", "schema") if subcommand in SUBCOMMANDS),
    *(["completions", shell] for shell in ("bash", "zsh", "fish", "powershell") if "completions" in SUBCOMMANDS),
]


def output_of(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=FACT_TIMEOUT)
    return done.stdout


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_it_prints_what_its_source_prints(words: list[str]) -> None:
    source = output_of([sys.executable, "-m", "reloader", *words], {**os.environ, "PYTHONPATH": str(ROOT)})
    assert source
    assert output_of([*program(), *words], environment_of_program()) == source
