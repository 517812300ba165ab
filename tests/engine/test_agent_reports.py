"""What the reports of a running program lead to: which files count, which changes there were, and how its end is told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from reloader.core.addresses import Address
from reloader.core.changes import ChangeKind
from reloader.core.events import (
    AddressInUse,
    AgentAttached,
    FileImported,
    FileOpened,
    FileWritten,
    LeaderExited,
    ModuleNotFound,
    ProgramCrashed,
    ReportsSynced,
    RunEnded,
)
from reloader.core.notices import Note
from reloader.core.outcome import Exited, Signalled
from reloader.engine.agent_reports import (
    CRASH_REPORT_WINDOW,
    FINAL_REPORT_TIMEOUT,
    FIRST_REPORT_TIMEOUT,
    STALE_IMPORTS_TIMEOUT,
    AgentReports,
)
from tests.support.sessions.engine_bench import Bench

FAILED = Exited(1)


class FakeLink:
    def __init__(self) -> None:
        self.asked = 0

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        return {"AGENT": f"run {run}", "SEEN": ",".join(inherited)}

    def sync(self) -> int:
        self.asked += 1
        return self.asked


class Reports:
    """A program that runs for the first time, and what its agent says about files in ``root``."""

    def __init__(
        self, root: Path, *, link: FakeLink | None = None, imports_only: bool = True, command: str = "python"
    ) -> None:
        self.bench = Bench(root).begin()
        self.imports = self.bench.watch_set.imports
        self.clock = self.bench.clock
        self.notes: list[Note] = []
        self.program = AgentReports(
            self.imports,
            self.bench.baseline,
            self.bench.backends,
            self.clock,
            link,
            imports_only=imports_only,
            command=command,
            report=self.notes.append,
        )
        self.run = 0
        self.start()

    def start(self) -> None:
        """The next run."""
        self.run += 1
        self.program.begin_run(self.run)

    def path(self, name: str) -> str:
        return str(self.bench.root / name)

    def attach(self, *, leads: bool = True, program: str = "") -> None:
        self.program.handle(AgentAttached(self.run, 4711, leads, program))

    def read(self, name: str, *, run: int | None = None) -> list[ChangeKind]:
        stamp = self.bench.disk.stat(self.path(name))
        changes = self.program.handle(FileImported(run or self.run, self.path(name), stamp))
        return [change.kind for change in changes]

    def open(self, name: str) -> None:
        self.program.handle(FileOpened(self.run, self.path(name), self.bench.disk.stat(self.path(name))))

    def write(self, name: str) -> None:
        self.program.handle(FileWritten(self.run, self.path(name)))

    def pass_time(self, seconds: float) -> list[object]:
        return list(self.program.tick(self.clock.advance(seconds)))

    def counting(self, *names: str) -> list[str]:
        return [name for name in names if self.bench.watch_set.is_watched(self.path(name))]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("app.py", "library.py", "page.html"):
        (root / name).write_text(f"first content of {name}\n")
    return root


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def reports(root: Path, link: FakeLink) -> Reports:
    return Reports(root, link=link)


class TestWatchedFiles:
    def test_are_the_whole_tree_until_the_command_reports(self, reports: Reports) -> None:
        assert reports.counting("app.py", "library.py") == ["app.py", "library.py"]
        assert reports.bench.watcher.added == []

    def test_are_then_only_the_files_that_it_reads(self, reports: Reports) -> None:
        reports.attach()
        assert reports.read("app.py") == []
        assert reports.counting("app.py", "library.py") == ["app.py"]
        assert reports.bench.watcher.added == [reports.path("app.py")]

    def test_are_added_to_the_watcher_once(self, reports: Reports) -> None:
        reports.attach()
        reports.read("app.py")
        reports.read("app.py")
        assert reports.bench.watcher.added == [reports.path("app.py")]

    def test_follow_the_patterns_if_there_are_any(self, root: Path, link: FakeLink) -> None:
        reports = Reports(root, link=link, imports_only=False)
        reports.attach()
        reports.read("app.py")
        assert reports.counting("app.py", "library.py") == ["app.py", "library.py"]

    @pytest.mark.parametrize(
        ("command", "leads", "program", "imports_only"),
        [
            pytest.param("node", False, "/usr/bin/helper", False, id="a helper in Python of another command"),
            pytest.param("/bin/flask", False, "/venv/bin/flask", True, id="a script of the same name"),
            pytest.param("uv", False, "/venv/bin/flask", True, id="what a launcher of Python starts"),
            pytest.param("./serve", True, "serve", True, id="the command itself"),
        ],
    )
    def test_are_limited_to_imports_by_the_command_but_not_by_its_helpers(
        self, root: Path, link: FakeLink, command: str, leads: bool, program: str, imports_only: bool
    ) -> None:
        reports = Reports(root, link=link, command=command)
        reports.attach(leads=leads, program=program)
        assert reports.imports.imports_only is imports_only

    def test_are_kept_until_the_next_run_has_reported_its_own(self, reports: Reports) -> None:
        reports.attach()
        reports.read("app.py")
        reports.read("library.py")
        reports.start()
        reports.attach()
        reports.read("app.py")
        assert reports.counting("library.py") == ["library.py"]
        reports.pass_time(STALE_IMPORTS_TIMEOUT)
        assert reports.counting("app.py", "library.py") == ["app.py"]
        assert reports.program.deadline is None

    def test_are_kept_by_a_run_that_ends_early(self, reports: Reports) -> None:
        """A program that fails to start has not come to all of its imports."""
        reports.attach()
        reports.read("library.py")
        reports.start()
        reports.attach()
        reports.program.handle_end(RunEnded(2, FAILED))
        reports.pass_time(STALE_IMPORTS_TIMEOUT)
        assert reports.counting("library.py") == ["library.py"]

    def test_are_not_changed_by_late_reports_of_an_earlier_run(self, reports: Reports) -> None:
        reports.attach()
        reports.start()
        assert reports.read("library.py", run=1) == []
        assert reports.imports.files == set()


class TestChanges:
    def test_since_a_file_was_read_are_found(self, reports: Reports) -> None:
        before = reports.bench.disk.stat(reports.path("app.py"))
        reports.bench.save("app.py", "second")
        (change,) = reports.program.handle(FileImported(1, reports.path("app.py"), before))
        assert (change.path, change.kind) == (reports.path("app.py"), ChangeKind.MODIFIED)

    def test_include_a_missing_module_that_appears_later(self, reports: Reports) -> None:
        assert reports.program.handle(ModuleNotFound(1, reports.path("missed.py"))) == []
        reports.bench.save("missed.py", "x")
        (change,) = reports.bench.baseline.examine([reports.path("missed.py")])
        assert change.kind is ChangeKind.ADDED

    def test_include_a_missing_module_that_has_appeared_meanwhile(self, reports: Reports) -> None:
        reports.bench.save("missed.py", "x")
        (change,) = reports.program.handle(ModuleNotFound(1, reports.path("missed.py")))
        assert (change.path, change.kind) == (reports.path("missed.py"), ChangeKind.ADDED)

    def test_of_a_file_that_it_reads_are_reported(self, reports: Reports) -> None:
        reports.attach()
        reports.open("page.html")
        assert reports.counting("page.html") == ["page.html"]

    @pytest.mark.parametrize("written_first", [True, False])
    def test_of_a_file_that_it_writes_are_not_reported(self, reports: Reports, written_first: bool) -> None:
        reports.attach()
        for step in (reports.write, reports.open) if written_first else (reports.open, reports.write):
            step("page.html")
        assert reports.counting("page.html") == []

    def test_of_a_module_are_reported_although_it_writes_it(self, reports: Reports) -> None:
        reports.attach()
        reports.open("app.py")
        reports.read("app.py")
        reports.write("app.py")
        assert reports.counting("app.py") == ["app.py"]


class TestReportsOfThisRun:
    def test_include_the_written_files(self, reports: Reports) -> None:
        reports.write("data.db")
        assert reports.program.has_written(reports.path("data.db"))
        reports.start()
        assert not reports.program.has_written(reports.path("data.db"))

    def test_include_the_addresses_in_use(self, reports: Reports) -> None:
        assert reports.program.handle(AddressInUse(1, Address("", 80))) == []
        assert reports.program.addresses_in_use == [Address("", 80)]
        reports.start()
        reports.program.handle(AddressInUse(1, Address("", 81)))
        assert reports.program.addresses_in_use == []


class TestTheEnd:
    def test_is_returned_when_the_final_reports_have_arrived(self, reports: Reports, link: FakeLink) -> None:
        ended = RunEnded(1, Exited(0))
        assert reports.program.handle_end(ended) == []
        assert reports.program.handle_sync(ReportsSynced(link.asked + 1)) == []
        assert reports.program.handle_sync(ReportsSynced(link.asked)) == [ended]
        assert reports.program.deadline is None

    def test_is_returned_after_a_timeout_without_final_reports(self, reports: Reports) -> None:
        ended = RunEnded(1, Exited(0))
        reports.program.handle_end(ended)
        assert reports.program.deadline == reports.clock() + FINAL_REPORT_TIMEOUT
        assert reports.pass_time(FINAL_REPORT_TIMEOUT / 2) == []
        assert reports.pass_time(FINAL_REPORT_TIMEOUT / 2) == [ended]

    def test_of_the_leader_comes_before_the_end_of_the_run(self, reports: Reports, link: FakeLink) -> None:
        first, second = LeaderExited(1, Exited(0)), RunEnded(1, Exited(0))
        reports.program.handle_end(first)
        reports.program.handle_end(second)
        assert reports.program.handle_sync(ReportsSynced(link.asked)) == [first, second]

    def test_is_returned_at_once_without_an_agent_or_for_another_run(self, root: Path, reports: Reports) -> None:
        ended = RunEnded(1, Exited(0))
        assert Reports(root).program.handle_end(ended) == [ended]
        reports.start()
        assert reports.program.handle_end(ended) == [ended]

    def test_by_an_exception_is_a_crash(self, reports: Reports, link: FakeLink) -> None:
        reports.attach()
        reports.program.handle(ProgramCrashed(1, 4711, "ValueError"))
        reports.program.handle_end(RunEnded(1, FAILED))
        assert reports.program.handle_sync(ReportsSynced(link.asked)) == [
            RunEnded(1, Exited(1, uncaught_exception=True))
        ]

    @pytest.mark.parametrize("outcome", [Exited(0), Exited(3), Signalled(15)])
    def test_by_another_exit_code_is_no_crash(
        self, reports: Reports, link: FakeLink, outcome: Exited | Signalled
    ) -> None:
        reports.program.handle(ProgramCrashed(1, 4711, "ValueError"))
        reports.program.handle_end(RunEnded(1, outcome))
        assert reports.program.handle_sync(ReportsSynced(link.asked)) == [RunEnded(1, outcome)]

    def test_long_after_an_exception_is_no_crash(self, reports: Reports, link: FakeLink) -> None:
        """A worker's exception that the program has survived."""
        reports.program.handle(ProgramCrashed(1, 4711, "ValueError"))
        reports.clock.advance(CRASH_REPORT_WINDOW)
        reports.program.handle_end(RunEnded(1, FAILED))
        assert reports.program.handle_sync(ReportsSynced(link.asked)) == [RunEnded(1, FAILED)]


class TestAMissingAgent:
    def test_is_reported_once(self, reports: Reports) -> None:
        assert reports.program.deadline == reports.clock() + FIRST_REPORT_TIMEOUT
        reports.pass_time(FIRST_REPORT_TIMEOUT)
        reports.pass_time(FIRST_REPORT_TIMEOUT)
        (note,) = reports.notes
        assert note.text.endswith("so all files of the project are watched")

    def test_is_reported_with_what_is_watched_instead(self, root: Path, link: FakeLink) -> None:
        by_patterns, sources_only = Reports(root, link=link, imports_only=False), Reports(root, link=link)
        sources_only.imports.python_sources_only = True
        for reports in (by_patterns, sources_only):
            reports.pass_time(FIRST_REPORT_TIMEOUT)
        assert by_patterns.notes[0].text.endswith("so its patterns are watched")
        assert sources_only.notes[0].text.endswith("so all Python files of the project are watched")

    def test_is_not_reported_after_the_first_report(self, reports: Reports) -> None:
        reports.attach()
        reports.pass_time(FIRST_REPORT_TIMEOUT)
        assert reports.notes == []

    def test_is_expected_if_the_command_is_not_python(self, root: Path, link: FakeLink) -> None:
        reports = Reports(root, link=link, imports_only=False, command="node")
        assert reports.program.deadline is None


def test_a_run_gets_the_variables_of_the_link(reports: Reports, root: Path) -> None:
    reports.program.begin_run(7)
    assert reports.program.environment({"PATH": os.defpath}) == {"AGENT": "run 7", "SEEN": "PATH"}
    assert Reports(root).program.environment({}) == {}
