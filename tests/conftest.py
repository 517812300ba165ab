"""A test that leaves something behind fails, and says what it was."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from hypothesis import settings

from tests.support.assertions.surroundings import leaks, let_threads_end, restore, surroundings
from tests.support.watching.watchman import running_watchman

# Time limits for one example make a slow machine look like a broken program. On CI, hypothesis picks its own
# profile: the same examples on every run, so that a red build can be had again.
settings.register_profile("reloader", deadline=None, print_blob=True)
if not os.environ.get("CI"):
    settings.load_profile("reloader")


#: Where the sessions of tests keep what is the user's elsewhere: their sockets, whose names must be short, and their history.
_OWN = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    own = config.stash[_OWN] = tempfile.mkdtemp(prefix="reloader-")
    os.environ["XDG_RUNTIME_DIR"] = os.environ["XDG_STATE_HOME"] = own


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_OWN], ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--edits", type=int, default=30, help="edits under each fault of a backend")


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Comes first and so looks last: after the test and all its other fixtures are done."""
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
    """For a test of the Watchman backend, and for no other."""
    with running_watchman() if _backend_of(request) == "watchman" else nullcontext():
        yield


def _backend_of(request: pytest.FixtureRequest) -> object:
    case = getattr(request.node, "callspec", None)
    return case.params.get("backend") if case is not None else None
