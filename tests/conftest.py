"""Fixtures and hooks of every test: each has its own directories, and fails if it leaves something behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import settings

from tests.support.assertions.surroundings import leaks, let_threads_end, restore, surroundings
from tests.support.watching.watchman import running_watchman
from tests.support.workers import Turns, number_of_workers

# Time limits for one example make a slow machine look like a broken program. On CI, hypothesis picks its own
# profile: the same examples on every run, so that a failure there can be repeated.
settings.register_profile("reloader", deadline=None, print_blob=True)
if not os.environ.get("CI"):
    settings.load_profile("reloader")


#: The control sockets and the histories of the tests' sessions lie here. Its name is short, as a socket's must be.
_USER_DIRECTORY = pytest.StashKey[str]()

#: Only a worker of pytest-xdist has it.
_TURNS = pytest.StashKey[Turns]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--edits", type=int, default=30, help="edits under each fault of a backend")


def pytest_configure(config: pytest.Config) -> None:
    own = config.stash[_USER_DIRECTORY] = tempfile.mkdtemp(prefix="reloader-")
    os.environ["XDG_RUNTIME_DIR"] = os.environ["XDG_STATE_HOME"] = own
    if (shared := getattr(config, "workerinput", {}).get("shared_directory")) is not None:
        config.stash[_TURNS] = Turns(shared)


def pytest_unconfigure(config: pytest.Config) -> None:
    if (turns := config.stash.get(_TURNS, None)) is not None:
        turns.close()
    shutil.rmtree(config.stash[_USER_DIRECTORY], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Say what ``-n auto`` means."""
    return number_of_workers(config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker that is about to start the directory of the process that starts it."""
    node.workerinput["shared_directory"] = node.config.stash[_USER_DIRECTORY]


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport, sched: Any) -> None:
    """End the session when a worker has died. A test that hangs ends its worker, after that has printed all stacks."""
    sched.config.hook.pytest_runtest_logreport(report=report)
    raise pytest.Session.Interrupted(f"a worker died in {crashitem}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    turns = item.config.stash.get(_TURNS, None)
    with nullcontext() if turns is None else turns.take(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Compare what the test shares with others before and after it. It is the first fixture, and so it ends last."""
    before = surroundings()
    yield
    let_threads_end(before)
    after = surroundings()
    left = leaks(before, after)
    restore(before, after)
    if left:
        pytest.fail("the test left behind\n  " + "\n  ".join(left), pytrace=False)


@pytest.fixture(autouse=True)
def watchman_of_its_own(request: pytest.FixtureRequest, nothing_is_left_behind: None) -> Iterator[None]:
    """Start a Watchman for a test of that backend, and for no other."""
    with running_watchman() if _backend_of(request) == "watchman" else nullcontext():
        yield


def _backend_of(request: pytest.FixtureRequest) -> object:
    case = getattr(request.node, "callspec", None)
    return case.params.get("backend") if case is not None else None
