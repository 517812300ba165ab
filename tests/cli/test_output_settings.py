"""The output settings: clear, bell, notify, timestamps and log_file."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from reloader.cli.main import main
from reloader.cli.output import log_file
from reloader.cli.output.console import Console, Style
from reloader.cli.output.log_file import LogFile
from reloader.cli.output.messages import message
from reloader.cli.output.notifications import BELL, Notifier, notification_of
from reloader.cli.output.reporters import CLEAR, ReporterGroup, reporter_for
from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.notices import (
    BackingOffNotice,
    Changed,
    Ended,
    EventsOverflowed,
    FinishedNotice,
    KillFailed,
    Launched,
    Level,
    Note,
    Notice,
    Scanning,
    StoppingNotice,
    WaitingForChangeNotice,
)
from reloader.core.outcome import Exited
from reloader.core.settings import OutputSettings
from reloader.core.states import FilesChanged, FirstStart, RequestedByChild
from reloader.errors import ConfigError
from reloader.interfaces import Reporter

BATCH = ChangeBatch.of([PathChange("/a.py", ChangeKind.MODIFIED)])
FIRST = Launched(1, 10, ("x",), FirstStart())
SECOND = Launched(2, 11, ("x",), FilesChanged(BATCH))
FAILED = Ended(1, Exited(1), 2.0, stopped=False)
STOPPED = Ended(1, Exited(0), 2.0, stopped=True)
LOST = EventsOverflowed("watchdog", "Raise it.")
KITTY = {"TERM": "xterm-kitty"}
PLAIN = {"TERM": "xterm-256color"}


def noon() -> datetime:
    return datetime(2020, 1, 2, 12, 0, 0, 250_000, timezone(timedelta(hours=1)))


def shown(
    settings: OutputSettings, *notices: Notice, style: Style | None = None, environ: dict[str, str] | None = None
) -> str:
    """Everything that is written to a terminal."""
    stream = io.StringIO()
    console = Console(stream, style or Style(is_terminal=True), noon)
    reporter = reporter_for(settings, console, PLAIN if environ is None else environ)
    for notice in notices:
        reporter.report(notice)
    return stream.getvalue()


class TestAClearedScreen:
    CLEARED = OutputSettings(clear=True)

    @pytest.mark.parametrize(
        "notices",
        [
            (
                StoppingNotice(1, 5.0),
                LOST,
                Changed(BATCH),
                STOPPED,
                SECOND,
            ),  # the change is reported before the end of the run
            (StoppingNotice(1, 5.0), STOPPED, LOST, Changed(BATCH), SECOND),  # and after it
            (FAILED, WaitingForChangeNotice(Exited(1)), LOST, Changed(BATCH), SECOND),
        ],
    )
    def test_repeats_the_reason_and_the_warnings_on_the_way(self, notices: tuple[Notice, ...]) -> None:
        before, clear, after = shown(self.CLEARED, FIRST, *notices).partition(CLEAR)
        assert (clear, CLEAR in after) == (CLEAR, False)
        assert before.startswith("[reloader] starting")
        words = [line.removeprefix("[reloader] ").split()[0] for line in after.splitlines()]
        assert words == ["watchdog", "changed:", "restarting:"]

    def test_is_cleared_before_the_command_can_write(self) -> None:
        assert CLEAR in shown(self.CLEARED, FIRST, FAILED, Changed(BATCH))
        assert CLEAR in shown(self.CLEARED, FIRST, Changed(BATCH), STOPPED)

    def test_is_not_cleared_at_the_end_nor_while_the_old_run_writes(self) -> None:
        assert CLEAR not in shown(self.CLEARED, FIRST, STOPPED, FinishedNotice(130))
        assert CLEAR not in shown(self.CLEARED, FIRST, Changed(BATCH))

    def test_is_not_cleared_for_the_first_run(self) -> None:
        assert CLEAR not in shown(self.CLEARED, Changed(BATCH), FIRST)

    def test_is_cleared_for_each_further_run_and_repeats_only_its_own_reason(self) -> None:
        text = shown(self.CLEARED, FIRST, Changed(BATCH), STOPPED, SECOND, Launched(3, 12, ("x",), RequestedByChild()))
        assert text.count(CLEAR) == 2
        assert "changed" not in text.rpartition(CLEAR)[2]

    @pytest.mark.parametrize("style", [Style(), Style(as_json=True)])
    def test_is_a_terminals(self, style: Style) -> None:
        assert CLEAR not in shown(self.CLEARED, FIRST, SECOND, style=style)

    def test_is_not_a_dumb_terminals(self) -> None:
        assert CLEAR not in shown(self.CLEARED, FIRST, SECOND, environ={"TERM": "dumb"})


class TestTheBell:
    RINGS = OutputSettings(bell=True)

    @pytest.mark.parametrize(
        "notices",
        [
            (FAILED, WaitingForChangeNotice(Exited(1))),
            (FAILED, BackingOffNotice(1.0, 1, Exited(1))),
            (FAILED, FinishedNotice(1)),
            (Ended(1, Exited(0), 1.0, stopped=False), FinishedNotice(0)),
            (KillFailed(1, 10.0),),
        ],
    )
    def test_rings_once_when_a_run_ends_by_itself_or_something_fails(self, notices: tuple[Notice, ...]) -> None:
        style = Style(threshold=Level.ERROR, is_terminal=True)
        rings = shown(self.RINGS, FIRST, *notices, style=style).count(BELL)
        assert rings == 1

    @pytest.mark.parametrize(
        "notices",
        [
            (SECOND,),
            (StoppingNotice(1, 5.0), Ended(1, Exited(1), 1.0, stopped=True), SECOND),
            (Ended(1, Exited(3), 1.0, stopped=False), Launched(2, 11, ("x",), RequestedByChild()), FinishedNotice(130)),
            (StoppingNotice(1, 5.0), Ended(1, Exited(1), 1.0, stopped=True), FinishedNotice(130)),
            (BackingOffNotice(2.0, 2, Exited(1)),),
            (EventsOverflowed("watchdog", "Raise it."),),
        ],
    )
    def test_does_not_ring_for_what_the_user_requested(self, notices: tuple[Notice, ...]) -> None:
        assert BELL not in shown(self.RINGS, FIRST, *notices)

    @pytest.mark.parametrize("style", [Style(), Style(as_json=True)])
    def test_is_a_terminals(self, style: Style) -> None:
        assert BELL not in shown(self.RINGS, FIRST, FAILED, FinishedNotice(1), style=style)


class TestANotification:
    @pytest.mark.parametrize(
        ("environ", "sequence"),
        [
            (KITTY, "\x1b]99;i=1:d=0:o=unfocused;reloader\x1b\\\x1b]99;i=1:d=1:p=body;a; b\x1b\\"),
            ({"TERM": "foot"}, "\x1b]99;i=1:d=0:o=unfocused;reloader\x1b\\\x1b]99;i=1:d=1:p=body;a; b\x1b\\"),
            ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]9;reloader: a; b\x1b\\"),
            ({"TERM_PROGRAM": "WezTerm"}, "\x1b]9;reloader: a; b\x1b\\"),
            ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "\x1b]777;notify;reloader;a, b\x1b\\"),
            (
                {"TMUX": "/tmp/x", "TERM": "tmux-256color", "LC_TERMINAL": "iTerm.app"},
                "\x1bPtmux;\x1b\x1b]9;reloader: a; b\x1b\x1b\\\x1b\\",
            ),
            (PLAIN, None),
            ({}, None),
        ],
    )
    def test_uses_the_escape_sequence_of_the_terminal(self, environ: dict[str, str], sequence: str | None) -> None:
        assert notification_of("a; b", environ) == sequence

    def test_names_the_run_that_ended(self) -> None:
        text = shown(OutputSettings(notify=True), FIRST, FAILED, WaitingForChangeNotice(Exited(1)), environ=KITTY)
        assert "p=body;run 1 exited with code 1 after 2 s\x1b" in text
        assert BELL not in text

    def test_is_shortened(self) -> None:
        assert len(notification_of("a" * 5000, KITTY) or "") < 300

    def test_is_replaced_by_the_bell_on_other_terminals(self) -> None:
        assert shown(OutputSettings(notify=True), FIRST, FAILED, FinishedNotice(1)).count(BELL) == 1

    def test_comes_with_the_bell_if_both_are_enabled(self) -> None:
        text = shown(OutputSettings(notify=True, bell=True), FIRST, FAILED, FinishedNotice(1), environ=KITTY)
        assert (text.count(BELL), text.count("\x1b]99")) == (1, 2)

    def test_has_its_control_characters_escaped(self) -> None:
        made = notification_of(message(Note("\x1b\\\x1b]0;x\a")), KITTY) or ""
        assert (made.count("\x1b"), made.count(BELL)) == (4, 0)

    def test_is_shown_for_an_error_without_an_end(self) -> None:
        written: list[str] = []
        Notifier(written.append, KITTY, has_bell=False, notifies=True).report(KillFailed(1, 10.0))
        assert "run 1 did not exit" in written[0]


class TestTheTime:
    def test_stands_before_each_line(self) -> None:
        text = shown(OutputSettings(timestamps=True), FIRST, WaitingForChangeNotice(Exited(1)))
        assert [line.partition(" [reloader] ")[0] for line in text.splitlines()] == ["12:00:00.250"] * 2

    def test_is_in_each_object(self) -> None:
        line = shown(OutputSettings(timestamps=True), Note("a"), style=Style(Level.DETAIL, as_json=True))
        assert json.loads(line)["time"] == "2020-01-02T12:00:00.250+01:00"

    def test_is_missing_by_default(self) -> None:
        style = Style(Level.DETAIL, as_json=True)
        assert "time" not in json.loads(shown(OutputSettings(), Note("a"), style=style))

    def test_is_local_time(self) -> None:
        stream = io.StringIO()
        console = Console(stream, Style(Level.DETAIL, as_json=True))
        reporter_for(OutputSettings(timestamps=True), console, {}).report(Note("a"))
        time = datetime.fromisoformat(json.loads(stream.getvalue())["time"])
        assert abs(datetime.now(timezone.utc) - time) < timedelta(minutes=1)


class TestTheLog:
    def test_holds_everything_whatever_the_terminal_shows(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        settings = OutputSettings(log_file=str(path))
        text = shown(
            settings, Note("hidden"), Scanning(5), FAILED, style=Style(threshold=Level.ERROR, is_terminal=True)
        )
        lines = path.read_text().splitlines()
        assert text.count("\n") == 1
        assert [line.split(maxsplit=1)[1] for line in lines] == [
            "DETAIL  hidden",
            "ERROR   run 1 exited with code 1 after 2 s",
        ]
        assert datetime.fromisoformat(lines[0].split()[0]).tzinfo is not None

    def test_is_appended_to(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        path.write_text("before\n")
        shown(OutputSettings(log_file=str(path)), Note("after"))
        assert path.read_text().startswith("before\n")
        assert path.read_text().endswith(" after\n")

    def test_holds_objects_where_the_console_writes_them(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        shown(OutputSettings(log_file=str(path)), Note("a"), style=Style(as_json=True))
        assert json.loads(path.read_text())["text"] == "a"
        assert "time" in json.loads(path.read_text())

    def test_is_rotated_when_it_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_file, "LIMIT", 100)
        path = tmp_path / "a.log"
        log = LogFile(str(path), as_json=False, now=noon)
        for number in range(10):
            log.report(Note(f"note {number}"))
        assert "note 9" in path.read_text() + (tmp_path / "a.log.1").read_text()
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 400
        assert sorted(os.listdir(tmp_path)) in (["a.log", "a.log.1"], ["a.log.1"])

    def test_that_cannot_be_written_is_reported_before_anything_starts(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"log_file: .* cannot be written: .*. Name another file"):
            LogFile(str(tmp_path), as_json=False)

    def test_that_fails_later_stops_no_run(self, tmp_path: Path) -> None:
        path = tmp_path / "a.log"
        log = LogFile(str(path), as_json=False)
        path.unlink()
        path.mkdir()
        log.report(Note("a"))
        path.rmdir()
        log.report(Note("b"))
        assert path.read_text().endswith(" b\n")

    def test_is_written_by_a_session(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / ".git").mkdir()
        monkeypatch.chdir(tmp_path)
        assert main(["--quiet", "--backend", "stat", "--log-file", "a.log", "--", "there-is-no-such-program"]) == 127
        assert capfd.readouterr().err
        assert "DETAIL  finished with exit code 127" in (tmp_path / "a.log").read_text()


def test_every_reporter_gets_every_notice() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.notices: list[Notice] = []

        def report(self, notice: Notice) -> None:
            self.notices.append(notice)

    recorders = (Recorder(), Recorder())
    reporters: tuple[Reporter, ...] = recorders
    ReporterGroup(reporters).report(FIRST)
    assert [one.notices for one in recorders] == [[FIRST], [FIRST]]


def test_the_console_is_the_only_reporter_by_default() -> None:
    console = Console(io.StringIO(), Style())
    assert reporter_for(OutputSettings(), console, {}) is console


def test_the_progress_of_a_scan_is_for_terminals_and_never_for_pipes() -> None:
    assert shown(OutputSettings(), Scanning(5)).startswith("\r[reloader] ")
    assert shown(OutputSettings(), Scanning(5), style=Style()) == ""
    assert shown(OutputSettings(), Scanning(5), style=Style(threshold=Level.WARNING, is_terminal=True)) == ""
