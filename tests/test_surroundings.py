"""Each kind of leak is found and named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.assertions.surroundings import Surroundings, leaks, let_threads_end, restore, surroundings
from tests.support.platforms.limits import needs_tree_of_processes

WAITS_FOR_INPUT = [sys.executable, "-c", "input()"]


@pytest.fixture
def before() -> Surroundings:
    return surroundings()


def test_a_test_that_does_nothing_leaves_nothing(before: Surroundings) -> None:
    assert leaks(before, surroundings()) == []


def test_a_running_thread_is_a_leak(before: Surroundings) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="the long one")
    thread.start()
    try:
        assert leaks(before, surroundings()) == ["a thread: the long one"]
    finally:
        done.set()
        thread.join()


def test_a_thread_that_is_about_to_end_is_waited_for(before: Surroundings) -> None:
    done = threading.Event()
    threading.Thread(target=done.wait).start()
    done.set()
    let_threads_end(before)
    assert leaks(before, surroundings()) == []


@needs_tree_of_processes
def test_a_running_child_is_a_leak_and_is_killed(before: Surroundings) -> None:
    with subprocess.Popen(WAITS_FOR_INPUT, stdin=subprocess.PIPE) as child:
        after = surroundings()
        left = leaks(before, after)
        restore(before, after)
    assert child.pid in after.children
    assert [leak for leak in left if leak.startswith("a child process: ")] == [
        f"a child process: {after.children[child.pid]}"
    ]
    assert child.pid not in surroundings().children


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists zombies")
def test_a_zombie_is_a_leak(before: Surroundings) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    left = leaks(before, surroundings())
    child.wait()
    assert left == [f"a child process: {child.pid} (a zombie)"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the descriptors of a process")
def test_an_open_descriptor_is_a_leak(before: Surroundings, tmp_path: Path) -> None:
    with (tmp_path / "left open").open("w") as file:
        assert leaks(before, surroundings()) == [f"a file descriptor: {file.fileno()} → {tmp_path / 'left open'}"]


def test_a_changed_environment_is_a_leak_and_is_undone(before: Surroundings) -> None:
    os.environ["LEFT_BY_A_TEST"] = "yes"
    after = surroundings()
    assert leaks(before, after) == ["an environment variable: LEFT_BY_A_TEST was None and is 'yes'"]
    restore(before, after)
    assert leaks(before, surroundings()) == []


def test_a_changed_directory_is_a_leak_and_is_undone(before: Surroundings, tmp_path: Path) -> None:
    os.chdir(tmp_path)
    after = surroundings()
    assert leaks(before, after) == [f"the current directory: {os.getcwd()}"]
    restore(before, after)
    assert leaks(before, surroundings()) == []


def test_a_changed_signal_handler_is_a_leak(before: Surroundings) -> None:
    former = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert leaks(before, surroundings()) == [f"a signal handler: SIGTERM → {signal.SIG_IGN}"]
    finally:
        signal.signal(signal.SIGTERM, former)
