"""The pipe of the reports: complete, in order, from many writers at once, and without a trace afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from reloader.system import ReportPipe
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only, posix_only
from tests.support.programs.processes import open_handles

BURST = """\
import sys
sys.path.insert(0, sys.argv[1])
import _reloader_agent
channel = _reloader_agent.Channel(sys.argv[2], sys.argv[3])
for number in range(2500):
    channel.send("burst", number)
while channel._backlog:
    channel.send("again")
"""


@pytest.fixture
def inside() -> str:
    return str(Path(__file__).resolve().parents[2] / "reloader" / "agent" / "inside")


def test_lines_are_heard_in_the_order_in_which_they_were_written() -> None:
    heard: list[bytes] = []
    pipe = ReportPipe()
    try:
        pipe.start(heard.append)
        for number in range(100):
            pipe.echo(b"%d\n" % number)
        eventually(lambda: len(heard) == 100)
        assert heard == [b"%d" % number for number in range(100)]
    finally:
        pipe.close()


def test_ten_thousand_reports_of_four_processes_arrive_whole_and_each_process_in_its_order(inside: str) -> None:
    heard: list[bytes] = []
    pipe = ReportPipe()
    try:
        pipe.start(heard.append)
        writers = [
            subprocess.Popen([sys.executable, "-I", "-c", BURST, inside, pipe.address, str(run)]) for run in range(4)
        ]
        assert [writer.wait(60) for writer in writers] == [0] * 4
        pipe.echo(b"end\n")
        eventually(lambda: heard[-1] == b"end", within=30)
    finally:
        pipe.close()
    for run in range(4):
        words = [line.split() for line in heard if line.startswith(b"%d " % run) and b"burst" in line]
        assert [int(number) for _, _, _, number in words] == list(range(2500))


def test_a_line_that_says_the_end_is_a_line_like_any_other() -> None:
    heard: list[bytes] = []
    pipe = ReportPipe()
    try:
        pipe.start(heard.append)
        for line in (b"end\n", b"close\n", b"after\n"):
            pipe.echo(line)
        eventually(lambda: b"after" in heard)
    finally:
        pipe.close()


def test_it_can_be_closed_while_a_line_has_no_end_yet() -> None:
    pipe = ReportPipe()
    pipe.start(lambda line: None)
    pipe.echo(b"half a li")
    pipe.close()
    pipe.close()


@posix_only
def test_nothing_is_left_of_it_in_the_process_or_among_the_temporary_files() -> None:
    def temporary() -> set[str]:
        return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("reloader-")}

    handles, files = open_handles(), temporary()
    started, never_started = ReportPipe(), ReportPipe()
    started.start(lambda line: None)
    assert open_handles() > handles
    started.close()
    never_started.close()
    assert (open_handles(), temporary()) == (handles, files)


@linux_only
def test_it_is_opened_anew_by_its_address_and_known_by_its_inode() -> None:
    pipe = ReportPipe()
    try:
        path, _, inode = pipe.address.rpartition(":")
        assert path.startswith(f"/proc/{os.getpid()}/fd/")
        assert os.stat(path).st_ino == int(inode)
    finally:
        pipe.close()
