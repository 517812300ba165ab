"""The output of the console for each notice: lines, progress and JSON."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import get_args

import pytest

from reloader.cli.output.console import Console, Style, as_object
from reloader.cli.output.messages import details, message
from reloader.core.addresses import Address, ListeningSocket, PortOwner
from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.notices import (
    BackendFellBack,
    BackingOffNotice,
    Changed,
    ChangesReverted,
    ConfigInvalid,
    ConfigMissing,
    ConfigReloaded,
    ConfigReloadSuspended,
    ConfigRestored,
    ConfigUsed,
    ControlUnavailable,
    DoctorLimit,
    DoctorRoot,
    DoctorScan,
    Ended,
    EventsMissed,
    EventsOverflowed,
    FilesListed,
    FinishedNotice,
    HookFailed,
    KeyChange,
    KeysHelp,
    Killed,
    KillFailed,
    Launched,
    Level,
    Listening,
    Note,
    Notice,
    OrphansFound,
    PathExplained,
    Paused,
    Polling,
    PortInUse,
    Postponed,
    Ready,
    RestartCodeIgnored,
    RestartLoopSuspended,
    Resumed,
    RunRecord,
    Scanning,
    ScansSlowed,
    SessionStatus,
    StoppingNotice,
    SyntaxErrorNotice,
    TaskFailed,
    TaskStarted,
    Unchanged,
    WaitingForChangeNotice,
    WaitResult,
    Watching,
)
from reloader.core.outcome import Exited, NotLaunched, Signalled
from reloader.core.states import ChildExited, FilesChanged, FirstStart, RequestedByChild, RequestedByUser
from reloader.core.tasks import HookEvent, TimedOut
from reloader.errors import BackendUnavailable, ConfigError

CHANGES = ChangeBatch.of([PathChange("/a.py", ChangeKind.MODIFIED), PathChange("/b.py", ChangeKind.ADDED)])

STATUS = SessionStatus(
    7, "/app/reloader.toml", ("python", "app.py"), "running", 3, 8, 2.5, 0.4, "files changed", False, (), "stat", 10
)
PAST = RunRecord(7, 3, 1e9, "files changed", ("/app/a.py",), 0.4, 12.5, 143, "ended by signal 15", 0.03, False)

WHY = PathExplained(
    "/app/a.py", "file", True, "rule", "*.py", "/app/x.toml", 3, "/app/a.py", "", "/app", "stat", "", True
)

#: One of each kind, and every reason and outcome somewhere among them.
NOTICES: list[Notice] = [
    SyntaxErrorNotice("/app/a.py", 3, 7, "SyntaxError: invalid syntax", ('  File "/app/a.py", line 3',), 2),
    TaskStarted("before", ("npm", "run", "css")),
    TaskFailed("check", ("ruff", "check"), TimedOut(60.0), None),
    ChangesReverted(("/app/a.py",), 2),
    Ready(2, 0.3, ("http",)),
    HookFailed(HookEvent.CRASH, ("say",), NotLaunched(127, "not found")),
    Postponed(),
    ConfigUsed("reloader.toml"),
    ConfigReloaded("reloader.toml", (KeyChange("env.PORT", None, "8000"),), replaces_run=True),
    ConfigInvalid(("reloader.toml: command: is missing",)),
    ConfigMissing("reloader.toml"),
    ConfigRestored("reloader.toml"),
    ConfigReloadSuspended("reloader.toml", 10, 7.25, 60.0),
    Scanning(1234),
    Watching(("/app",), 10, 2, "watchdog", "inotify", "because"),
    BackendFellBack("watchdog", ("/app/a",), "a limit", "raise it"),
    Listening((ListeningSocket(3, Address("127.0.0.1", 80)),)),
    EventsOverflowed("watchdog", "raise it"),
    DoctorRoot(os.path.join(os.sep, "app"), "ext4", os.sep, "watchdog", "inotify", "because", 0.001),
    DoctorScan(12, 3, 0.1),
    DoctorLimit("fs.inotify.max_user_watches", 8192, 12),
    EventsMissed("watchdog", (os.path.join(os.sep, "a"),)),
    Polling(os.path.join(os.sep, "share"), "nfs4", "it is far away"),
    ScansSlowed(2.5, 0.05, 40_000),
    Changed(CHANGES),
    Unchanged(("/a.py",)),
    Launched(1, 4711, ("python", "app.py"), FirstStart()),
    Launched(2, 4712, ("python", "app.py"), FilesChanged(CHANGES)),
    Launched(3, 4713, ("python", "app.py"), RequestedByUser("SIGUSR1")),
    Launched(4, 4714, ("python", "app.py"), RequestedByChild()),
    Launched(5, 4715, ("python", "app.py"), ChildExited(Exited(1))),
    StoppingNotice(1, 5.0),
    Killed(1, 5.0),
    PortInUse(1, PortOwner(Address("", 80), 2, ("python",)), is_certain=True),
    RestartLoopSuspended(("data.db",), 10, 7.25, ("/data.db",)),
    KillFailed(1, 10.0),
    OrphansFound(1, Exited(0)),
    Ended(1, Signalled(15), 12.5, stopped=True),
    Ended(1, Exited(0), 12.5, stopped=False),
    Ended(1, NotLaunched(127, "not found"), 0.0, stopped=False),
    WaitingForChangeNotice(Exited(1)),
    BackingOffNotice(0.5, 1, Exited(1)),
    RestartCodeIgnored(3, 5),
    Note("a remark"),
    FinishedNotice(0),
    STATUS,
    replace(STATUS, state="waiting", child=None, ready_after=None),
    replace(STATUS, state="starting", child=None, ready_after=None),
    replace(STATUS, state="starting", run=0, child=None, ready_after=None, is_paused=True),
    replace(STATUS, is_paused=True, pending=("/app/a.py", "/app/b.py")),
    Paused("reloader pause"),
    Resumed("reloader resume", 2),
    Resumed("p", 0),
    WaitResult("ready", 2, 0.4, None, "", ""),
    WaitResult("failed", 2, 0.1, 1, "exited with code 1", "ZeroDivisionError: division by zero"),
    WaitResult("failed", 0, None, 0, "the session has ended", ""),
    WaitResult("finished", 2, 0.1, 0, "exited with code 0", ""),
    WaitResult("timed out", 2, None, None, "", ""),
    PAST,
    replace(PAST, seconds=None, stopped_in=None, files=(), ready_after=None),
    replace(PAST, stopped_in=None),
    replace(PAST, forced=True),
    WHY,
    *(
        replace(WHY, cause=cause, is_watched=False, pattern="", source="", at="")
        for cause in ("virtualenv", "not asked for", "outside", "not imported", "no source", "no file", "own output")
    ),
    *(replace(WHY, cause=cause) for cause in ("named", "imported", "everything")),
    replace(WHY, is_watched=True, pattern="!a.py"),
    replace(WHY, pattern="!a.py"),
    replace(WHY, is_watched=False, at="/app"),
    replace(WHY, is_watched=False, at="", kind="missing"),
    replace(WHY, is_watched=False, kind="directory", line=0),
    replace(WHY, kind="directory", target="/b"),
    replace(WHY, kind="missing", is_live=False, backend="stat", root="", target="/b", importer="/app/b.py"),
    FilesListed(("/app/a.py",), is_live=True),
    FilesListed((), is_live=False),
    KeysHelp(),
    ControlUnavailable("a name is too long", "Set a shorter one"),
]
one_of_each_line = pytest.mark.parametrize(
    "notice", [one for one in NOTICES if not isinstance(one, Scanning)], ids=lambda notice: type(notice).__name__
)
one_of_each = pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: type(notice).__name__)


class Screen(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Flags:
    quiet: bool = False
    verbose: bool = False
    json: bool = False


def style(
    flags: Flags | None = None,
    stream: io.StringIO | None = None,
    *,
    shows_colour: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Style:
    return Style.of(flags or Flags(), stream or Screen(), shows_colour=shows_colour, environ=environ or {})


def shown(notice: Notice, how: Style) -> str:
    stream = io.StringIO()
    Console(stream, how).report(notice)
    return stream.getvalue()


def test_there_is_an_example_of_every_notice() -> None:
    assert {type(notice) for notice in NOTICES} >= set(get_args(Notice))


class TestLines:
    @one_of_each_line
    def test_each_notice_is_one_line_with_the_name_in_front(self, notice: Notice) -> None:
        line, *below = shown(notice, Style(threshold=Level.DETAIL)).splitlines()
        assert line == f"[reloader] {message(notice)}"
        assert below == list(details(notice))

    def test_a_syntax_error_is_followed_by_the_excerpt_that_python_shows(self) -> None:
        excerpt = ('  File "/app/a.py", line 3', "    \tdef f(:", "\t          ^", "SyntaxError: invalid syntax")
        text = shown(SyntaxErrorNotice("/app/a.py", 3, 7, excerpt[-1], excerpt, 2), Style())
        assert text.splitlines()[1:] == [line.replace("\t", " ") for line in excerpt]

    @one_of_each_line
    def test_colour_adds_nothing_but_colour(self, notice: Notice) -> None:
        plain = shown(notice, Style(threshold=Level.DETAIL))
        coloured = shown(notice, Style(threshold=Level.DETAIL, has_colour=True))
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
        assert coloured.startswith("\x1b[")
        assert coloured.splitlines()[0].endswith("\x1b[0m" if notice.level is not Level.INFO else message(notice)[-5:])

    def test_levels_have_different_colours(self) -> None:
        examples: list[Notice] = [
            Note("x"),
            WaitingForChangeNotice(Exited(1)),
            Killed(1, 1.0),
            Ended(1, Exited(1), 1.0, stopped=False),
        ]
        marks = {shown(notice, Style(Level.DETAIL, has_colour=True)).partition("[reloader]")[0] for notice in examples}
        assert len(marks) == len(examples)

    def test_colour_does_not_depend_on_what_termcolor_thinks_of_the_terminal(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b[" in shown(Note("x"), Style(Level.DETAIL, has_colour=True))


class TestTheLowestLevel:
    @one_of_each
    @pytest.mark.parametrize(
        ("flags", "lowest"),
        [(Flags(quiet=True), Level.WARNING), (Flags(), Level.INFO), (Flags(verbose=True), Level.DETAIL)],
        ids=["quiet", "as usual", "verbose"],
    )
    def test_follows_the_flags(self, notice: Notice, flags: Flags, lowest: Level) -> None:
        assert bool(shown(notice, style(flags))) is (notice.level >= lowest)

    def test_of_the_end_of_a_run_depends_on_its_outcome(self) -> None:
        levels = [
            Ended(1, Signalled(15), 1.0, stopped=True).level,
            Ended(1, Exited(0), 1.0, stopped=False).level,
            Ended(1, Exited(1), 1.0, stopped=False).level,
        ]
        assert levels == [Level.DETAIL, Level.INFO, Level.ERROR]


class TestColour:
    @pytest.mark.parametrize(
        ("shows_colour", "environ", "has_colour"),
        [
            pytest.param(True, {}, True, id="on a terminal"),
            pytest.param(False, {}, False, id="not in a pipe"),
            pytest.param(True, {"NO_COLOR": "1"}, False, id="not with NO_COLOR"),
            pytest.param(True, {"NO_COLOR": ""}, True, id="an empty NO_COLOR has no effect"),
            pytest.param(False, {"FORCE_COLOR": "1"}, True, id="in a pipe with FORCE_COLOR"),
            pytest.param(False, {"FORCE_COLOR": ""}, False, id="an empty FORCE_COLOR has no effect"),
            pytest.param(True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, id="NO_COLOR wins"),
            pytest.param(True, {"TERM": "dumb"}, False, id="not on a dumb terminal"),
            pytest.param(True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True, id="unless it is forced"),
            pytest.param(True, {"TERM": "xterm-256color"}, True, id="on any other"),
        ],
    )
    def test_follows_the_terminal_and_the_variables(
        self, shows_colour: bool, environ: dict[str, str], has_colour: bool
    ) -> None:
        assert style(shows_colour=shows_colour, environ=environ).has_colour is has_colour

    def test_is_never_in_json(self) -> None:
        assert not style(Flags(json=True), environ={"FORCE_COLOR": "1"}).has_colour


class TestProgress:
    def test_is_overwritten_on_a_terminal_and_ended_by_the_next_line(self) -> None:
        stream = Screen()
        console = Console(stream, style(stream=stream, shows_colour=False))
        for notice in (Scanning(10), Scanning(20), Killed(1, 2.0), Killed(2, 2.0)):
            console.report(notice)
        assert stream.getvalue() == (
            f"\r[reloader] {message(Scanning(10))}\r[reloader] {message(Scanning(20))}\n"
            f"[reloader] {message(Killed(1, 2.0))}\n[reloader] {message(Killed(2, 2.0))}\n"
        )

    def test_is_not_shown_in_a_pipe(self) -> None:
        assert shown(Scanning(10), style(stream=io.StringIO())) == ""

    def test_is_an_object_for_each_step_in_json_also_on_a_terminal(self) -> None:
        stream = Screen()
        Console(stream, style(Flags(json=True), stream)).report(Scanning(10))
        assert json.loads(stream.getvalue())["files"] == 10


class TestJson:
    @one_of_each
    def test_each_notice_is_one_line_that_is_an_object(self, notice: Notice) -> None:
        text = shown(notice, Style(threshold=Level.DETAIL, as_json=True))
        assert text.count("\n") == 1
        assert json.loads(text) == as_object(notice)

    @one_of_each
    def test_an_object_has_its_kind_its_level_its_text_and_exactly_its_fields(self, notice: Notice) -> None:
        made = as_object(notice)
        expected = ["notice", "level", "text", *(field.name for field in fields(notice) if field.name != "text")]
        assert sorted(made) == sorted(expected)
        assert made["level"] in ("detail", "info", "warning", "error")
        assert made["text"] == message(notice)

    def test_names_are_in_small_letters(self) -> None:
        assert as_object(BackendFellBack("stat", (), "x", "y"))["notice"] == "backend_fell_back"
        assert as_object(Note("x"))["notice"] == "note"

    def test_a_batch_is_a_list_of_paths_with_their_kinds(self) -> None:
        expected = [{"path": "/a.py", "kind": "modified"}, {"path": "/b.py", "kind": "added"}]
        assert as_object(Changed(CHANGES))["batch"] == expected
        reason = as_object(Launched(2, 1, ("x",), FilesChanged(CHANGES)))["reason"]
        assert reason == {"kind": "files_changed", "batch": expected}

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [
            (FirstStart(), {"kind": "first_start"}),
            (RequestedByUser("SIGUSR1"), {"kind": "requested_by_user", "by": "SIGUSR1"}),
            (RequestedByChild(), {"kind": "requested_by_child"}),
        ],
    )
    def test_a_reason_has_its_kind(
        self, reason: FirstStart | RequestedByUser | RequestedByChild, expected: object
    ) -> None:
        assert as_object(Launched(1, 1, ("x",), reason))["reason"] == expected

    def test_an_outcome_has_its_kind(self) -> None:
        outcome = as_object(Ended(1, Signalled(9), 1.0, stopped=False))["outcome"]
        assert outcome == {"kind": "signalled", "number": 9, "was_foreground": False}
        lost = as_object(Launched(1, 1, ("x",), ChildExited(NotLaunched(126, "no"))))["reason"]
        assert isinstance(lost, dict)
        assert lost["outcome"] == {"kind": "not_launched", "exit_code": 126, "why": "no"}

    @pytest.mark.skipif(sys.platform == "win32", reason="on Windows every name of a file is text")
    def test_file_names_that_are_not_valid_text_are_escaped(self) -> None:
        name = os.fsdecode(b"/caf\xe9.py")
        batch = ChangeBatch.of([PathChange(name, ChangeKind.ADDED)])
        text = shown(Changed(batch), Style(as_json=True))
        assert json.loads(text)["batch"][0]["path"] == "/caf\\xe9.py"
        assert json.loads(shown(Unchanged((name,)), Style(Level.DETAIL, as_json=True)))["paths"] == ["/caf\\xe9.py"]
        assert text.isascii()


class TestErrors:
    def test_are_a_line_for_each_problem(self) -> None:
        stream = io.StringIO()
        Console(stream, Style(threshold=Level.ERROR)).fail(ConfigError(["one", "two"]))
        assert stream.getvalue() == "[reloader] one\n[reloader] two\n"

    def test_are_shown_even_with_quiet(self) -> None:
        stream = io.StringIO()
        error = BackendUnavailable("watchman", "cause", "remedy")
        Console(stream, style(Flags(quiet=True), stream, shows_colour=False)).fail(error)
        assert stream.getvalue() == f"[reloader] {error}\n"

    def test_are_one_object_in_json(self) -> None:
        stream = io.StringIO()
        Console(stream, style(Flags(json=True), stream)).fail(ConfigError(["one", "two"]))
        assert json.loads(stream.getvalue()) == {"notice": "error", "level": "error", "problems": ["one", "two"]}


class ClosedPipe(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


@pytest.fixture
def dead_streams() -> list[io.StringIO]:
    closed = io.StringIO()
    closed.close()
    return [closed, ClosedPipe()]


def test_a_closed_stream_is_ignored(dead_streams: list[io.StringIO]) -> None:
    for stream in dead_streams:
        console = Console(stream, Style())
        console.report(Killed(1, 2.0))
        console.fail(ConfigError(["one"]))
        assert stream.closed or stream.getvalue() != ""


def test_text_that_a_stream_cannot_encode_is_ignored() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    console = Console(stream, Style(Level.DETAIL))
    console.report(Note("grüße"))
    console.report(Note("plain"))
    assert b"plain" in written.getvalue()
