"""What the engine makes of the reports, on a clock that a test moves."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reloader.core.changes import ChangeKind, PathChange
from reloader.core.events import (
    AgentAttached,
    FileImported,
    FileOpened,
    FileWritten,
    LeaderExited,
    ModuleNotFound,
    PathsChanged,
    ProgramCrashed,
    ReportsSynced,
    RunEnded,
)
from reloader.core.notices import Note
from reloader.core.outcome import Exited, Signalled
from reloader.core.settings import WatchSettings
from reloader.engine.agent_reports import (
    FINAL_REPORT_TIMEOUT,
    FIRST_REPORT_TIMEOUT,
    STALE_IMPORTS_TIMEOUT,
    AgentReports,
)
from reloader.engine.files.backends import BackendSet
from reloader.engine.files.baseline import Baseline
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set
from tests.support.fakes.clock import ManualClock
from tests.support.fakes.interfaces import Recorder, ScriptedWatcher
from tests.support.programs.projects import save


class ScriptedLink:
    def __init__(self) -> None:
        self.syncs = 0

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        return {"AGENT": str(run)}

    def sync(self) -> int:
        self.syncs += 1
        return self.syncs


class Stage:
    """A program's first run in a project of two files, with a real baseline."""

    def __init__(
        self, root: Path, *, command: str = "python3", imports_only: bool = True, has_link: bool = True
    ) -> None:
        self.root = root
        self.clock = ManualClock()
        self.disk = RealDisk()
        self.watch_set = configured_watch_set(WatchSettings(str(root), (str(root),)), self.disk)
        self.watcher = ScriptedWatcher([])
        watching = BackendSet(self.watcher, self.watch_set, lambda: self.watcher, Recorder([]), os.sep)
        self.baseline = Baseline(self.disk, self.watch_set, by_content=True, follow_symlinks=True)
        self.baseline.scan(lambda files: None)
        self.link = ScriptedLink()
        self.notes: list[Note] = []
        self.program = AgentReports(
            self.watch_set.imports,
            self.baseline,
            watching,
            self.clock,
            self.link if has_link else None,
            imports_only=imports_only,
            command=command,
            report=self.notes.append,
        )
        self.program.begin_run(1)

    def path(self, name: str) -> str:
        return str(self.root / name)

    def imports(self, name: str, run: int = 1) -> list[PathChange]:
        return self.program.handle(FileImported(run, self.path(name), self.disk.stat(self.path(name))))

    def opens(self, name: str) -> list[PathChange]:
        return self.program.handle(FileOpened(1, self.path(name), self.disk.stat(self.path(name))))

    def attaches(self, run: int = 1, *, leads: bool = True, program: str = "app.py") -> None:
        assert self.program.handle(AgentAttached(run, 100, leads, program)) == []

    def passes(self, seconds: float) -> None:
        self.program.tick(self.clock.advance(seconds))

    def is_watched(self, name: str) -> bool:
        return self.watch_set.is_watched(self.path(name))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("app.py", "other.py", "data.txt"):
        save(root / name, f"first content of {name}\n")
    return root


@pytest.fixture
def stage(root: Path) -> Stage:
    return Stage(root)


class TestWhatCounts:
    def test_is_everything_until_the_command_reports_and_then_what_it_imports(self, stage: Stage) -> None:
        assert stage.is_watched("other.py")
        stage.attaches()
        stage.imports("app.py")
        assert stage.is_watched("app.py")
        assert not stage.is_watched("other.py")

    def test_stays_everything_if_a_pattern_was_written(self, root: Path) -> None:
        stage = Stage(root, imports_only=False)
        stage.attaches()
        stage.imports("app.py")
        assert stage.is_watched("other.py")

    @pytest.mark.parametrize("command", ["make", "npm", "/bin/sh"])
    def test_stays_everything_if_only_a_helper_of_the_command_is_a_python(self, root: Path, command: str) -> None:
        stage = Stage(root, command=command)
        stage.attaches(leads=False)
        stage.imports("app.py")
        assert stage.is_watched("other.py")

    @pytest.mark.parametrize(
        ("command", "program"),
        [
            ("uv", "app.py"),
            ("/usr/bin/python3.12", "-m"),
            (r"C:\env\Scripts\flask.exe", r"C:\env\Scripts\flask.exe"),
            ("py", "-c"),
        ],
    )
    def test_is_narrowed_by_what_a_launcher_has_started(self, root: Path, command: str, program: str) -> None:
        stage = Stage(root, command=command)
        stage.attaches(leads=False, program=program)
        assert not stage.is_watched("other.py")

    def test_is_watched_before_it_is_looked_at(self, stage: Stage) -> None:
        stage.imports("app.py")
        stage.imports("app.py")
        assert stage.watcher.added == [stage.path("app.py")]

    def test_includes_the_place_of_a_missing_module(self, stage: Stage) -> None:
        stage.attaches()
        assert stage.program.handle(ModuleNotFound(1, stage.path("new.py"))) == []
        save(stage.root / "new.py", "now")
        assert stage.baseline.examine([stage.path("new.py")]) == [PathChange(stage.path("new.py"), ChangeKind.ADDED)]


class TestAReport:
    def test_of_a_file_that_changed_since_it_was_read_is_a_change(self, stage: Stage) -> None:
        stamp = stage.disk.stat(stage.path("app.py"))
        save(stage.root / "app.py", "second content, longer\n")
        changes = stage.program.handle(FileImported(1, stage.path("app.py"), stamp))
        assert changes == [PathChange(stage.path("app.py"), ChangeKind.MODIFIED)]

    def test_of_a_file_that_was_deleted_since_is_a_change(self, stage: Stage) -> None:
        stamp = stage.disk.stat(stage.path("app.py"))
        os.unlink(stage.path("app.py"))
        changes = stage.program.handle(FileImported(1, stage.path("app.py"), stamp))
        assert changes == [PathChange(stage.path("app.py"), ChangeKind.REMOVED)]

    def test_of_a_module_that_has_appeared_since_it_was_missed_is_a_change(self, stage: Stage) -> None:
        save(stage.root / "late.txt", "here")
        assert stage.program.handle(ModuleNotFound(1, stage.path("late.txt"))) == [
            PathChange(stage.path("late.txt"), ChangeKind.ADDED)
        ]

    def test_of_a_file_that_did_not_change_is_none(self, stage: Stage) -> None:
        assert stage.imports("app.py") == []

    def test_of_a_second_process_that_reads_a_file_after_an_edit_is_a_change_for_the_first(self, stage: Stage) -> None:
        assert stage.imports("app.py") == []
        assert stage.imports("app.py") == []
        save(stage.root / "app.py", "second content, longer\n")
        assert stage.imports("app.py") == [PathChange(stage.path("app.py"), ChangeKind.MODIFIED)]

    def test_of_the_first_process_of_a_run_is_the_measure_whatever_the_run_before_it_has_read(
        self, stage: Stage
    ) -> None:
        stage.imports("app.py")
        save(stage.root / "app.py", "second content, longer\n")
        stage.program.begin_run(2)
        assert stage.imports("app.py", run=2) == []

    def test_of_another_run_is_ignored(self, stage: Stage) -> None:
        stage.program.begin_run(2)
        stage.attaches(run=1)
        stage.imports("app.py", run=1)
        assert stage.is_watched("other.py")
        assert stage.watch_set.imports.files == set()


class TestALaterRun:
    def test_keeps_what_the_one_before_imported_until_it_has_settled(self, stage: Stage) -> None:
        stage.attaches()
        stage.imports("app.py")
        stage.imports("other.py")
        stage.program.begin_run(2)
        assert stage.program.environment({}) == {"AGENT": "2"}
        stage.attaches(run=2)
        stage.imports("app.py", run=2)
        stage.passes(STALE_IMPORTS_TIMEOUT - 0.1)
        assert stage.is_watched("other.py")
        assert stage.program.deadline == pytest.approx(stage.clock() + 0.1)
        stage.passes(0.2)
        assert not stage.is_watched("other.py")
        assert stage.is_watched("app.py")
        assert stage.program.deadline is None

    def test_that_ends_before_it_has_settled_forgets_nothing(self, stage: Stage) -> None:
        stage.attaches()
        stage.imports("other.py")
        stage.program.begin_run(2)
        stage.attaches(run=2)
        stage.imports("app.py", run=2)
        assert stage.program.handle_end(RunEnded(2, Exited(1))) == []
        stage.passes(10 * STALE_IMPORTS_TIMEOUT)
        assert stage.is_watched("other.py")


class TestAnEnd:
    END = RunEnded(1, Exited(1))

    def test_is_held_until_all_reports_before_it_are_read(self, stage: Stage) -> None:
        assert stage.program.handle_end(self.END) == []
        assert stage.program.handle_sync(ReportsSynced(17)) == []
        assert stage.program.handle_sync(ReportsSynced(stage.link.syncs)) == [self.END]
        assert stage.program.deadline is None

    def test_is_let_go_when_the_last_reports_do_not_come(self, stage: Stage) -> None:
        assert stage.program.handle_end(self.END) == []
        assert stage.program.tick(stage.clock.advance(FINAL_REPORT_TIMEOUT / 2)) == []
        assert stage.program.tick(stage.clock.advance(FINAL_REPORT_TIMEOUT)) == [self.END]

    def test_of_the_leader_and_of_all_are_let_go_together_in_their_order(self, stage: Stage) -> None:
        leader = LeaderExited(1, Exited(0))
        assert stage.program.handle_end(leader) == stage.program.handle_end(self.END) == []
        assert stage.program.handle_sync(ReportsSynced(1)) == []
        assert stage.program.handle_sync(ReportsSynced(2)) == [leader, self.END]

    def test_is_not_held_without_a_link_or_for_another_run(self, stage: Stage, root: Path) -> None:
        assert stage.program.handle_end(RunEnded(0, Exited(1))) == [RunEnded(0, Exited(1))]
        assert Stage(root, has_link=False).program.handle_end(self.END) == [self.END]

    def after_crash(self, stage: Stage, outcome: Exited | Signalled, later: float = 0.1) -> Exited | Signalled:
        stage.program.handle(ProgramCrashed(1, 100, "ValueError"))
        stage.clock.advance(later)
        stage.program.handle_end(RunEnded(1, outcome))
        (ended,) = stage.program.handle_sync(ReportsSynced(stage.link.syncs))
        assert isinstance(ended.outcome, Exited | Signalled)
        return ended.outcome

    def test_right_after_an_uncaught_exception_is_a_crash(self, stage: Stage) -> None:
        assert self.after_crash(stage, Exited(1)) == Exited(1, uncaught_exception=True)

    @pytest.mark.parametrize("outcome", [Exited(7), Exited(0), Exited(3), Signalled(9)])
    def test_with_another_code_is_what_the_program_wanted_whatever_happened_to_a_worker(
        self, stage: Stage, outcome: Exited | Signalled
    ) -> None:
        assert self.after_crash(stage, outcome) == outcome

    def test_long_after_an_exception_has_nothing_to_do_with_it(self, stage: Stage) -> None:
        assert self.after_crash(stage, Exited(1), later=5.0) == Exited(1)


class TestFilesThatTheProgramOpens:
    def test_count_once_they_are_read(self, stage: Stage) -> None:
        stage.attaches()
        stage.opens("data.txt")
        assert stage.is_watched("data.txt")

    def test_count_no_more_once_it_writes_them(self, stage: Stage) -> None:
        stage.attaches()
        stage.opens("data.txt")
        stage.program.handle(FileWritten(1, stage.path("data.txt")))
        assert not stage.is_watched("data.txt")

    def test_that_differ_by_now_are_a_change_unless_it_wrote_them_itself(self, stage: Stage) -> None:
        stage.attaches()
        for name in ("data.txt", "own.txt"):
            save(stage.root / name, "first")
            stamp = stage.disk.stat(stage.path(name))
            save(stage.root / name, "second content")
            assert stage.program.handle(FileOpened(1, stage.path(name), stamp)) == []
        stage.program.handle(FileWritten(1, stage.path("own.txt")))
        assert stage.link.syncs == 2
        nothing = PathsChanged(())
        assert stage.program.opened_files.release(ReportsSynced(1)) == (
            [PathChange(stage.path("data.txt"), ChangeKind.MODIFIED)],
            nothing,
        )
        assert (
            stage.program.opened_files.release(ReportsSynced(2))
            == stage.program.opened_files.release(ReportsSynced(1))
            == ([], nothing)
        )

    def test_are_looked_at_when_it_is_known_whether_it_wrote_them_itself(self, stage: Stage) -> None:
        stage.attaches()
        stage.opens("data.txt")
        data, other = stage.path("data.txt"), stage.path("other.py")
        assert stage.program.opened_files.defer_hints(PathsChanged((data, other), finished=True)) == PathsChanged(
            (other,), finished=True
        )
        assert stage.program.opened_files.release(ReportsSynced(stage.link.syncs)) == (
            [],
            PathsChanged((data,), finished=True),
        )
        stage.program.handle(FileWritten(1, data))
        assert stage.program.opened_files.defer_hints(PathsChanged((data,))) == PathsChanged((data,))
        assert not stage.is_watched("data.txt")

    def test_do_not_count_in_a_later_run_either(self, stage: Stage) -> None:
        stage.attaches()
        stage.program.handle(FileWritten(1, stage.path("data.txt")))
        stage.program.begin_run(2)
        stage.program.handle(FileOpened(2, stage.path("data.txt"), stage.disk.stat(stage.path("data.txt"))))
        assert not stage.is_watched("data.txt")

    @pytest.mark.parametrize("first", ["imports", "opens"])
    def test_count_whatever_is_written_if_they_are_modules(self, stage: Stage, first: str) -> None:
        stage.attaches()
        both: list[Callable[[str], list[PathChange]]] = [stage.imports, stage.opens]
        for handle in both if first == "imports" else reversed(both):
            handle("other.py")
        stage.program.handle(FileWritten(1, stage.path("other.py")))
        assert stage.is_watched("other.py")


class TestASilentAgent:
    def test_is_told_of_once_and_only_by_the_first_run(self, stage: Stage) -> None:
        assert stage.program.deadline == stage.clock() + FIRST_REPORT_TIMEOUT
        stage.passes(FIRST_REPORT_TIMEOUT)
        stage.passes(FIRST_REPORT_TIMEOUT)
        stage.program.begin_run(2)
        stage.passes(FIRST_REPORT_TIMEOUT)
        (note,) = stage.notes
        assert "-I, -S or -E" in note.text
        assert "all files of the project" in note.text

    def test_is_told_of_with_what_counts_instead(self, root: Path) -> None:
        stage = Stage(root)
        stage.watch_set.imports.python_sources_only = True
        stage.passes(FIRST_REPORT_TIMEOUT)
        assert "all Python files of the project" in stage.notes[0].text
        assert stage.is_watched("other.py")
        assert not stage.is_watched("data.txt")

    def test_of_a_python_is_told_of_where_patterns_count_and_of_another_program_is_not(self, root: Path) -> None:
        python, node = Stage(root, imports_only=False), Stage(root, imports_only=False, command="node")
        for stage in (python, node):
            stage.passes(FIRST_REPORT_TIMEOUT)
        assert "its patterns" in python.notes[0].text
        assert node.notes == []

    def test_is_not_told_of_if_it_reports_or_the_run_ends_in_time(self, root: Path) -> None:
        reporting, ended = Stage(root), Stage(root)
        reporting.attaches()
        ended.program.handle_end(RunEnded(1, Exited(0)))
        for stage in (reporting, ended):
            stage.passes(FIRST_REPORT_TIMEOUT)
            assert stage.notes == []

    def test_is_no_wonder_without_a_link(self, root: Path) -> None:
        stage = Stage(root, has_link=False)
        stage.program.begin_run(1)
        assert stage.program.environment({}) == {}
        assert stage.program.deadline is None
