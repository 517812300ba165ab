"""The parent's end: what a child is given, and that whatever stands in the pipe is a report or nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.agent.link import AGENT_DIRECTORY, AGENT_VARIABLE, AgentLink, parse
from reloader.core.addresses import Address
from reloader.core.changes import FileStat, PathKind
from reloader.core.events import (
    AddressInUse,
    AgentAttached,
    FileImported,
    FileOpened,
    FileWritten,
    ModuleNotFound,
    Posted,
    ProgramCrashed,
    ReportsSynced,
)
from reloader.core.settings import PythonPolicy

ROOT = "C:\\" if sys.platform == "win32" else "/"
NUMBERS = st.integers(0, 2**63)
#: Names as they may be on a disk: any text but NUL, with bytes that are none.
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).map(
    lambda name: ROOT + name
)


class ScriptedPipe:
    address = "the address:5"

    def __init__(self) -> None:
        self.echoed: list[bytes] = []
        self.is_closed = False
        self.heard: Callable[[bytes], None] = lambda line: None

    def start(self, heard: Callable[[bytes], None]) -> None:
        self.heard = heard

    def echo(self, line: bytes) -> None:
        self.echoed.append(line)

    def close(self) -> None:
        self.is_closed = True


def hexed(text: str) -> str:
    return os.fsencode(text).hex()


@given(run=NUMBERS, pid=NUMBERS, path=NAMES, numbers=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_every_report_comes_out_as_it_went_in(
    run: int, pid: int, path: str, numbers: tuple[int, int, int, int]
) -> None:
    stamp = FileStat(PathKind.FILE, *numbers)
    stamped = " ".join(map(str, numbers))
    expected = {
        f"file {hexed(path)} {stamped}": FileImported(run, path, stamp),
        f"read {hexed(path)} {stamped}": FileOpened(run, path, stamp),
        f"wrote {hexed(path)}": FileWritten(run, path),
        f"missing {hexed(path)}": ModuleNotFound(run, path),
        f"hello 1 {hexed(path)}": AgentAttached(run, pid, is_leader=True, program=path),
        "hello 0 -": AgentAttached(run, pid),
        f"crash {hexed('ValueError')}": ProgramCrashed(run, pid, "ValueError"),
        f"crash {hexed('ValueError')} {hexed('ValueError: no')}": ProgramCrashed(
            run, pid, "ValueError", "ValueError: no"
        ),
        f"taken {hexed('::1')} {pid % 65535 + 1}": AddressInUse(run, Address("::1", pid % 65535 + 1)),
        f"sync {pid}": ReportsSynced(pid),
    }
    assert {text: parse(f"{run} {pid} {text}".encode()) for text in expected} == expected


@given(st.binary())
def test_a_line_of_anything_is_a_report_or_nothing(line: bytes) -> None:
    assert parse(line) is None or len(line.split()) >= 3


KINDS = st.sampled_from(
    ["file", "read", "wrote", "missing", "hello", "crash", "taken", "sync", "absent", "restart", "other"]
)
FIELDS = st.lists(st.one_of(st.integers().map(str), st.binary().map(bytes.hex), st.text("0123456789abcdef-xyz é/.")))


@given(KINDS, FIELDS)
def test_a_line_of_the_right_kind_with_any_fields_is_a_report_of_a_whole_path_or_nothing(
    kind: str, fields: list[str]
) -> None:
    event = parse(" ".join(["1", "2", kind, *fields]).encode())
    path = getattr(event, "path", getattr(event, "location", None))
    assert path is None or (os.path.isabs(path) and "\0" not in path)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"1", b"1 2", b"1 2 file", b"1 2 file 2f61 1 2 3", b"1 2 file 2f61 1 2 3 4 5", b"x 2 hello 1 -", b"1 2 hello",
        b"1 2 missing 61", b"1 2 missing 2f00", b"1 2 missing -", b"1 2 missing zz", b"1 2 sync", b"\xff 2 sync 1",
        b"1 2 nothing 3", b"1 2 taken -", b"1 2 taken - 0", b"1 2 taken - 65536", b"1 2 taken 80",
    ],
)  # fmt: skip
def test_what_is_no_report_is_passed_over(line: bytes) -> None:
    assert parse(line) is None


class TestALink:
    def link(self, policy: PythonPolicy | None = None) -> tuple[AgentLink, ScriptedPipe, list[Posted]]:
        pipe, posted = ScriptedPipe(), list[Posted]()
        return AgentLink(pipe, posted.append, policy or PythonPolicy()), pipe, posted

    def test_puts_the_agent_in_front_of_the_python_path(self) -> None:
        link, _, _ = self.link()
        assert link.environment(3, {}) == {"PYTHONPATH": AGENT_DIRECTORY, AGENT_VARIABLE: "2|the address:5|3|"}
        given_path = link.environment(4, {"PYTHONPATH": "mine"})["PYTHONPATH"]
        assert given_path == os.pathsep.join((AGENT_DIRECTORY, "mine"))

    def test_says_what_is_wanted(self) -> None:
        link, _, _ = self.link(PythonPolicy(open_files=True, site_packages=True))
        assert link.environment(1, {})[AGENT_VARIABLE] == "2|the address:5|1|open-files,site-packages"

    def test_posts_reports_and_nothing_else(self) -> None:
        _, pipe, posted = self.link()
        for line in (b"1 2 hello 1 -", b"garbage", b"0 0 sync 5"):
            pipe.heard(line)
        assert posted == [AgentAttached(1, 2, is_leader=True), ReportsSynced(5)]

    def test_asks_for_an_answer_behind_all_reports_and_behind_a_line_without_its_end(self) -> None:
        link, pipe, posted = self.link()
        assert (link.sync(), link.sync()) == (1, 2)
        for line in (b"half a line" + b"".join(pipe.echoed)).split(b"\n"):
            pipe.heard(line)
        assert posted == [ReportsSynced(1), ReportsSynced(2)]

    def test_closes_its_pipe(self) -> None:
        link, pipe, _ = self.link()
        link.close()
        assert pipe.is_closed
