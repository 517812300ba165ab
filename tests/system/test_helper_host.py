"""Commands beside a run: any number at a time, each ended with all that it has started, none mistaken for the run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from reloader.core.events import Posted, RunEnded
from reloader.core.outcome import Exited, Outcome, Signalled
from reloader.interfaces import ChildNotLaunched
from reloader.system import ProcessHost
from tests.support.assertions.eventually import eventually
from tests.support.programs.processes import is_alive

HERE = os.getcwd()


class Helpers:
    """A host, its helpers, and what of them has ended."""

    def __init__(self) -> None:
        self.host = ProcessHost(lambda posted: None)
        self.ended: dict[int, Outcome] = {}
        self.news: list[Posted] = []

    def start(self, run: int, code: str) -> int:
        helper = self.host.helpers.launch([sys.executable, "-c", code], cwd=HERE, environment=os.environ, run=run)
        assert not isinstance(helper, ChildNotLaunched)
        return helper.pid

    def outcome_of(self, run: int) -> Outcome:
        eventually(lambda: run in self._look(), what=f"the end of helper {run}")
        return self.ended[run]

    def _look(self) -> dict[int, Outcome]:
        self.news += self.host.collect(time.monotonic())
        self.ended |= {ended.run: ended.outcome for ended in self.host.helpers.collect(time.monotonic())}
        return self.ended


@pytest.fixture
def helpers() -> Iterator[Helpers]:
    helpers = Helpers()
    yield helpers
    helpers.host.close()


def wait_for_file(path: Path) -> str:
    return eventually(lambda: path.read_text() if path.exists() else "", what=str(path))


def test_several_run_at_a_time_and_each_has_its_own_end(helpers: Helpers, tmp_path: Path) -> None:
    helpers.start(1, f"import time, os\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)")
    helpers.start(2, "raise SystemExit(7)")
    assert helpers.outcome_of(2) == Exited(7)
    (tmp_path / "go").touch()
    assert helpers.outcome_of(1) == Exited(0)


def test_a_missing_command_is_an_answer(helpers: Helpers) -> None:
    refused = helpers.host.helpers.launch(["no-such-program"], cwd=HERE, environment=os.environ, run=1)
    assert isinstance(refused, ChildNotLaunched)
    assert refused.exit_code == 127


def test_it_has_no_input(helpers: Helpers) -> None:
    helpers.start(1, "import sys\nraise SystemExit(5 if sys.stdin.read() == '' else 6)")
    assert helpers.outcome_of(1) == Exited(5)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to end a program by")
class TestOnPosix:
    def test_it_can_be_killed(self, helpers: Helpers) -> None:
        helper = helpers.host.helpers.launch(
            [sys.executable, "-c", "input = __import__('time').sleep(600)"], cwd=HERE, environment=os.environ, run=1
        )
        assert not isinstance(helper, ChildNotLaunched)
        helper.kill()
        assert helpers.outcome_of(1) == Signalled(9)

    def test_a_script_that_names_no_interpreter_is_refused(self, helpers: Helpers, tmp_path: Path) -> None:
        script = tmp_path / "script"
        script.write_text("echo hello\n")
        script.chmod(0o755)
        refused = helpers.host.helpers.launch([str(script)], cwd=HERE, environment=os.environ, run=1)
        assert isinstance(refused, ChildNotLaunched)
        assert refused.exit_code == 126

    def test_the_rest_of_its_group_ends_with_it(self, helpers: Helpers, tmp_path: Path) -> None:
        told = tmp_path / "pid"
        helpers.start(1, started_by(told))
        assert helpers.outcome_of(1) == Exited(0)
        left = int(wait_for_file(told))
        eventually(lambda: helpers._look() and not is_alive(left), what="what it has left is gone")

    def test_all_end_with_the_host(self, helpers: Helpers) -> None:
        pid = helpers.start(1, "import time; time.sleep(600)")
        helpers.host.close()
        assert not is_alive(pid)

    def test_a_run_can_end_while_an_auxiliary_command_is_alive(self, helpers: Helpers) -> None:
        pid = helpers.start(1, "import time; time.sleep(600)")
        run = helpers.host.launch([sys.executable, "-c", "pass"], cwd=HERE, environment=os.environ, run=9)
        assert not isinstance(run, ChildNotLaunched)
        eventually(lambda: helpers._look() or any(isinstance(one, RunEnded) for one in helpers.news))
        assert [one.run for one in helpers.news if isinstance(one, RunEnded)] == [9]
        assert is_alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are those found who left their group")
def test_a_process_that_left_its_group_ends_with_the_host(helpers: Helpers, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    helpers.start(1, started_by(told, "start_new_session=True"))
    assert helpers.outcome_of(1) == Exited(0)
    left = int(wait_for_file(told))
    assert is_alive(left)
    helpers.host.close()
    assert not is_alive(left)


class TestWithTheNextHost:
    """The engine for another plan has a host of its own; nothing waits for what is at work beside the runs."""

    def next_host(self, helpers: Helpers) -> None:
        helpers.host.detach()
        helpers.host = ProcessHost(lambda posted: None, helpers=helpers.host.helpers)

    def test_they_continue_and_their_end_is_reported(self, helpers: Helpers, tmp_path: Path) -> None:
        pid = helpers.start(1, f"import time, os\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)")
        self.next_host(helpers)
        assert is_alive(pid)
        (tmp_path / "go").touch()
        assert helpers.outcome_of(1) == Exited(0)

    def test_they_are_not_part_of_its_runs(self, helpers: Helpers) -> None:
        pid = helpers.start(1, "import time; time.sleep(600)")
        self.next_host(helpers)
        run = helpers.host.launch([sys.executable, "-c", "pass"], cwd=HERE, environment=os.environ, run=9)
        assert not isinstance(run, ChildNotLaunched)
        eventually(lambda: helpers._look() or any(isinstance(one, RunEnded) for one in helpers.news))
        assert is_alive(pid)
        helpers.host.close()
        assert not is_alive(pid)

    @pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are those found who left their group")
    def test_a_process_that_left_its_group_ends_with_that_host(self, helpers: Helpers, tmp_path: Path) -> None:
        told = tmp_path / "pid"
        helpers.start(1, started_by(told, "start_new_session=True"))
        assert helpers.outcome_of(1) == Exited(0)
        left = int(wait_for_file(told))
        self.next_host(helpers)
        assert is_alive(left)
        helpers.host.close()
        assert not is_alive(left)


def started_by(told: Path, *how: str) -> str:
    """A program that starts another one, tells its pid, and ends."""
    other: Sequence[str] = [sys.executable, "-c", "import time; time.sleep(600)"]
    return (
        "import os, subprocess\n"
        f"other = subprocess.Popen({other!r}, {', '.join(how)})\n"
        f"open({str(told) + '~'!r}, 'w').write(str(other.pid))\n"
        f"os.replace({str(told) + '~'!r}, {str(told)!r})\n"
        "os._exit(0)\n"
    )
