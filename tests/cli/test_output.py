from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reloader.cli.output.stdout import write
from tests.support.programs.announcements import environment

PATIENCE = 60


def test_an_answer_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    write("one\ntwo\n")
    assert capsys.readouterr() == ("one\ntwo\n", "")


def test_without_a_standard_output_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    write("lost")


def test_characters_outside_of_the_encoding_are_escaped(tmp_path: Path) -> None:
    code = r"from reloader.cli.output.stdout import write; write('\u2713 \udcff\n')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(PYTHONIOENCODING="ascii"),
        cwd=tmp_path,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.split() == [rb"\u2713", rb"\udcff"]


def test_a_closed_pipe_is_not_an_error(tmp_path: Path) -> None:
    code = (
        "import sys; sys.stdin.read(); from reloader.cli.output.stdout import write; write('x' * 100_000); write('y')"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment(),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdout.close()
    program.stdin.close()
    assert program.stderr is not None
    with program.stderr:
        assert (program.stderr.read(), program.wait(PATIENCE)) == (b"", 0)
