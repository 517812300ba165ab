"""A run that fails for a port: who has it is told, as far as it is known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from reloader.core.addresses import Address, PortOwner
from reloader.core.choices import OnExit
from reloader.core.events import LeaderExited, RunEnded, StopRequested
from reloader.core.notices import Ended, PortInUse
from reloader.core.outcome import Exited, Outcome, Signalled
from reloader.core.settings import LaunchSettings, RestartPolicy
from reloader.engine.port_conflicts import EARLY_EXIT_WINDOW, MAX_CHARACTERS, PortConflicts
from tests.support.sessions.engine_bench import Bench

HOLDER = PortOwner(Address("127.0.0.1", 8000), 4711, ("python", "-m", "http.server"))
FAILED = Exited(1)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Its command is ``serve --port 8000``, which somebody has."""
    bench = Bench(tmp_path, restart=RestartPolicy(on_exit=OnExit.WAIT)).begin()
    bench.port_owners.append(HOLDER)
    return bench


def end(bench: Bench, outcome: Outcome, after: float = 0.1) -> list[PortInUse]:
    bench.clock.advance(after)
    bench.host.end(outcome)
    bench.settle()
    return bench.told(PortInUse)


def test_a_port_in_the_command_is_the_likely_cause(bench: Bench) -> None:
    assert end(bench, FAILED) == [PortInUse(1, HOLDER, is_certain=False)]


def test_it_is_reported_before_the_end(bench: Bench) -> None:
    end(bench, FAILED)
    told = [entry for entry in bench.journal if entry.startswith("report ")]
    assert told[:2] == ["report PortInUse", "report Ended"]


def test_a_reported_port_is_the_certain_cause_at_any_time(bench: Bench) -> None:
    other = PortOwner(Address("0.0.0.0", 9000), 4712)
    bench.port_owners.append(other)
    bench.addresses_in_use.append(Address("", 9000))
    assert end(bench, FAILED, after=10 * EARLY_EXIT_WINDOW) == [PortInUse(1, other, is_certain=True)]


def test_a_port_that_is_free_again_is_not_the_cause(bench: Bench) -> None:
    bench.addresses_in_use.append(Address("", 9000))
    assert end(bench, FAILED) == []


@pytest.mark.parametrize(("outcome", "after"), [(FAILED, EARLY_EXIT_WINDOW), (Exited(0), 0.1), (Signalled(9), 0.1)])
def test_a_late_end_and_a_successful_one_have_other_causes(bench: Bench, outcome: Outcome, after: float) -> None:
    assert end(bench, outcome, after) == []
    assert len(bench.told(Ended)) == 1


def test_a_crash_without_a_reported_port_has_another_cause(bench: Bench) -> None:
    assert end(bench, Exited(1, uncaught_exception=True)) == []


def test_a_run_that_was_stopped_is_not_explained(bench: Bench) -> None:
    bench.host.is_obeyed = False
    bench.post(StopRequested(15))
    bench.engine.turn()
    assert end(bench, FAILED) == []
    assert len(bench.told(Ended)) == 1


def test_a_leader_with_orphans_is_explained_when_all_have_ended(bench: Bench) -> None:
    bench.host.is_obeyed = False
    bench.host.ended.append(LeaderExited(1, FAILED))
    bench.engine.turn()
    assert bench.told(PortInUse) == []
    assert end(bench, FAILED) == [PortInUse(1, HOLDER, is_certain=False)]


class TestTheText:
    """Of programs that the command names: read from the command's directory, as far as it can be."""

    def explained(self, root: Path, *argv: str) -> list[Address]:
        asked: list[Address] = []

        def holder_of(addresses: Sequence[Address]) -> None:
            asked.extend(addresses)

        starts = PortConflicts(LaunchSettings(argv, str(root)), list, holder_of)
        assert starts.explain(RunEnded(1, FAILED), 0.1) is None
        return asked

    def test_of_a_program_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "server.js").write_text("server.listen(3210)")
        assert self.explained(tmp_path, "node", "server.js") == [Address("", 3210)]

    def test_of_another_file_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("server.listen(3210)")
        (tmp_path / "folder.py").mkdir()
        assert self.explained(tmp_path, "cat", "notes.txt", "folder.py", "missing.py", "a\0b.py") == []

    def test_of_a_large_program_is_read_up_to_a_limit(self, tmp_path: Path) -> None:
        (tmp_path / "app.py").write_text("listen(1234)\n" + " " * MAX_CHARACTERS + "listen(4321)")
        assert self.explained(tmp_path, "python", "app.py") == [Address("", 1234)]


def test_our_own_port_is_the_cause_only_if_the_run_reports_it(bench: Bench) -> None:
    bench.port_owners[:] = [PortOwner(HOLDER.address, os.getpid())]
    assert end(bench, FAILED) == []


def test_our_own_port_that_the_run_reports_is_named_as_ours(bench: Bench) -> None:
    ours = PortOwner(Address("0.0.0.0", 9000), os.getpid())
    bench.port_owners.append(ours)
    bench.addresses_in_use.append(Address("", 9000))
    assert end(bench, FAILED) == [PortInUse(1, ours, is_certain=True)]
