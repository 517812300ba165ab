"""The interrupt sentinel reports SIGINT sent to the group of a run, and is not part of the run."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no foreground process group", allow_module_level=True)

import os
import signal
import subprocess
from collections.abc import Iterator

from reloader.system.posix import terminal
from reloader.system.posix.terminal import InterruptSentinel
from tests.support.assertions.eventually import eventually
from tests.support.programs.processes import is_alive


@pytest.fixture
def sentinel() -> Iterator[InterruptSentinel]:
    made = InterruptSentinel()
    yield made
    made.close()
    made.close()


@pytest.fixture
def group() -> Iterator[int]:
    """A process group that ignores SIGINT."""
    argv = ["/bin/sh", "-c", "trap '' INT TERM; exec sleep 60"]
    pid = os.posix_spawn(argv[0], argv, os.environ, setpgroup=0)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_each_interrupt_of_the_group_is_reported_once(sentinel: InterruptSentinel, group: int) -> None:
    sentinel.join(group)
    assert not sentinel.was_interrupted()
    for _ in range(3):
        os.killpg(group, signal.SIGINT)
        eventually(sentinel.was_interrupted, what="the interrupt")
        assert not sentinel.was_interrupted()


def test_other_signals_do_not_end_the_sentinel(sentinel: InterruptSentinel, group: int) -> None:
    sentinel.join(group)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGQUIT):
        os.kill(sentinel.pid or 0, number)
    assert not sentinel.was_interrupted()
    os.killpg(group, signal.SIGINT)
    eventually(sentinel.was_interrupted, what="the interrupt")


def test_a_sentinel_that_is_killed_with_the_group_reports_no_interrupt(sentinel: InterruptSentinel, group: int) -> None:
    sentinel.join(group)
    pid = sentinel.pid
    os.killpg(group, signal.SIGKILL)
    eventually(lambda: sentinel.was_interrupted() or sentinel.pid is None, what="the end of the sentinel")
    assert not sentinel.was_interrupted()
    assert pid is not None
    assert not is_alive(pid)


def test_it_leaves_the_group_without_a_trace(sentinel: InterruptSentinel, group: int) -> None:
    sentinel.join(group)
    pid = sentinel.pid
    sentinel.leave()
    assert pid is not None
    assert not is_alive(pid)
    assert not sentinel.was_interrupted()


def test_a_group_that_has_ended_and_a_missing_program_are_not_errors(
    sentinel: InterruptSentinel, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    sentinel.join(gone.pid)
    assert sentinel.pid is None
    monkeypatch.setattr(terminal, "_WAITING_PROGRAM", "/there/is/no/cat")
    sentinel.join(group)
    assert sentinel.pid is None
    assert not sentinel.was_interrupted()
