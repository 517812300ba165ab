"""The ear hears SIGINT where the run hears it, and is no part of the run."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("process groups that have the terminal are of POSIX alone", allow_module_level=True)

import os
import signal
import subprocess
from collections.abc import Iterator

from reloader.system.posix import terminal as ear_module
from reloader.system.posix.terminal import InterruptSentinel
from tests.support.assertions.eventually import eventually
from tests.support.programs.processes import is_alive


@pytest.fixture
def ear() -> Iterator[InterruptSentinel]:
    made = InterruptSentinel()
    yield made
    made.close()
    made.close()


@pytest.fixture
def group() -> Iterator[int]:
    """Of a program that does not listen."""
    argv = ["/bin/sh", "-c", "trap '' INT TERM; exec sleep 60"]
    pid = os.posix_spawn(argv[0], argv, os.environ, setpgroup=0)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_each_interrupt_of_the_group_is_heard_once(ear: InterruptSentinel, group: int) -> None:
    ear.listen_in(group)
    assert not ear.has_heard()
    for _ in range(3):
        os.killpg(group, signal.SIGINT)
        eventually(ear.has_heard, what="the interrupt")
        assert not ear.has_heard()


def test_other_signals_are_the_groups_business(ear: InterruptSentinel, group: int) -> None:
    ear.listen_in(group)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGQUIT):
        os.kill(ear.pid or 0, number)
    assert not ear.has_heard()
    os.killpg(group, signal.SIGINT)
    eventually(ear.has_heard, what="the interrupt")


def test_who_is_forced_together_with_the_group_has_heard_nothing(ear: InterruptSentinel, group: int) -> None:
    ear.listen_in(group)
    pid = ear.pid
    os.killpg(group, signal.SIGKILL)
    eventually(lambda: ear.has_heard() or ear.pid is None, what="the end of the ear")
    assert not ear.has_heard()
    assert pid is not None
    assert not is_alive(pid)


def test_it_leaves_the_group_without_a_trace(ear: InterruptSentinel, group: int) -> None:
    ear.listen_in(group)
    pid = ear.pid
    ear.leave_group()
    assert pid is not None
    assert not is_alive(pid)
    assert not ear.has_heard()


def test_a_group_that_is_gone_and_a_missing_program_are_no_error(
    ear: InterruptSentinel, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    ear.listen_in(gone.pid)
    assert ear.pid is None
    monkeypatch.setattr(ear_module, "_WAITING", "/there/is/no/cat")
    ear.listen_in(group)
    assert ear.pid is None
    assert not ear.has_heard()
