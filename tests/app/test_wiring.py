"""Whole sessions in this process, with the parts that a plan asks for: a short command, a real tree, a real backend."""

from __future__ import annotations

import os
import py_compile
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reloader.app import file_tracking
from reloader.app.session import run_session
from reloader.core.choices import BackendName, OnExit
from reloader.core.events import RestartRequested, StopRequested
from reloader.core.filesystems import Mount
from reloader.core.notices import (
    BackendFellBack,
    ConfigUsed,
    Ended,
    FinishedNotice,
    Launched,
    Note,
    Notice,
    Polling,
    Scanning,
    Watching,
)
from reloader.core.outcome import NotLaunched
from reloader.core.paths.filters import Rule
from reloader.core.settings import LaunchSettings, PythonPolicy, Settings, WatchSettings
from reloader.engine.files import progress
from reloader.engine.files.progress import REPORT_DELAY, REPORT_INTERVAL, ScanInterrupted, ScanProgress
from reloader.engine.inbox import Inbox
from reloader.errors import BackendUnavailable
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set
from tests.support.fakes.clock import ManualClock
from tests.support.fakes.interfaces import FakeMounts, Recorder
from tests.support.platforms.limits import linux_only, posix_only
from tests.support.watching.backends import needs_watchdog

WRITES = "import os, sys; open('out.log', 'w').write({}); sys.exit(7)"


class CallingRecorder(Recorder):
    """Keeps the notices, and calls a function at each of one kind."""

    def __init__(self, on: type[Notice] | None = None, then: Callable[[], object] = lambda: None) -> None:
        super().__init__([])
        self._on, self._then = on, then

    def report(self, notice: Notice) -> None:
        super().report(notice)
        if self._on is not None and isinstance(notice, self._on):
            self._then()

    @property
    def kinds(self) -> list[type]:
        return [type(notice) for notice in self.notices]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "app.py").write_text("first\n")
    return root


def load_settings(root: Path, expression: str = "'ran'", backend: BackendName = BackendName.STAT) -> Settings:
    """A command that writes ``expression`` into ``out.log``, which does not count, and exits with 7."""
    command = (sys.executable, "-c", WRITES.format(expression))
    return Settings(
        LaunchSettings(command, str(root)), WatchSettings(str(root), (str(root),), backend=backend), source="a test"
    )


class TestASession:
    @needs_watchdog
    def test_polls_a_root_whose_file_system_is_silent_and_says_why(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mounts = FakeMounts()
        mounts.put(Mount(str(root / "share"), "9p"))
        (root / "share").mkdir()
        monkeypatch.setattr(file_tracking, "SystemMounts", lambda: mounts)
        recorder = CallingRecorder()
        assert run_session(load_settings(root, backend=BackendName.AUTO), recorder) == 7
        reported = [notice for notice in recorder.notices if isinstance(notice, Polling)]
        assert reported == [Polling(str(root / "share"), "9p", "changes made by the host come without an event")]

    def test_tells_its_life_in_order_and_ends_with_the_code_of_the_command(self, root: Path) -> None:
        recorder = CallingRecorder()
        assert run_session(load_settings(root), recorder) == 7
        reported = [kind for kind in recorder.kinds if kind in (ConfigUsed, Watching, Launched, Ended, FinishedNotice)]
        assert reported == [ConfigUsed, Watching, Launched, Ended, FinishedNotice]
        assert recorder.notices[0] == ConfigUsed("a test")
        assert recorder.notices[1] == Watching(
            (str(root),), 1, 1, "stat", "a scan every 1 s", "as configured", until_imports=True
        )
        assert (root / "out.log").read_text() == "ran"

    def test_of_a_command_that_is_not_there_ends_with_127(self, root: Path) -> None:
        settings = replace(load_settings(root), launch=LaunchSettings(("there-is-no-such-program",), str(root)))
        recorder = CallingRecorder()
        assert run_session(settings, recorder) == 127
        (ended,) = (notice for notice in recorder.notices if isinstance(notice, Ended))
        assert isinstance(ended.outcome, NotLaunched)

    @posix_only
    def test_without_a_guard_says_so(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("reloader.system.posix.guard._SHELL", "/there/is/no/shell")
        recorder = CallingRecorder()
        assert run_session(load_settings(root), recorder) == 7
        remarks = [notice.text for notice in recorder.notices if isinstance(notice, Note)]
        assert any("guard" in text for text in remarks)

    def test_with_a_backend_that_is_not_there_starts_nothing(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WATCHMAN_SOCK", str(root / "no.sock"))
        recorder = CallingRecorder()
        with pytest.raises(BackendUnavailable):
            run_session(load_settings(root, backend=BackendName.WATCHMAN), recorder)
        assert recorder.kinds == [ConfigUsed]

    @linux_only
    def test_says_once_why_it_has_not_the_better_backend(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        refused = BackendUnavailable("watchdog", "there is none", "Install it")

        def refuse(*arguments: object) -> None:
            raise refused

        monkeypatch.setattr("reloader.watchers.choose._make_watchdog_watcher", refuse)
        recorder = CallingRecorder()
        assert run_session(load_settings(root, backend=BackendName.AUTO), recorder) == 7
        fallbacks = [notice for notice in recorder.notices if isinstance(notice, BackendFellBack)]
        assert fallbacks == [BackendFellBack("watchdog", (), "there is none", "Install it")]

    @posix_only
    @pytest.mark.parametrize(
        "backend",
        [BackendName.STAT, pytest.param(BackendName.WATCHDOG, marks=needs_watchdog)],
        ids=lambda name: name.value,
    )
    def test_that_is_asked_to_end_while_it_scans_ends_without_a_run(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, backend: BackendName
    ) -> None:
        monkeypatch.setattr(progress, "REPORT_DELAY", 0.0)
        recorder = CallingRecorder(Scanning, lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert run_session(load_settings(root, backend=backend), recorder) == 143
        assert recorder.kinds == [ConfigUsed, Scanning]

    @posix_only
    def test_restarts_for_an_edit_with_a_run_that_reads_it_although_its_bytecode_looks_fresh(self, root: Path) -> None:
        """Saved twice within a second at the same size: Python itself would run what it has cached."""
        source = root / "value.py"
        source.write_text("VALUE = 1\n")
        os.utime(source, (1_000_000_000, 1_000_000_000))
        py_compile.compile(str(source), doraise=True)

        def edit() -> None:
            source.write_text("VALUE = 2\n")
            os.utime(source, (1_000_000_000, 1_000_000_000))

        settings = load_settings(root)
        waits = "import signal, value; signal.alarm(20); signal.pause() if value.VALUE == 1 else exit(9)"
        settings = replace(
            settings,
            launch=LaunchSettings((sys.executable, "-c", waits), str(root)),
            watch=replace(settings.watch, interval=0.05),
            restart=replace(settings.restart, on_exit=OnExit.EXIT),
            python=PythonPolicy(modules=False),
        )
        assert run_session(settings, CallingRecorder(Launched, edit)) == 9


class TestTheEnvironmentOfARun:
    def test_is_ours_with_what_the_plan_adds_and_the_markers(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OURS", "kept")
        settings = load_settings(
            root, "'|'.join(map(os.environ.get, ('OURS', 'ADDED', 'RELOADER_RUN', 'RELOADER_RUN_MAIN')))"
        )
        settings = replace(settings, launch=replace(settings.launch, environment={"ADDED": "by the plan"}))
        assert run_session(settings, CallingRecorder()) == 7
        assert (root / "out.log").read_text() == "kept|by the plan|1|true"

    def test_takes_from_the_files_what_is_not_there_yet(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OURS", "kept")
        (root / ".env").write_text("OURS=from the file\nFILE=from the file\nPLAN=from the file\n")
        settings = load_settings(root, "'|'.join(map(os.environ.get, ('OURS', 'FILE', 'PLAN')))")
        spec = replace(settings.launch, environment={"PLAN": "by the plan"}, env_files=(str(root / ".env"),))
        assert run_session(replace(settings, launch=spec), CallingRecorder()) == 7
        assert (root / "out.log").read_text() == "kept|from the file|by the plan"

    def test_that_no_process_can_be_given_ends_the_session_with_126(self, root: Path) -> None:
        settings = load_settings(root)
        settings = replace(settings, launch=replace(settings.launch, environment={"A=B": "x"}))
        recorder = CallingRecorder()
        assert run_session(settings, recorder) == 126
        (ended,) = (notice for notice in recorder.notices if isinstance(notice, Ended))
        assert isinstance(ended.outcome, NotLaunched)
        assert "A=B" in ended.outcome.why


class TestProgress:
    def test_is_told_after_a_while_and_then_now_and_again(self) -> None:
        clock = ManualClock()
        recorder = CallingRecorder()
        progress = ScanProgress(recorder, clock, Inbox(clock))
        for files in range(1, 200):
            clock.advance(0.01)
            progress.update(files)
        reported = [notice.files for notice in recorder.notices if isinstance(notice, Scanning)]
        assert reported[0] == pytest.approx(REPORT_DELAY / 0.01, abs=1)
        assert reported[1] - reported[0] == pytest.approx(REPORT_INTERVAL / 0.01, abs=1)
        assert len(reported) == 5

    def test_leaves_other_news_for_the_engine(self) -> None:
        clock = ManualClock()
        inbox = Inbox(clock)
        progress = ScanProgress(CallingRecorder(), clock, inbox)
        inbox.post(RestartRequested("somebody"))
        clock.advance(REPORT_DELAY)
        progress.update(10)
        assert inbox.drain() == [RestartRequested("somebody")]

    @pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)])
    def test_ends_the_scan_for_a_user_who_has_lost_patience(self, number: int, code: int) -> None:
        clock = ManualClock()
        inbox = Inbox(clock)
        progress = ScanProgress(CallingRecorder(), clock, inbox)
        inbox.post(StopRequested(number))
        clock.advance(REPORT_DELAY)
        with pytest.raises(ScanInterrupted) as interrupted:
            progress.update(10)
        assert interrupted.value.exit_code == code


class TestTheWatchSet:
    def test_leaves_out_what_default_ignores_and_gitignore_files_leave_out(self, root: Path) -> None:
        (root / ".git").mkdir()
        (root / ".gitignore").write_text("*.txt\n")
        inner = root / "inner"
        inner.mkdir()
        watch_set = configured_watch_set(WatchSettings(str(inner), (str(inner),)), RealDisk())
        verdicts = {name: watch_set.is_watched(str(inner / name)) for name in ("a.py", "a.txt", "a.log")}
        assert verdicts == {"a.py": True, "a.txt": False, "a.log": False}

    def test_obeys_the_plan_that_wants_neither(self, root: Path) -> None:
        (root / ".git").mkdir()
        (root / ".gitignore").write_text("*.txt\n")
        settings = WatchSettings(str(root), (str(root),), gitignore=False, default_ignores=False)
        watch_set = configured_watch_set(settings, RealDisk(gitignore=False))
        assert all(watch_set.is_watched(str(root / name)) for name in ("a.py", "a.txt", "a.log"))

    def test_lets_the_plan_have_the_last_word(self, root: Path) -> None:
        settings = WatchSettings(str(root), (str(root),), ignore=(Rule("!a.log", "test"), Rule("a.py", "test")))
        watch_set = configured_watch_set(settings, RealDisk())
        assert (watch_set.is_watched(str(root / "a.log")), watch_set.is_watched(str(root / "a.py"))) == (True, False)

    def test_names_the_source_for_bytecode_that_has_one(self, root: Path) -> None:
        (root / "alone.pyc").write_text("x")
        files = ("app.pyc", "__pycache__/app.cpython-312.pyc", "alone.pyc", "settings.toml")
        settings = WatchSettings(str(root), (), extra_files=tuple(str(root / name) for name in files))
        named = {os.path.relpath(path, root) for path in configured_watch_set(settings, RealDisk()).files}
        assert named == {"app.py", "alone.pyc", "settings.toml"}


def test_the_file_of_the_configuration_is_no_part_of_the_program_unless_it_is_asked_for(tmp_path: Path) -> None:
    own = str(tmp_path / "reloader.toml")
    settings = WatchSettings(str(tmp_path), (str(tmp_path),), own_file=own)
    assert not configured_watch_set(settings, RealDisk()).is_watched(own)
    assert configured_watch_set(replace(settings, extra_files=(own,)), RealDisk()).is_watched(own)
    assert configured_watch_set(replace(settings, ignore=(Rule("!reloader.toml", "a test"),)), RealDisk()).is_watched(
        own
    )
