"""The program's structure stays within the bounds that its redesign has set, and the command that measures it counts right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from benchmarks.house import (
    Sources,
    Trace,
    class_names_used_twice,
    code_lines,
    engine_exceptions,
    file_names_used_twice,
    files_of,
    side_by_side,
    sources_of,
    trace,
)
from tests.support.platforms.limits import linux_only
from tests.support.programs.announcements import ROOT

MOST_FILES_SIDE_BY_SIDE = 18
MOST_FILES_TO_THE_SIGNAL = 34
MOST_FUNCTIONS_TO_THE_SIGNAL = 8


def program(**modules: str) -> Sources:
    """Modules by path, with ``__`` for each slash."""
    return {PurePosixPath(f"{name.replace('__', '/')}.py"): text for name, text in modules.items()}


class TestTheProgram:
    def test_has_few_files_side_by_side(self) -> None:
        crowded = {folder: n for folder, n in side_by_side(sources_of(ROOT)).items() if n > MOST_FILES_SIDE_BY_SIDE}
        assert crowded == {}

    def test_has_no_exceptions_for_the_engine(self) -> None:
        assert engine_exceptions(ROOT) == []

    def test_uses_no_class_name_twice(self) -> None:
        assert class_names_used_twice(sources_of(ROOT)) == {}


@pytest.fixture(scope="module")
def traced() -> Trace:
    return trace(ROOT)


@linux_only
@pytest.mark.measures
@pytest.mark.skipif(sys.version_info < (3, 11), reason="there is no watchdog 7 for Python 3.10")
class TestThePathOfAChange:
    def test_leads_through_few_files_to_the_signal(self, traced: Trace) -> None:
        files = files_of(traced.to_signal)
        assert len(files) <= MOST_FILES_TO_THE_SIGNAL, files

    def test_leads_through_few_functions_from_the_turn_to_the_signal(self, traced: Trace) -> None:
        assert len(traced.stack) <= MOST_FUNCTIONS_TO_THE_SIGNAL, traced.stack

    def test_begins_at_the_backend_and_ends_at_the_spawn(self, traced: Trace) -> None:
        assert traced.to_signal[0].startswith("watchers/inotify.py: ")
        assert traced.to_spawn[: len(traced.to_signal)] == traced.to_signal
        assert len(traced.to_spawn) > len(traced.to_signal)

    def test_contains_the_stack_of_the_signal(self, traced: Trace) -> None:
        assert traced.stack[0].partition(" ")[2].rpartition(".")[2] == "turn"
        assert traced.stack[-1] == traced.passed[-1] == traced.to_signal[-1]
        assert len(traced.stack) < len(traced.passed), "no function was given a batch: have the events been renamed?"
        assert set(traced.stack) <= set(traced.passed) <= {traced.stack[0], *traced.to_signal}


class TestTheCount:
    def test_of_code_leaves_out_blanks_comments_and_docstrings(self) -> None:
        text = (
            '"""One\n\ntwo."""\n\n# three\nx = """four\n\nfive"""  # six\n\n\ndef f():\n    """Seven."""\n    "eight"\n'
        )
        assert code_lines(text) == 5

    def test_of_files_leaves_out_the_mark_of_a_package(self) -> None:
        sources = {PurePosixPath("core", name): "" for name in ("__init__.py", "a.py", "b.py")}
        assert side_by_side(sources) == {"reloader/core": 2}

    def test_of_names_finds_what_two_modules_define(self) -> None:
        found = class_names_used_twice(program(core__a="class A: ...\nclass B: ...", cli__a="class A: ..."))
        assert found == {"A": ["core/a.py", "cli/a.py"]}
        assert file_names_used_twice(program(core__a="", cli__a="")) == {"a": ["reloader/core", "reloader/cli"]}

    @pytest.mark.parametrize("twin", ["system__windows_host", "system__windows__host", "ports", "interfaces"])
    def test_of_names_takes_twins_and_interfaces_for_one(self, twin: str) -> None:
        assert class_names_used_twice(program(system__posix__host="class Host: ...", **{twin: "class Host: ..."})) == {}

    def test_of_exceptions_asks_what_a_row_allows_beyond_the_engine(self, tmp_path: Path) -> None:
        (tmp_path / "tests").mkdir()
        rows = ('part("reloader.engine.a", "engine system")', 'part("reloader.engine.b", "core")')
        text = "\n".join((*rows, 'part("reloader.engine", "engine core")'))
        (tmp_path / "tests" / "test_architecture.py").write_text(text, encoding="utf-8")
        assert engine_exceptions(tmp_path) == ["reloader.engine.a"]


@linux_only
def test_the_command_shows_checkouts_side_by_side() -> None:
    command = [sys.executable, "-m", "benchmarks.house", "--runs", "0", "--list", str(ROOT), "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line[:1] == "|"]
    assert rows[0] == ["", str(ROOT), "."]
    assert [row[1] for row in rows[2:]] == [row[2] for row in rows[2:]]
    assert f"## {ROOT}" in done.stdout
