"""The message for each notice, and for each variant of it."""

from __future__ import annotations

import os
import signal
import sys
from inspect import signature
from pathlib import Path
from typing import get_args

import pytest

from reloader.cli.output.formatting import short
from reloader.cli.output.messages import MESSAGES, message
from reloader.core import notices
from reloader.core.addresses import Address, PortOwner, UnixAddress, assign_descriptors
from reloader.core.changes import ChangeBatch, ChangeKind, PathChange
from reloader.core.notices import (
    HIDDEN,
    BackendFellBack,
    BackingOffNotice,
    Changed,
    ConfigInvalid,
    ConfigMissing,
    ConfigReloaded,
    ConfigReloadSuspended,
    ConfigRestored,
    ConfigUsed,
    DoctorLimit,
    DoctorRoot,
    DoctorScan,
    Ended,
    EventsMissed,
    EventsOverflowed,
    FinishedNotice,
    KeyChange,
    Killed,
    KillFailed,
    Launched,
    Listening,
    Note,
    Notice,
    OrphansFound,
    PathExplained,
    Polling,
    PortInUse,
    RestartCodeIgnored,
    RestartLoopSuspended,
    RunRecord,
    Scanning,
    ScansSlowed,
    SessionStatus,
    StoppingNotice,
    Unchanged,
    WaitingForChangeNotice,
    WaitResult,
    Watching,
)
from reloader.core.outcome import Exited, NotLaunched, Signalled, StopStep, StopStepKind
from reloader.core.states import (
    ChildExited,
    ConfigChanged,
    ConfigRejected,
    FilesChanged,
    FirstStart,
    Reason,
    RequestedByChild,
    RequestedByUser,
)


def batch(*names: str, kind: ChangeKind = ChangeKind.MODIFIED) -> ChangeBatch:
    return ChangeBatch.of(PathChange(os.path.join(os.getcwd(), name), kind) for name in names)


def away(*names: str) -> str:
    """Return a path outside of the current directory."""
    return os.path.join(os.sep, "nowhere", *names)


ALL_STEPS = (
    StopStep(StopStepKind.ASKED, 0.0),
    StopStep(StopStepKind.ESCAPED_ASKED, 0.02),
    StopStep(StopStepKind.KILLED, 5.0),
    StopStep(StopStepKind.GONE, 6.0),
)
ALL_STEPS_IN_WORDS = (
    "stop signal sent, escaped processes signalled 20 ms later, killed 5 s later, no process left 6 s later"
)


def test_every_class_with_a_level_is_a_notice() -> None:
    classes = (one for one in vars(notices).values() if isinstance(one, type) and hasattr(one, "level"))
    assert set(classes) - {notices.HasLevel} == set(get_args(Notice))


def test_every_notice_has_a_message() -> None:
    assert set(MESSAGES) == set(get_args(Notice))


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_a_message_is_made_from_the_notice_that_it_stands_for(kind: type) -> None:
    (parameter,) = signature(MESSAGES[kind], eval_str=True).parameters.values()
    assert parameter.annotation is kind


@pytest.mark.parametrize(
    ("notice", "text"),
    [
        (ConfigUsed("reloader.toml"), "configured by reloader.toml"),
        (
            ConfigReloaded(
                "reloader.toml",
                (KeyChange("debounce", 0.05, 0.2), KeyChange("env.PORT", None, HIDDEN), KeyChange("cwd", "a", None)),
                replaces_run=True,
            ),
            'reloader.toml changed: debounce 0.05 → 0.2, env.PORT (not set) → (hidden), cwd "a" → (not set)',
        ),
        (ConfigInvalid(("reloader.toml: a: b",)), "reloader.toml: a: b; keeping the previous configuration"),
        (ConfigInvalid(("a", "b")), "2 problems in the configuration; keeping the previous one:"),
        (
            ConfigMissing("reloader.toml"),
            "reloader.toml was removed; keeping the previous configuration. Restore the file or stop reloader",
        ),
        (ConfigRestored("reloader.toml"), "reloader.toml again matches the configuration in use"),
        (
            ConfigReloadSuspended("reloader.toml", 10, 7.25, 60.0),
            (
                "reloader.toml changed at the same moment of 10 runs in a row, within 7.25 s: the command probably "
                "writes it. Ignoring its changes for 60 s, or until you restart. Let the command write to another file"
            ),
        ),
        (
            Launched(2, 7, ("a",), ConfigChanged(("command",))),
            "restarting with the new configuration: a (run 2, pid 7)",
        ),
        (
            Launched(2, 7, ("a",), ConfigRejected()),
            "restarting with the previous configuration: a (run 2, pid 7)",
        ),
        (Scanning(12_345), "scanning: 12,345 files so far"),
        (
            Listening(
                assign_descriptors([Address("127.0.0.1", 8000), UnixAddress(away("app.sock")), Address("::1", 80)])
            ),
            f"listening on 127.0.0.1:8000 (descriptor 3), unix:{away('app.sock')} (descriptor 4), [::1]:80 (descriptor 5)",
        ),
        (
            Watching((away("app"),), 1, 1, "stat", "a scan every 1 s", "as configured"),
            f"watching 1 file in 1 directory under {away('app')} by stat (a scan every 1 s)",
        ),
        (
            Watching((away("a"), away("b")), 1500, 20, "watchdog", "inotify", "because", until_imports=True),
            (
                f"watching 1,500 files in 20 directories under {away('a')}, {away('b')} by watchdog (inotify), "
                "until the program reports its imports"
            ),
        ),
        (
            Watching((), 1, 0, "stat", "a scan", "because", is_fallback=True),
            "watching 1 file by stat (a scan): because",
        ),
        (
            BackendFellBack("watchdog", (), "a limit", "Raise it"),
            "watchdog cannot watch anything: a limit; polling instead. Raise it",
        ),
        (
            BackendFellBack("watchdog", (away("a"), away("b")), "a limit", "Raise it"),
            f"watchdog cannot watch {away('a')} and 1 other: a limit; polling instead. Raise it",
        ),
        (
            EventsOverflowed("watchdog", "Raise it"),
            "watchdog lost events, so reloader rescanned everything. Raise it",
        ),
        (
            EventsMissed("watchdog", (away("a"), away("b"))),
            f"watchdog did not report a change of {away('a')} and 1 other, which a rescan found",
        ),
        (
            Polling(away("share"), "nfs4", "it is far away"),
            f"polling {away('share')}, which is on nfs4: it is far away",
        ),
        (
            DoctorRoot(away("app"), "ext4", away(), "a", "b", "c", 0.00121),
            f"{away('app')} is on ext4, mounted at {away()}. a (b) watches it: c; a change was noticed after 1.2 ms",
        ),
        (
            DoctorRoot(away("app"), "unknown", "", "stat", "a scan", "because", None, "no change can be made there"),
            f"{away('app')} is on unknown. stat (a scan) watches it: because; no change can be made there",
        ),
        (DoctorScan(1000, 1, 0.5), "watching and scanning 1,000 files in 1 directory took 500 ms"),
        (DoctorLimit("fs.inotify.max_queued_events", 16384, None), "fs.inotify.max_queued_events is 16,384"),
        (
            DoctorLimit("fs.inotify.max_user_watches", 8192, 4000),
            "fs.inotify.max_user_watches: 4,000 of 8,192 are in use",
        ),
        (
            DoctorLimit("fs.inotify.max_user_watches", 8192, 8000),
            "fs.inotify.max_user_watches: 8,000 of 8,192 are in use. Raise it: sysctl fs.inotify.max_user_watches=32768",
        ),
        (
            ScansSlowed(2.5, 0.05, 40_000),
            'scanning 40,000 paths takes 50 ms, so reloader scans only every 2.5 s. Watch fewer files, or set backend = "auto"',
        ),
        (Changed(batch("app.py")), "changed: app.py (modified)"),
        (Changed(batch("a.py", "b.py")), "changed: a.py (modified) and 1 other"),
        (Changed(batch("a.py", "b.py", "c.py", kind=ChangeKind.ADDED)), "changed: a.py (added) and 2 others"),
        (Changed(ChangeBatch()), "changed: nothing"),
        (
            Unchanged((away("a"), away("b"), away("c"))),
            f"unchanged content: {away('a')} and 2 others",
        ),
        (StoppingNotice(3, 5.0), "stopping run 3: it has 5 s to exit"),
        (Killed(3, 0.25), "run 3 was killed: it had not stopped after 250 ms"),
        (KillFailed(3, 10.0), "run 3 did not exit 10 s after it was killed: a process is stuck in the kernel"),
        (
            OrphansFound(3, Exited(0)),
            "the command exited with code 0 and left processes running: stopping them",
        ),
        (Ended(3, Exited(1), 12.3456, stopped=False), "run 3 exited with code 1 after 12.3 s"),
        (
            Ended(3, Signalled(15), 3.0, stopped=True, steps=ALL_STEPS),
            "run 3 was ended by SIGTERM after 3 s; " + ALL_STEPS_IN_WORDS,
        ),
        (WaitingForChangeNotice(Exited(1)), "waiting for a change"),
        (BackingOffNotice(0.5, 1, Exited(1)), "restarting in 500 ms, or at the next change"),
        (BackingOffNotice(8.0, 6, Exited(1)), "restarting in 8 s, or at the next change (attempt 6)"),
        (
            RestartCodeIgnored(3, 5),
            (
                "the command exited with code 3 right after its start 5 times: "
                "this is treated as a failure, not as a request to restart"
            ),
        ),
        (Note("a remark"), "a remark"),
        (FinishedNotice(130), "finished with exit code 130"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_a_notice_has_this_message(notice: Notice, text: str) -> None:
    assert message(notice) == text


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (FirstStart(), "starting"),
        (FilesChanged(batch("app.py")), "restarting"),
        (RequestedByChild(), "restarting, requested by the command"),
        (RequestedByUser("SIGUSR1"), "restarting, requested by SIGUSR1"),
        (RequestedByUser("r"), "restarting, requested by the key r"),
        (ChildExited(Exited(1)), "restarting, because the command exited with code 1"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_a_launch_names_its_reason_and_the_command_as_one_would_type_it(reason: Reason, text: str) -> None:
    launched = Launched(2, 4711, ("python", "-c", "print(1)"), reason)
    assert message(launched) == f"{text}: python -c 'print(1)' (run 2, pid 4711)"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("running", "run 1 of serve is running; not ready yet"),
        ("waiting", "run 1 has ended; waiting for a change to start serve"),
        ("starting", "run 2 of serve is starting"),
    ],
)
def test_a_status_names_the_command_of_the_run_that_it_names(state: str, text: str) -> None:
    status = SessionStatus(7, "", ("serve",), state, 1, None, 2.5, None, "", False, (), "stat", 1)
    assert message(status) == f"a project: {text}; watching 1 file by stat (session 7)"


def test_a_status_names_the_outcome_of_a_run_that_has_ended() -> None:
    status = SessionStatus(
        7, "", ("serve",), "waiting", 3, None, 2.5, None, "", False, (), "stat", 1, "exited with code 7"
    )
    assert "run 3 exited with code 7; waiting for a change to start serve; " in message(status)


@pytest.mark.parametrize(
    ("state", "ready_after", "text"),
    [
        ("running", None, "run 1 of serve is running; not ready yet; "),
        ("running", 0.5, "run 1 of serve is running; ready after 500 ms; "),
        ("stopping", 0.5, "a project: run 1 of serve is stopping (session 7)"),
    ],
)
def test_a_status_names_whether_the_run_is_ready(state: str, ready_after: float | None, text: str) -> None:
    assert text in message(SessionStatus(7, "", ("serve",), state, 1, None, 2.5, ready_after, "", False, (), "stat", 1))


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (
            WaitResult("failed", 2, None, None, "a.py does not compile", "", is_running=True),
            "the last save was rejected: a.py does not compile; run 2 keeps running",
        ),
        (
            WaitResult("failed", 2, None, None, "check failed: lint", ""),
            "the last save was rejected: check failed: lint",
        ),
        (WaitResult("failed", 2, 3.0, 1, "exited with code 1", ""), "run 2 failed: exited with code 1"),
        (WaitResult("failed", 2, None, 143, "the session has ended", ""), "run 2 failed: the session has ended"),
        (WaitResult("failed", 0, None, None, "before failed: build", ""), "nothing runs: before failed: build"),
        (
            WaitResult("timed out", 1, None, None, "the session is paused and holds back 2 changes", ""),
            "timed out: the session is paused and holds back 2 changes. To continue: reloader resume",
        ),
        (WaitResult("timed out", 1, 10.0, None, "", ""), "timed out: run 1 is not ready 10 s after its start"),
        (
            WaitResult("timed out", 1, None, None, "", ""),
            "timed out: no newer run is ready or has failed yet. The newest is run 1",
        ),
    ],
)
def test_the_result_of_a_wait_names_its_cause(result: WaitResult, text: str) -> None:
    assert message(result) == text


def test_a_past_run_that_could_not_be_started_has_no_reason() -> None:
    record = RunRecord(7, 1, 0.0, "", (), None, 0.0, 127, "could not be started (not found)", None, False)
    assert message(record).endswith(" run 1; could not be started (not found) after 0.0 ms")


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("file", "the program imported it"), ("missing", "the program imported it, or tried to")],
)
def test_why_names_an_import_that_may_have_failed_only_if_the_file_is_missing(kind: str, cause: str) -> None:
    why = PathExplained(away("a.py"), kind, True, "imported", "", "", 0, "", "", "", "", "", True)
    assert message(why).startswith(f"{away('a.py')} is watched: {cause}. ")


def test_a_command_of_several_lines_is_shown_on_one() -> None:
    launched = Launched(1, 4711, ("python", "-c", "print(1)\nprint('\x1b[2J')"), FirstStart())
    text = message(launched)
    assert text.isprintable()
    assert "print(1)\\x0aprint(" in text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Exited(7), "run 1 exited with code 7 after 2 s"),
        (Signalled(int(signal.SIGTERM)), "run 1 was ended by SIGTERM after 2 s"),
        (Signalled(250), "run 1 was ended by signal 250 after 2 s"),
        (NotLaunched(127, "it is not there"), "run 1 could not be started: it is not there"),
    ],
    ids=["exited", "signalled", "by a signal without a name", "not launched"],
)
def test_the_end_of_a_run_names_its_outcome(outcome: Exited | Signalled | NotLaunched, text: str) -> None:
    assert message(Ended(1, outcome, 2.0, stopped=False)) == text


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "shown"),
        [
            (("src", "app.py"), os.path.join("src", "app.py")),
            ((), "."),
            (("..", "other"), None),
        ],
    )
    def test_below_the_current_directory_are_relative_to_it(self, path: tuple[str, ...], shown: str | None) -> None:
        here = away("project")
        whole = os.path.normpath(os.path.join(here, *path))
        assert short(whole, lambda: here) == (whole if shown is None else shown)

    def test_that_only_begin_like_the_current_directory_stay_absolute(self) -> None:
        assert short(away("project2", "a.py"), lambda: away("project")) == away("project2", "a.py")

    def test_stay_absolute_if_the_current_directory_is_the_root(self) -> None:
        assert short(away("a.py"), lambda: os.sep) == away("a.py")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows does not delete the current directory of a process")
    def test_stay_absolute_when_the_current_directory_was_deleted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        try:
            assert short(away("a.py")) == away("a.py")
        finally:
            monkeypatch.undo()

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("two\nlines", "two\\x0alines"),
            ("a\x1b[31mred", "a\\x1b[31mred"),
            ("tab\there", "tab\\x09here"),
            ("del\x7f", "del\\x7f"),
            ("half \udc80 byte", "half \\udc80 byte"),
            ("ünïcödé 猫", "ünïcödé 猫"),
        ],
    )
    def test_have_their_control_characters_escaped(self, name: str, shown: str) -> None:
        assert short(away(name)) == away(shown)


@pytest.mark.parametrize(
    ("paths", "ignore", "text"),
    [
        (
            ("a.db", "b.db"),
            ("/a.db", "/b.db"),
            '{} and 1 other caused {}. To ignore them for good, add to the config: ignore = ["/a.db", "/b.db"]',
        ),
        (
            ("a.db",),
            None,
            "{} caused {}. To ignore them for good, remove the file from extra_files",
        ),
    ],
)
def test_a_restart_loop_is_reported_with_its_remedy(
    paths: tuple[str, ...], ignore: tuple[str, ...] | None, text: str
) -> None:
    notice = RestartLoopSuspended(tuple(map(away, paths)), 10, 7.25, ignore)
    judged = (
        "10 restarts in 7.25 s, each at the same moment of a run: the command probably writes there. "
        "Ignoring such changes until you restart"
    )
    assert message(notice) == text.format(away(paths[0]), judged)


@pytest.mark.parametrize(
    ("holder", "is_certain", "text"),
    [
        (
            PortOwner(Address("127.0.0.1", 80), 7, ("python", "my app.py")),
            True,
            "port 80 is in use by process 7 (python 'my app.py')",
        ),
        (
            PortOwner(Address("", 80), 7),
            False,
            "the command may have failed because port 80 is in use by process 7 (command unknown)",
        ),
        (PortOwner(Address("", 80)), True, "port 80 is in use by a process that you have no permission to inspect"),
    ],
)
def test_a_port_in_use_is_reported_with_its_owner(holder: PortOwner, is_certain: bool, text: str) -> None:
    assert message(PortInUse(1, holder, is_certain)) == text


def test_a_port_that_reloader_listens_on_is_reported_with_the_remedy() -> None:
    ours = PortOwner(Address("", 8000), os.getpid(), ("python", "-m", "reloader"))
    assert message(PortInUse(1, ours, is_certain=True)) == (
        "port 8000 is in use by reloader, which listens there for the command. "
        "Serve on the inherited socket: {socket.0.fd}"
    )
