"""On Windows, all processes of a run end before the next run, and at the end of the session."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.platforms.limits import needs_stop_event
from tests.support.programs.announcements import Announcement, Announcements
from tests.support.programs.processes import is_alive
from tests.support.programs.projects import project, save
from tests.support.sessions.program import Reloader

if sys.platform != "win32":
    pytest.skip("job objects are of Windows alone", allow_module_level=True)

assert sys.platform == "win32"  # type checkers follow this one


class Kind(NamedTuple):
    """A program with its arguments, and the announcements of it and of its children."""

    command: tuple[str, ...]
    announces: tuple[tuple[str, str], ...]


KINDS = {
    "ends at once": Kind(("good", "0"), (("started", "good"),)),
    "fails at once": Kind(("good", "1"), (("started", "good"),)),
    "crashes": Kind(("crashing",), (("started", "crashing"),)),
    "does not listen": Kind(("waiting",), (("started", "waiting"),)),
    "ends when it is asked to": Kind(("polite",), (("started", "polite"),)),
    "takes its time to end": Kind(("slow",), (("started", "slow"),)),
    "refuses to end": Kind(("stubborn",), (("started", "stubborn"),)),
    "starts another": Kind(("forking",), (("started", "forking"), ("started", "polite"))),
    "has another that it leaves alone": Kind(("leaving",), (("started", "leaving"), ("started", "waiting"))),
    "tries to leave its job": Kind(("escaping",), (("refused", "escaping"),)),
    "holds a port": Kind(("holding", "127.0.0.1"), (("started", "holding"),)),
}
LONG_LIVED = [name for name, kind in KINDS.items() if kind.command[0] not in ("good", "crashing")]


@pytest.fixture
def programs() -> Iterator[Announcements]:
    made = Announcements()
    yield made
    made.close()


def config_of(directory: Path, programs: Announcements, kind: Kind) -> Path:
    command = programs.command(*kind.command)
    return project(directory, {"trigger.txt": "0"}, command=command, on_exit="wait", stop_timeout=0.3)


def test_a_batch_file_and_its_processes_end_before_the_next_run(tmp_path: Path, programs: Announcements) -> None:
    batch = "@" + subprocess.list2cmdline(programs.command("forking")) + "\n@exit /b 3\n"
    config = project(
        tmp_path, {"run.cmd": batch, "trigger.txt": "0"}, command=["run"], on_exit="wait", stop_timeout=0.3
    )
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        before = announced(programs, KINDS["starts another"])
        for number in range(2):
            save(tmp_path / "trigger.txt", f"{number} was saved")
            after = announced(programs, KINDS["starts another"])
            assert [one["pid"] for one in before if is_alive(one["pid"])] == []
            before = after
        assert reloader.runs_up_to(3) == [1, 2, 3]


def announced(programs: Announcements, kind: Kind) -> list[Announcement]:
    return [programs.wait_for(what, who) for what, who in kind.announces]


@pytest.mark.parametrize("name", KINDS)
def test_nothing_of_a_run_is_alive_when_the_next_one_starts(tmp_path: Path, programs: Announcements, name: str) -> None:
    config = config_of(tmp_path, programs, KINDS[name])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        before = announced(programs, KINDS[name])
        for number in range(3):
            save(tmp_path / "trigger.txt", f"{number} was saved")
            after = announced(programs, KINDS[name])
            assert [one["pid"] for one in before if is_alive(one["pid"])] == []
            before = after
        assert reloader.runs_up_to(4) == [1, 2, 3, 4]


@pytest.mark.parametrize("name", LONG_LIVED)
def test_no_process_of_the_run_survives_when_reloader_is_terminated(
    tmp_path: Path, programs: Announcements, name: str
) -> None:
    """TerminateProcess leaves no time for a cleanup. The job object ends them, since its last handle is closed."""
    config = config_of(tmp_path, programs, KINDS[name])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        living = announced(programs, KINDS[name])
        assert all(is_alive(one["pid"]) for one in living)
        reloader.process.kill()
        for one in living:
            programs.wait_for_end_of(one)
        reloader.wait_for_exit()
        assert [one["pid"] for one in living if is_alive(one["pid"])] == []


@needs_stop_event
def test_a_program_gets_a_stop_event_before_it_is_killed(tmp_path: Path, programs: Announcements) -> None:
    """CTRL_BREAK reaches only the group of the run, so reloader itself continues."""
    config = config_of(tmp_path, programs, KINDS["starts another"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        announced(programs, KINDS["starts another"])
        save(tmp_path / "trigger.txt", "saved")
        programs.wait_for("asked", "forking")
        programs.wait_for("asked", "polite")
        announced(programs, KINDS["starts another"])
        assert reloader.wait_for("ended", run=1)["outcome"]["code"] == 5
        assert reloader.all_of("killed") == []


@needs_stop_event
def test_ctrl_break_ends_the_program_and_then_reloader(tmp_path: Path, programs: Announcements) -> None:
    import signal

    config = config_of(tmp_path, programs, KINDS["ends when it is asked to"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        announced(programs, KINDS["ends when it is asked to"])
        reloader.signal(signal.CTRL_BREAK_EVENT)
        programs.wait_for("asked", "polite")
        assert reloader.wait_for_exit() == 128 + signal.SIGBREAK
        assert reloader.wait_for("ended", run=1)["outcome"]["code"] == 5
