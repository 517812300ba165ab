"""Whatever is done to a tree: what the engine believes is what the disk holds, and each change is served.

The operations are random, the backends real; then with faults, as systems have them: events that never come, a queue that
overflows, a limit that is reached, a backend that falls silent.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from reloader.core.changes import PathKind
from reloader.core.debounce import DebouncePolicy
from reloader.core.events import PathsChanged, Posted, WatcherFailed, WatcherOverflowed
from reloader.core.notices import BackendFellBack, EventsMissed, EventsOverflowed
from reloader.core.settings import WatchSettings
from reloader.interfaces import Post, Watcher
from reloader.watchers.disk import RealDisk
from tests.support.platforms.limits import linux_only
from tests.support.sessions.session import Session
from tests.support.watching.backends import needs_watchdog
from tests.support.watching.operations import (
    DIRECTORIES,
    FILE_OPERATIONS,
    FILES,
    TREE_OPERATIONS,
    Operation,
    apply,
    lay_out,
)
from tests.support.watching.watchers import BACKENDS, MakeWatcher, make_watchdog
from tests.support.watching.watchman import running_watchman

pytestmark = [
    linux_only,  # some of the names are none elsewhere; the behaviour suite runs everywhere
    pytest.mark.filterwarnings("ignore:Callback with id"),  # watchdog, of its own Linux observer
]
PROMPT = DebouncePolicy(0.01, 0.5)

file_operations = st.tuples(
    st.sampled_from(sorted(FILE_OPERATIONS)), st.sampled_from(FILES), st.sampled_from(FILES), st.integers(1, 5)
)
tree_operations = st.tuples(
    st.sampled_from(sorted(TREE_OPERATIONS)), st.sampled_from(DIRECTORIES), st.sampled_from(DIRECTORIES), st.just(0)
)
operations: st.SearchStrategy[Operation] = file_operations | tree_operations


class Tree:
    """A session on a small tree of its own, and what the disk itself says of that."""

    def __init__(self, make_watcher: MakeWatcher, *, rescan_period: float = 0.05) -> None:
        self._resources = ExitStack()
        self.root = Path(tempfile.mkdtemp(prefix="history"), "project")
        self._resources.callback(shutil.rmtree, self.root.parent)
        self.root.mkdir()
        lay_out(self.root)
        session = Session(self.root, make_watcher, debounce=PROMPT, rescan_period=rescan_period, max_event_delay=0.05)
        self.session = self._resources.enter_context(session)
        self._settled = self.contents()
        self._told = len(session.reporter.notices)
        self._launches = session.launches
        self._was_interrupted = False

    def close(self) -> None:
        self._resources.close()

    def contents(self) -> dict[str, int]:
        """The files that count, with a digest of what each holds."""
        found: dict[str, int] = {}
        for directory, _, names in os.walk(self.root):
            for path in (os.path.join(directory, name) for name in names):
                if self.session.watch_set.is_watched(path) and os.path.isfile(path):
                    found[self.session.relative(path)] = hash(Path(path).read_bytes())
        return found

    def believed(self) -> dict[str, int]:
        """What the engine would say: the digest where it has read one, what is on the disk where it knows by the stamp."""
        return {
            self.session.relative(path): entry.digest
            if entry.digest is not None
            else hash(Path(path).read_bytes())
            if RealDisk().stat(path).equals_except_ctime(entry.stat)
            else -1
            for path, entry in self.session.baseline.records.items()
            if entry.stat.kind is PathKind.FILE
        }

    def believes_the_disk(self) -> bool:
        try:
            return self.believed() == self.contents()
        except FileNotFoundError:
            return False

    def turn(self) -> None:
        """Let the engine do what is due now, in the middle of it all."""
        self.session.engine.turn()
        self._was_interrupted = True

    def settle(self, operations: int) -> set[str]:
        """Wait until all is served, and hold the promise to it. Returns the paths that were served."""
        self.session.touch_sentinel()
        self.session.pump(self.believes_the_disk, "the engine believes what the disk holds")
        self.session.touch_sentinel()  # what it believes, it has served by now
        served = self.session.changes_since(self._told) - {"sentinel.txt"}
        now = self.contents()
        differing = {path for path in {*now, *self._settled} if now.get(path) != self._settled.get(path)}
        differing.discard("sentinel.txt")
        assert differing <= served, "a change was not served"
        if not self._was_interrupted:
            assert served == differing, "what is as it was is no change"
        assert self.session.launches - self._launches <= operations + 4, "too many restarts"
        self._settled, self._was_interrupted = now, False
        self._told, self._launches = len(self.session.reporter.notices), self.session.launches
        return served


class AnyHistory(RuleBasedStateMachine):
    """Operations, with the engine waking up among them at times, and the promise whenever all is quiet."""

    make_watcher: MakeWatcher

    def __init__(self) -> None:
        super().__init__()
        self.tree = Tree(type(self).make_watcher, rescan_period=60.0)
        self.operations = 0

    @rule(operation=operations)
    def operate(self, operation: Operation) -> None:
        apply(self.tree.root, operation)
        self.operations += 1

    @rule()
    def turn(self) -> None:
        self.tree.turn()

    @rule()
    def settle(self) -> None:
        self.tree.settle(self.operations)
        self.operations = 0

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.tree.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_engine_believes_what_the_disk_holds_and_serves_each_change(backend: str) -> None:
    class OnThisBackend(AnyHistory):
        make_watcher = staticmethod(BACKENDS[backend])

    run_state_machine_as_test(
        OnThisBackend,
        settings=settings(
            max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@given(st.lists(operations, min_size=1, max_size=12))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_all_backends_tell_of_the_same_changes(script: list[Operation]) -> None:
    served: dict[str, set[str]] = {}
    for backend, make_watcher in BACKENDS.items():
        with running_watchman() if backend == "watchman" else nullcontext():
            tree = Tree(make_watcher, rescan_period=60.0)
            try:
                for operation in script:
                    apply(tree.root, operation)
                served[backend] = tree.settle(len(script))
            finally:
                tree.close()
    assert all(paths == served["stat"] for paths in served.values()), served


# Faults


class Fault:
    """Stands between a backend and the engine."""

    def __init__(self, post: Post, backend: str) -> None:
        self._post = post
        self._backend = backend
        self._hints = 0
        self.is_wanted = True

    def __call__(self, news: Posted) -> None:
        if not isinstance(news, PathsChanged) or not self.is_wanted:
            self._post(news)
            return
        self._hints += 1
        self.hint(news, self._hints)

    def hint(self, news: PathsChanged, number: int) -> None:
        raise NotImplementedError


class Deaf(Fault):
    """Every third event never comes."""

    def hint(self, news: PathsChanged, number: int) -> None:
        if number % 3:
            self._post(news)


class Overflowing(Fault):
    """After every fifth event three are lost, and the queue says so."""

    def hint(self, news: PathsChanged, number: int) -> None:
        if number % 8 < 5:
            self._post(news)
        elif number % 8 == 7:
            self._post(WatcherOverflowed(self._backend))


class Failing(Fault):
    """After ten events it fails, and says so."""

    def hint(self, news: PathsChanged, number: int) -> None:
        if number < 10:
            self._post(news)
        elif number == 10:
            self._post(WatcherFailed(self._backend, "a fault that a test made", "None"))


FAULTS: dict[str, tuple[type[Fault], type]] = {
    "events that never come": (Deaf, EventsMissed),
    "a queue that overflows": (Overflowing, EventsOverflowed),
    "a backend that fails": (Failing, BackendFellBack),
}
EVENT_BACKENDS = [backend for backend in BACKENDS if backend != "stat"]


def edits(tree: Tree, number: int, seed: str) -> int:
    """Save random files with content that none had before, in rounds, among all that may happen to a tree; returns how many."""
    choice = random.Random(seed)  # noqa: S311 not for secrets
    kinds = ("write", "rename over", "append", "restore")
    done = 0
    while done < number:
        for _ in range(choice.randint(0, 3)):
            kind = choice.choice(sorted({**FILE_OPERATIONS, **TREE_OPERATIONS}))
            names = FILES if kind in FILE_OPERATIONS else DIRECTORIES
            apply(tree.root, (kind, choice.choice(names), choice.choice(names), done))
        edited = {choice.choice(FILES[:-1]) for _ in range(choice.randint(1, 6))}
        for name in sorted(edited):
            done += 1
            apply(tree.root, ("write", name, name, done))
            apply(tree.root, (choice.choice(kinds), name, name, -done))
        assert edited <= tree.settle(2 * len(edited) + 3), f"after {done} edits, one was lost"
    return done


@pytest.mark.parametrize("backend", EVENT_BACKENDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_edit_is_lost_whatever_the_backend_loses(backend: str, fault: str, request: pytest.FixtureRequest) -> None:
    make_fault, notice = FAULTS[fault]

    def make_faulty(post: Post, disk: RealDisk, settings: WatchSettings) -> Watcher:
        return BACKENDS[backend](make_fault(post, backend), disk, settings)

    tree = Tree(make_faulty)
    try:
        number = request.config.getoption("--edits")
        done = edits(tree, number, fault)
        # On a slow machine one event tells of much, and may make up for those that were lost.
        # And a Watchman that does not answer in time is left, after which there is nothing to be lost.
        while not any(isinstance(told, (notice, BackendFellBack)) for told in tree.session.reporter.notices):
            assert done < 50 * number, "the fault was not told"
            done += edits(tree, number, f"{fault} after {done}")
    finally:
        tree.close()


@needs_watchdog
@pytest.mark.parametrize("watches", [0, 1, 3])
def test_no_edit_is_lost_where_the_kernel_lends_so_many_watches(
    watches: int, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    from watchdog.observers.inotify_c import InotifyFD

    lend: Callable[..., int] = InotifyFD.add_callback
    lent: list[object] = []

    def lend_some(reader: InotifyFD, *what: object) -> int:
        if len(lent) >= watches:
            raise OSError(errno.ENOSPC, "No space left on device")
        lent.append(what)
        return lend(reader, *what)

    monkeypatch.setattr(InotifyFD, "add_callback", lend_some)
    tree = Tree(make_watchdog)
    try:
        number = request.config.getoption("--edits")
        assert edits(tree, number, "limit") >= number
        told = [notice for notice in tree.session.reporter.notices if isinstance(notice, BackendFellBack)]
        assert told
        assert all("max_user_watches" in notice.remedy for notice in told)
    finally:
        tree.close()
