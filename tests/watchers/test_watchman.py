"""What only the Watchman backend can show: how it treats the user's service, and what it does when that fails."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("a Windows without a compiler has no pywatchman", allow_module_level=True)
pytest.importorskip("pywatchman", reason="pywatchman is an extra, and not installed")

from reloader.core.events import PathsChanged, Posted, WatcherFailed, WatcherOverflowed
from reloader.core.notices import BackendFellBack, EventsOverflowed
from reloader.core.settings import WatchSettings
from reloader.errors import BackendUnavailable
from reloader.interfaces import Post
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set
from reloader.watchers.watchman import connection, roots, subscription
from reloader.watchers.watchman.watcher import WatchmanWatcher
from tests.support.assertions.eventually import eventually
from tests.support.fakes.watchman import fake_watchman, usual
from tests.support.sessions.session import Session
from tests.support.watching.watchman import Service, needs_watchman, running_watchman


def make_watchman(post: Post, disk: RealDisk, settings: WatchSettings) -> WatchmanWatcher:
    return WatchmanWatcher(post, disk, follow_symlinks=settings.follow_symlinks, timeout=2.0)


def make_impatient(post: Post, disk: RealDisk, settings: WatchSettings) -> WatchmanWatcher:
    return WatchmanWatcher(post, disk, follow_symlinks=settings.follow_symlinks, timeout=0.3)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "app.py").write_text("first\n")
    (root / "pkg/mod.py").write_text("first\n")
    return root


@pytest.fixture
def service() -> Iterator[Service]:
    with running_watchman() as service:
        yield service


@pytest.fixture
def quick_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "HEARTBEAT_INTERVAL", 0.2)


def fell_back(session: Session) -> list[BackendFellBack]:
    return [notice for notice in session.reporter.notices if isinstance(notice, BackendFellBack)]


def lost(session: Session) -> list[EventsOverflowed]:
    return [notice for notice in session.reporter.notices if isinstance(notice, EventsOverflowed)]


def edit(path: Path, content: str = "second\n") -> Any:
    return lambda: path.write_text(content)


def started_alone(root: Path, posted: list[Posted]) -> WatchmanWatcher:
    """A watcher without an engine, on ``root``."""
    session = Session(root, make_watchman)
    watcher = WatchmanWatcher(posted.append, session.disk, follow_symlinks=True, timeout=2.0)
    watcher.start(configured_watch_set(session.settings, session.disk))
    return watcher


@needs_watchman
class TestTheUsersService:
    def test_what_was_not_watched_before_is_not_watched_afterwards(self, service: Service, tree: Path) -> None:
        with Session(tree, make_watchman):
            assert service.roots() == [str(tree)]
        assert service.roots() == []

    def test_what_the_user_watches_stays_watched(self, service: Service, tree: Path) -> None:
        service.ask("watch-project", str(tree))
        with Session(tree, make_watchman):
            pass
        assert service.roots() == [str(tree)]

    def test_what_somebody_else_has_subscribed_to_meanwhile_stays_watched(self, service: Service, tree: Path) -> None:
        import pywatchman

        with pywatchman.client(sockpath=service.socket, timeout=10.0) as other:
            with Session(tree, make_watchman):
                other.query("subscribe", str(tree), "of another tool", {"fields": ["name"]})
            assert service.roots() == [str(tree)]

    def test_what_the_user_has_set_a_trigger_on_meanwhile_stays_watched(self, service: Service, tree: Path) -> None:
        trigger = {"name": "of the user", "expression": ["name", "nothing"], "command": ["true"]}
        with Session(tree, make_watchman):
            service.ask("trigger", str(tree), trigger)
        assert service.roots() == [str(tree)]
        triggers = service.ask("trigger-list", str(tree))["triggers"]
        assert isinstance(triggers, list)
        assert [set_one["name"] for set_one in triggers] == ["of the user"]

    def test_a_reloader_survives_the_end_of_another_and_removes_the_watch_in_its_place(
        self, service: Service, tree: Path
    ) -> None:
        with Session(tree, make_watchman) as first:
            (tree / "other").mkdir()
            second = Session(tree, make_watchman)
            with second:
                first.backends.stop()
                second.pump(lambda: bool(lost(second)), "the end of the watch is noticed")
                assert second.restarts_by(edit(tree / "app.py")) == {"app.py"}
                assert fell_back(second) == []
                assert service.roots() == [str(tree)]
        assert service.roots() == []

    def test_a_watch_that_is_removed_again_and_again_is_given_up(self, service: Service, tree: Path) -> None:
        with Session(tree, make_watchman) as session:
            for _ in range(4):
                before = len(session.reporter.notices)
                eventually(lambda: service.roots() == [str(tree)], what="it is watched again")
                service.ask("watch-del", str(tree))
                session.pump(lambda before=before: len(session.reporter.notices) > before, "it is noticed")  # type: ignore[misc]
            assert [notice.directories for notice in fell_back(session)] == [(str(tree),)]
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}

    def test_a_root_in_a_bigger_watch_is_served_and_the_rest_of_it_is_not(self, service: Service, tree: Path) -> None:
        (tree / ".git").mkdir()
        with Session(tree / "pkg", make_watchman) as session:
            assert service.roots() == [str(tree)]
            assert session.changed_by(edit(tree / "app.py")) == set()
            assert session.restarts_by(edit(tree / "pkg/mod.py")) == {"mod.py"}
            assert "mod.py" in session.changed_by(lambda: remake(tree / "pkg"))
            assert session.restarts_by(edit(tree / "pkg/mod.py", "fourth\n")) == {"mod.py"}
            assert fell_back(session) == []
        assert service.roots() == []

    def test_a_lock_file_that_git_left_behind_silences_nobody(self, service: Service, tree: Path) -> None:
        (tree / ".git").mkdir()
        (tree / ".git/index.lock").touch()
        with Session(tree, make_watchman) as session:
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert fell_back(session) == []

    @pytest.mark.parametrize("name", [b"with space", b"new\nline", "ünï".encode(), b"inv\xffalid", b"[a]*"])
    def test_roots_that_are_hard_to_spell(self, service: Service, tree: Path, name: bytes) -> None:
        if sys.platform != "linux" and b"\xff" in name:
            pytest.skip("this file system takes only valid Unicode names")
        root = tree / os.fsdecode(name) / "deep"
        root.mkdir(parents=True)
        (root.parent / ".git").mkdir()
        with Session(root, make_watchman) as session:
            assert session.restarts_by(lambda: (root / "new.py").write_text("x")) == {"new.py"}
            assert fell_back(session) == []
        assert service.roots() == []

    def test_a_root_behind_a_link_is_known_by_its_own_name(self, service: Service, tree: Path) -> None:
        (tree.parent / "current").symlink_to(tree)
        with Session(tree.parent / "current", make_watchman) as session:
            assert session.restarts_by(lambda: (tree / "app.py").write_text("second\n")) == {"app.py"}
            assert fell_back(session) == []

    @pytest.mark.usefixtures("quick_heartbeat")
    def test_a_link_to_a_root_that_leads_elsewhere_is_noticed(self, service: Service, tree: Path) -> None:
        current, other = tree.parent / "current", tree.parent / "other"
        current.symlink_to(tree)
        shutil.copytree(tree, other)
        (other / "app.py").write_text("other\n")
        (tree.parent / "next").symlink_to(other)
        with Session(current, make_watchman) as session:
            os.replace(tree.parent / "next", current)
            session.pump(lambda: "app.py" in session.changes_since(0), "the change is noticed")
            assert [notice.directories for notice in fell_back(session)] == [(str(current),)]

    @pytest.mark.usefixtures("quick_heartbeat")
    def test_where_a_line_cannot_be_waited_for_it_is_read_with_a_time_limit(
        self, service: Service, tree: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As the named pipes of Windows are."""
        monkeypatch.setattr(connection, "PIPE_READ_TIMEOUT_MAX", 0.05)
        monkeypatch.setattr(connection.WatchmanConnection, "_selector_of_socket", lambda connection: None)
        with Session(tree, make_watchman) as session:
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert fell_back(session) == []

    def test_catching_up_posts_what_has_happened_before_it_returns(self, service: Service, tree: Path) -> None:
        posted: list[Posted] = []
        watcher = started_alone(tree, posted)
        try:
            (tree / "app.py").write_text("second\n")
            watcher.catch_up()
            assert str(tree / "app.py") in {
                path for news in posted if isinstance(news, PathsChanged) for path in news.paths
            }
        finally:
            watcher.stop()

    def test_nothing_is_posted_after_the_end(self, service: Service, tree: Path) -> None:
        posted: list[Posted] = []
        watcher = started_alone(tree, posted)
        watcher.stop()
        posted.clear()
        (tree / "app.py").write_text("second\n")
        watcher.catch_up()
        watcher.check()
        watcher.stop()
        assert posted == []


def remake(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    (directory / "mod.py").write_text("third\n")


@needs_watchman
class TestWhereItIsBlind:
    def test_a_link_out_of_the_tree_is_polled_and_said_once(self, service: Service, tree: Path) -> None:
        (tree.parent / "outside.cfg").write_text("one\n")
        (tree / "settings.cfg").symlink_to(tree.parent / "outside.cfg")
        with Session(tree, make_watchman) as session:
            assert session.restarts_by(edit(tree.parent / "outside.cfg")) == {"settings.cfg"}
            session.backends.watch_again()
            session.touch_sentinel()
            (notice,) = fell_back(session)
            assert notice.directories == (str(tree / "settings.cfg"),)

    def test_a_link_in_an_ignored_directory_is_left_alone(self, service: Service, tree: Path) -> None:
        (tree / "node_modules").mkdir()
        for number, target in enumerate([tree.parent, tree.parent / "missing", tree / "app.py"]):
            (tree / f"node_modules/link{number}").symlink_to(target)
        with Session(tree, make_watchman) as session:
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert fell_back(session) == []

    def test_a_link_that_appears_is_polled_too(self, service: Service, tree: Path) -> None:
        library = tree.parent / "library"
        library.mkdir()
        (library / "lib.py").write_text("one\n")
        with Session(tree, make_watchman) as session:
            assert session.restarts_by(lambda: (tree / "vendored").symlink_to(library)) == {"vendored/lib.py"}
            assert session.restarts_by(edit(library / "lib.py")) == {"vendored/lib.py"}
            assert [notice.directories for notice in fell_back(session)] == [(str(tree / "vendored"),)]

    @pytest.mark.usefixtures("quick_heartbeat")
    def test_another_directory_in_the_place_of_one_above_is_noticed(self, service: Service, tree: Path) -> None:
        """Watchman would go on to watch the old one, under its new name."""
        root = tree / "pkg"
        with Session(root, make_watchman) as session:

            def replace() -> None:
                os.rename(tree, tree.parent / "away")
                root.mkdir(parents=True)
                (root / "mod.py").write_text("other\n")

            assert "mod.py" in session.restarts_by(replace)
            assert [notice.directories for notice in fell_back(session)] == [(str(root),)]
            assert session.restarts_by(edit(root / "mod.py")) == {"mod.py"}

    def test_a_directory_above_that_is_renamed_and_comes_back(self, service: Service, tree: Path) -> None:
        with Session(tree / "pkg", make_watchman) as session:
            os.rename(tree, tree.parent / "away")
            os.rename(tree.parent / "away", tree)
            assert session.restarts_by(edit(tree / "pkg/mod.py")) == {"mod.py"}
            assert fell_back(session) == []

    def test_a_root_that_is_not_there_yet_is_polled(self, service: Service, tree: Path) -> None:
        late = tree.parent / "late"
        with Session(tree, make_watchman, roots=[tree, late]) as session:
            assert session.restarts_by(lambda: remake(late)) == {"../late/mod.py"}
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert [notice.directories for notice in fell_back(session)] == [(str(late),)]

    def test_a_recrawl_is_told_once_and_nothing_is_lost(self, service: Service, tree: Path) -> None:
        with Session(tree, make_watchman) as session:
            service.ask("debug-recrawl", str(tree))
            assert "app.py" in session.changed_by(edit(tree / "app.py"))
            assert "app.py" in session.changed_by(edit(tree / "app.py", "third\n"))
            assert len(lost(session)) == 1
            assert fell_back(session) == []

    def test_a_recrawl_before_our_time_is_none_of_ours(self, service: Service, tree: Path) -> None:
        service.ask("watch-project", str(tree))
        service.ask("clock", str(tree), {"sync_timeout": 5000})
        service.ask("debug-recrawl", str(tree))
        with Session(tree, make_watchman) as session:
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert lost(session) == []


@needs_watchman
class TestWhenItFails:
    def test_killed_half_way_everything_is_polled_and_it_is_told_once(self, service: Service, tree: Path) -> None:
        with Session(tree, make_watchman) as session:
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            service.kill()
            session.pump(lambda: bool(fell_back(session)), "the fallback")
            assert session.restarts_by(edit(tree / "app.py", "third\n")) == {"app.py"}
            session.backends.watch_again()
            session.backends.check()
            assert session.restarts_by(edit(tree / "pkg/mod.py")) == {"pkg/mod.py"}
            (notice,) = fell_back(session)
            assert (notice.backend, notice.directories) == ("watchman", ())
            assert "connection" in notice.cause

    @pytest.mark.usefixtures("quick_heartbeat")
    def test_one_that_hangs_is_noticed_though_nothing_happens(self, service: Service, tree: Path) -> None:
        with Session(tree, make_impatient) as session, service.pending():
            session.pump(lambda: bool(fell_back(session)), "the fallback")
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert [notice.cause for notice in fell_back(session)] == ["Watchman gave no answer for 0.2 s"]

    @pytest.mark.usefixtures("quick_heartbeat")
    def test_one_that_refuses_everything_is_noticed_and_quoted(self, service: Service, tree: Path) -> None:
        """As it does once the kernel has refused it a watch."""
        with Session(tree, make_watchman) as session:
            service.ask("debug-poison", str(tree))
            session.pump(lambda: bool(fell_back(session)), "the fallback")
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            (notice,) = fell_back(session)
            assert notice.cause.startswith("A non-recoverable condition has triggered.")
            assert "\n" not in notice.cause

    def test_one_that_hangs_holds_no_launch_back_for_long(self, service: Service, tree: Path) -> None:
        with Session(tree, make_impatient) as session, service.pending():
            session.backends.catch_up()
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert [notice.cause for notice in fell_back(session)] == ["Watchman gave no answer for 0.3 s"]

    def test_one_that_hangs_from_the_start_is_refused(self, service: Service, tree: Path) -> None:
        with service.pending(), pytest.raises(BackendUnavailable, match=r"gave no answer for 0\.3 s"):
            Session(tree, make_impatient).__enter__()

    def test_one_that_dies_between_two_sessions_is_told_once(self, service: Service, tree: Path) -> None:
        posted: list[Posted] = []
        watch_set = configured_watch_set(Session(tree, make_watchman).settings, RealDisk())
        watcher = started_alone(tree, posted)
        try:
            service.kill()
            watcher.watch(watch_set)
            watcher.watch(watch_set)
            eventually(lambda: any(isinstance(news, WatcherFailed) for news in posted), what="it is told")
        finally:
            watcher.stop()


class TestWhatItSays:
    """Of a service that answers what the real one cannot be brought to."""

    def test_one_that_is_too_old_is_refused_with_the_remedy(self, tree: Path) -> None:
        old = usual(str(tree), version={"version": "4.8.1", "capabilities": {"bser-v2": True}})
        with (
            fake_watchman(old),
            pytest.raises(BackendUnavailable, match=r"Watchman 4\.8\.1 is too old.*Install 4\.9 or later"),
        ):
            Session(tree, make_watchman).__enter__()

    def test_later_ones_are_named_by_their_date(self, tree: Path) -> None:
        new = usual(str(tree), version={"version": "2026.03.02.00", "capabilities": {"bser-v2": True}})
        with fake_watchman(new), Session(tree, make_watchman) as session:
            assert session.watcher.mechanism == "Watchman 2026.03.02.00"

    @pytest.mark.parametrize("garbage", [b"no protocol at all\n", b"\x00\x02\x00\x00\x00\x00\x03\xff" * 4])
    def test_what_nobody_understands_is_a_failure(self, tree: Path, garbage: bytes) -> None:
        with fake_watchman(usual(str(tree), query=garbage)), pytest.raises(BackendUnavailable, match="connection"):
            Session(tree, make_watchman).__enter__()

    @pytest.mark.parametrize("garbage", [b"no protocol at all\n", {"subscription": "of no root"}, {"error": "no"}, 3])
    def test_garbage_later_on_is_told_once_and_polled(self, tree: Path, garbage: object) -> None:
        noisy = usual(str(tree), subscribe=[{"version": "4.9.0"}, garbage])
        with fake_watchman(noisy), Session(tree, make_watchman) as session:
            session.pump(lambda: bool(fell_back(session)), "the fallback")
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert len(fell_back(session)) == 1

    @pytest.mark.parametrize("comes_early", [False, True])
    def test_a_fresh_instance_means_that_everything_is_compared(self, tree: Path, comes_early: bool) -> None:
        def fresh(request: list[Any]) -> object:
            name = request[2]
            news = {"subscription": name, "root": str(tree), "unilateral": True, "is_fresh_instance": True}
            return [news, {"version": "4.9.0"}] if comes_early else [{"version": "4.9.0"}, news]

        posted: list[Posted] = []
        with fake_watchman(usual(str(tree), subscribe=fresh)):
            watcher = started_alone(tree, posted)
            try:
                eventually(lambda: bool(posted), what="something is posted")
            finally:
                watcher.stop()
        assert posted == [WatcherOverflowed("watchman")]

    def test_a_clock_that_cannot_be_had_in_time_is_taken_as_it_is(self, tree: Path) -> None:
        asked: list[int] = []

        def clock(request: list[Any]) -> object:
            asked.append(len(request))
            return {"error": "synchronization failed"} if len(request) == 3 else {"clock": "c:1:1:1:1"}

        with fake_watchman(usual(str(tree), clock=clock)), Session(tree, make_watchman) as session:
            assert fell_back(session) == []
        assert asked == [3, 2]

    def test_the_first_look_at_a_tree_may_take_longer_than_an_answer(self, tree: Path) -> None:
        def crawl(request: list[Any]) -> object:
            threading.Event().wait(0.6)
            return {"version": "4.9.0", "watch": str(tree)}

        with fake_watchman(usual(str(tree), watch_project=crawl)), Session(tree, make_impatient) as session:
            assert fell_back(session) == []

    def test_a_watch_that_came_too_late_is_removed(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(roots, "CRAWL_TIMEOUT", 0.1)
        asked: list[str] = []

        def crawl(request: list[Any]) -> object:
            asked.append(request[0])
            return []

        def watch_list(request: list[Any]) -> object:
            return {"roots": [str(tree.parent), "/of/the/user"] if asked else ["/of/the/user"]}

        def remove(request: list[Any]) -> object:
            asked.append(request[1])
            return {}

        service = usual(
            str(tree),
            watch_project=crawl,
            watch_list=watch_list,
            watch_del=remove,
            debug_get_subscriptions={"error": "none"},
        )
        with fake_watchman(service), pytest.raises(BackendUnavailable, match=r"no answer for 0\.1 s"):
            Session(tree, make_watchman).__enter__()
        assert asked == ["watch-project", str(tree.parent)]

    def test_a_launch_that_it_cannot_be_in_time_for_is_not_held_back(self, tree: Path) -> None:
        def query(request: list[Any]) -> object:
            return {"error": "sync failed"} if "sync_timeout" in request[2] else {"files": []}

        with fake_watchman(usual(str(tree), query=query)), Session(tree, make_watchman) as session:
            session.backends.catch_up()
            assert (session.launches, fell_back(session)) == (1, [])

    def test_a_root_that_it_refuses_is_polled(self, tree: Path) -> None:
        refusal = {"error": "the user's root_restrict_files say no"}
        with fake_watchman(usual(str(tree), watch_project=refusal)), Session(tree, make_watchman) as session:
            assert session.restarts_by(edit(tree / "app.py")) == {"app.py"}
            assert [notice.cause for notice in fell_back(session)] == [refusal["error"]]


class TestWhereItListens:
    @pytest.fixture(autouse=True)
    def nowhere_yet(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("WATCHMAN_SOCK", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        (tmp_path / "bin").mkdir()

    def program(self, tmp_path: Path, script: str) -> None:
        file = tmp_path / "bin/watchman"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def test_the_program_is_asked(self, tmp_path: Path) -> None:
        self.program(tmp_path, """echo '{"version": "4.9.0", "sockname": "/there/sock"}'""")
        assert connection.find_address() == "/there/sock"

    def test_on_windows_it_is_a_pipe(self, tmp_path: Path) -> None:
        self.program(tmp_path, """echo '{"sockname": "C:/there", "named_pipe": "a pipe"}'""")
        assert connection.find_address() == "a pipe"

    def test_a_program_that_is_not_there_is_told_with_the_remedy(self) -> None:
        with pytest.raises(BackendUnavailable, match=r"the program watchman was not found\. Install it"):
            connection.find_address()

    def test_a_service_that_does_not_start_is_told_with_its_own_words(self, tmp_path: Path) -> None:
        self.program(tmp_path, "echo 'the state directory is not yours' >&2; exit 1")
        with pytest.raises(BackendUnavailable, match="does not start: the state directory is not yours"):
            connection.find_address()

    def test_a_program_that_hangs_is_waited_for_only_so_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "SERVICE_START_TIMEOUT", 0.2)
        self.program(tmp_path, "exec /bin/sleep 60")
        with pytest.raises(BackendUnavailable, match=r"gave no answer for 0\.2 s"):
            connection.find_address()

    @pytest.mark.parametrize("output", ["no json", "{}", "[1]"])
    def test_an_answer_that_nobody_understands_is_told(self, tmp_path: Path, output: str) -> None:
        self.program(tmp_path, f"echo '{output}'")
        with pytest.raises(BackendUnavailable, match="get-sockname failed"):
            connection.find_address()
