"""The output of a run on its way through: unchanged, and looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reloader.core.events import Posted, ProbePassed
from reloader.system.output import OutputTee
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import posix_only
from tests.support.programs.announcements import ROOT

WRITING_TO_AN_IMPATIENT_PIPE = """
import os, sys, threading
sys.path.insert(0, os.getcwd())
from reloader.system.output import OutputTee
kept = os.dup(1)
reader, writer = os.pipe()
os.dup2(writer, 1)
os.close(writer)
os.set_blocking(1, False)
output = OutputTee(lambda event: None, "never")
with output.attached(1) as streams:
    copy = os.dup(streams[0])
def write():
    left = b"x" * 1_000_000
    while left:
        left = left[os.write(copy, left):]
    os.close(copy)
threading.Thread(target=write).start()
seen = 0
while seen < 1_000_000:
    seen += len(os.read(reader, 100_000))
output.close()
os.write(kept, str(seen).encode())
"""


def test_own_output_is_the_regular_files_behind_our_standard_streams(tmp_path: Path) -> None:
    code = "import os, sys; sys.path.insert(0, os.getcwd()); from reloader.system.output import own_output\n"
    code += "os.write(2, repr(sorted(own_output())).encode())"
    with open(tmp_path / "out.txt", "wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=file, stderr=subprocess.PIPE, timeout=60, check=True
        )
    found = os.stat(tmp_path / "out.txt")
    assert eval(done.stderr) == [(found.st_dev, found.st_ino)]  # noqa: S307 our own text


class Written:
    """Writes as two streams of a run would, and knows what was posted."""

    def __init__(self, expression: str | None) -> None:
        self.posted: list[Posted] = []
        self.output = OutputTee(self.posted.append, expression)

    def __call__(self, run: int, out: list[bytes], err: list[bytes]) -> None:
        with self.output.attached(run) as streams:
            assert streams is not None
            copies = [os.dup(one) for one in streams]
        for copy, parts in zip(copies, (out, err), strict=True):
            for part in parts:
                os.write(copy, part)
            os.close(copy)
        self.output.close()


@pytest.fixture
def ready() -> Iterator[Written]:
    written = Written("^ready$")
    yield written
    written.output.close()


def test_it_is_copied_unchanged(ready: Written, capfd: pytest.CaptureFixture[str]) -> None:
    ready(1, [b"a\n", b"\x1b[1mb"], [b"c\n"])
    out, err = capfd.readouterr()
    assert (out, err) == ("a\n\x1b[1mb", "c\n")
    assert ready.posted == []


@pytest.mark.parametrize(
    ("out", "err"),
    [
        ([b"first\nready\nlast\n"], []),
        ([b"rea", b"dy\n"], []),
        ([b"ready\r\n"], []),
        ([], [b"ready"]),
        ([b"ready\n", b"ready\n"], []),
    ],
)
def test_a_matching_line_is_reported_once(
    ready: Written, capfd: pytest.CaptureFixture[str], out: list[bytes], err: list[bytes]
) -> None:
    ready(3, out, err)
    assert ready.posted == [ProbePassed(3, "log")]
    assert capfd.readouterr() == (b"".join(out).decode(), b"".join(err).decode())


@posix_only
def test_no_output_is_lost_where_standard_output_is_non_blocking(tmp_path: Path) -> None:
    """Somebody who shares it may have asked for that; the reader is slow."""
    program = tmp_path / "program.py"
    program.write_text(WRITING_TO_AN_IMPATIENT_PIPE)
    done = subprocess.run([sys.executable, program], capture_output=True, check=True, cwd=ROOT, timeout=60)
    assert done.stdout.decode().split() == ["1000000"]


def test_a_line_is_matched_as_a_whole(ready: Written) -> None:
    ready(1, [b"not ready\n", b"ready or not\n"], [])
    assert ready.posted == []


def test_without_an_expression_the_run_inherits_our_output() -> None:
    with OutputTee(lambda posted: None, None).attached(1) as streams:
        assert streams is None


def test_a_run_is_not_blocked_when_our_reader_is_gone(ready: Written) -> None:
    kept = os.dup(1)
    closed, broken = os.pipe()
    os.close(closed)
    os.dup2(broken, 1)
    os.close(broken)
    try:
        ready(1, [b"x" * 70000, b"\nready\n"], [])
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    eventually(lambda: ready.posted == [ProbePassed(1, "log")])
