"""The socket of a session, with real connections: who is heard, and that nobody can hold it up."""

from __future__ import annotations

import json
import os
import queue
import socket
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reloader.core.control_protocol import StatusRequest, WaitRequest
from reloader.core.events import ControlRequest, Posted
from reloader.system import control_server, control_socket, directories
from reloader.system.control_server import LONGEST_REQUEST, ControlServer
from reloader.system.control_socket import ControlSocket, Endpoint, NoAnswer, all_endpoints, ask, connect, endpoints_of
from reloader.system.directories import NotPrivate, is_private, make_private, runtime_directories, state_directory
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import posix_only

PATIENCE = 10.0
PROJECT = "/somewhere/reloader.toml"


class Room:
    """A session that can be asked, and an engine that answers what it is told to."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.asked: queue.SimpleQueue[Posted] = queue.SimpleQueue()
        self.server = ControlServer(ControlSocket(PROJECT, environ), self.asked.put)
        (self.place,) = endpoints_of(PROJECT, environ)

    def next(self) -> ControlRequest:
        asked = self.asked.get(timeout=PATIENCE)
        assert isinstance(asked, ControlRequest)
        return asked

    def answer_next(self, answer: Mapping[str, object]) -> threading.Thread:
        thread = threading.Thread(target=lambda: self.next().reply(answer))
        thread.start()
        return thread


@pytest.fixture
def environ(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    above = os.environ["XDG_RUNTIME_DIR"]  # of the tests: names of sockets must be short
    directory = Path(above) / f"r{os.urandom(3).hex()}"
    directory.mkdir(mode=0o700)
    return {"XDG_RUNTIME_DIR": str(directory), "LOCALAPPDATA": str(directory)}


@pytest.fixture
def room(environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    only_there(monkeypatch, environ)
    room = Room(environ)
    yield room
    room.server.close()
    room.server.close()


def only_there(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> None:
    """Leave out the directories that all sessions of this user share."""
    first = next(iter(runtime_directories(environ)))
    monkeypatch.setattr(control_socket, "runtime_directories", lambda environ: [first])


def said(connection: socket.socket) -> bytes:
    heard = b""
    while piece := connection.recv(65536):
        heard += piece
    return heard


class TestAVisitor:
    def test_is_given_the_answer_of_the_engine(self, room: Room) -> None:
        answering = room.answer_next({"notice": "SessionStatus"})
        assert ask(room.place, StatusRequest(), PATIENCE) == {"notice": "SessionStatus"}
        answering.join()

    def test_may_wait_while_others_are_answered(self, room: Room) -> None:
        with connect(room.place, PATIENCE) as waiting:
            waiting.sendall(b'{"request": "wait"}\n')
            wait = room.next()
            assert wait.request == WaitRequest()
            answering = room.answer_next({"other": True})
            assert ask(room.place, StatusRequest(), PATIENCE) == {"other": True}
            answering.join()
            wait.reply({"over": True})
            assert json.loads(said(waiting)) == {"over": True}

    def test_that_goes_away_is_not_waited_for(self, room: Room) -> None:
        with connect(room.place, PATIENCE) as waiting:
            waiting.sendall(b'{"request": "wait"}\n')
            wait = room.next()
            assert wait.reply.is_connected
        eventually(lambda: not wait.reply.is_connected, what="it is known to have gone")
        wait.reply({"over": True})

    def test_may_say_its_request_in_pieces(self, room: Room) -> None:
        with connect(room.place, PATIENCE) as slow:
            for piece in (b'{"request":', b' "status"', b"}\n"):
                slow.sendall(piece)
            assert room.next().request == StatusRequest()

    @pytest.mark.parametrize(
        ("line", "error"),
        [
            (b"nonsense\n", "line of JSON"),
            (b"\xff\xfe\n", "line of JSON"),
            (b"[" * 20_000 + b"\n", "line of JSON"),
            (b'{"request": "dance"}\n', "one of"),
            (b"x" * (LONGEST_REQUEST + 2), "at most"),
        ],
    )
    def test_that_says_what_means_nothing_is_told_what_would(self, room: Room, line: bytes, error: str) -> None:
        with connect(room.place, PATIENCE) as wrong:
            wrong.sendall(line)
            assert error in json.loads(said(wrong))["error"]
        assert room.asked.empty()

    def test_is_given_also_a_long_answer_that_it_takes_slowly(self, room: Room) -> None:
        files = [f"/app/{number:06}.py" for number in range(100_000)]
        answering = room.answer_next({"files": files})
        with connect(room.place, PATIENCE) as slow:
            slow.sendall(b'{"request": "files"}\n')
            answering.join()
            assert json.loads(said(slow))["files"] == files

    def test_that_says_nothing_is_shown_out(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control_server, "PATIENCE", 0.05)
        with connect(room.place, PATIENCE) as silent:
            assert said(silent) == b""

    def test_that_does_not_take_its_answer_is_shown_out(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control_server, "PATIENCE", 0.05)
        with connect(room.place, PATIENCE) as deaf:
            deaf.sendall(b'{"request": "files"}\n')
            asked = room.next()
            asked.reply({"files": ["x" * 100] * 100_000})
            eventually(lambda: not asked.reply.is_connected, what="it was shown out")

    def test_finds_no_seat_among_too_many_and_one_when_they_have_gone(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(control_server, "SEATS", 3)
        waiting = [connect(room.place, PATIENCE) for _ in range(3)]
        for one in waiting:
            one.sendall(b'{"request": "wait"}\n')
            room.next()
        with connect(room.place, PATIENCE) as late:
            assert "try again" in json.loads(said(late))["error"]
        for one in waiting:
            one.close()
        answering = room.answer_next({"now": True})
        eventually(lambda: "now" in ask(room.place, StatusRequest(), PATIENCE), what="a seat")
        answering.join()


class TestTheEnd:
    def test_gives_the_last_answers(self, room: Room) -> None:
        with connect(room.place, PATIENCE) as waiting:
            waiting.sendall(b'{"request": "wait"}\n')
            room.next().reply({"over": True})
            room.server.close()
            assert json.loads(said(waiting)) == {"over": True}

    def test_waits_for_nobody_who_does_not_take_his(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control_server, "LAST_WORDS", 0.05)
        with connect(room.place, PATIENCE) as deaf:
            deaf.sendall(b'{"request": "files"}\n')
            room.next().reply({"files": ["x" * 100] * 100_000})
            room.server.close()

    def test_leaves_no_socket_behind(self, room: Room) -> None:
        room.server.close()
        assert list(endpoints_of(PROJECT, room.environ)) == []
        with pytest.raises(FileNotFoundError):
            ask(room.place, StatusRequest(), PATIENCE)


class TestWhoAsks:
    def test_hears_of_a_session_that_says_nothing(self, room: Room) -> None:
        with pytest.raises(NoAnswer, match="has not answered"):
            ask(room.place, StatusRequest(), 0.05)

    def test_hears_of_a_session_that_ends(self, room: Room) -> None:
        def end() -> None:
            room.next()
            room.server.close()

        ending = threading.Thread(target=end)
        ending.start()
        with pytest.raises(NoAnswer, match="ended before"):
            ask(room.place, StatusRequest(), PATIENCE)
        ending.join()

    @posix_only
    def test_takes_nothing_for_an_answer_that_is_none(self, environ: Mapping[str, str]) -> None:
        path = os.path.join(environ["XDG_RUNTIME_DIR"], "x.sock")
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.bind(path)
            stranger.listen()

            def answer() -> None:
                connection, _ = stranger.accept()
                with connection:
                    connection.recv(100)
                    connection.sendall(b"hello\n")

            answering = threading.Thread(target=answer)
            answering.start()
            with pytest.raises(NoAnswer, match="no reloader"):
                ask(Endpoint(path, 1), StatusRequest(), PATIENCE)
            answering.join()


@posix_only
class TestTheMeetingPoint:
    def test_is_for_this_user_alone(self, room: Room) -> None:
        mode = stat.S_IMODE(os.stat(room.place.path).st_mode)
        assert mode == 0o600
        assert stat.S_IMODE(os.stat(os.path.dirname(room.place.path)).st_mode) == 0o700

    def test_takes_away_what_a_session_that_was_killed_has_left(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        only_there(monkeypatch, environ)
        directory = next(iter(runtime_directories(environ)))
        make_private(directory)
        stale = os.path.join(directory, f"{control_socket.project_key(PROJECT)}-99999.sock")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(stale)
        Path(directory, "no socket").touch()
        point = ControlSocket(PROJECT, environ)
        assert [place.pid for place in endpoints_of(PROJECT, environ)] == [os.getpid()]
        point.close()

    def test_leaves_the_sockets_of_others_who_live(self, room: Room) -> None:
        other = ControlSocket("/elsewhere", room.environ)
        assert len(list(all_endpoints(room.environ))) == 2
        assert len(list(endpoints_of(PROJECT, room.environ))) == 1
        other.close()

    def test_goes_to_the_next_directory_if_the_first_will_not_do(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        open_to_all = os.path.join(environ["XDG_RUNTIME_DIR"], "open")
        os.mkdir(open_to_all)
        os.chmod(open_to_all, 0o750)  # noqa: S103 - which is the point
        too_long = os.path.join(environ["XDG_RUNTIME_DIR"], "x" * 100)
        good = os.path.join(environ["XDG_RUNTIME_DIR"], "good")
        monkeypatch.setattr(control_socket, "runtime_directories", lambda environ: [open_to_all, too_long, good])
        point = ControlSocket(PROJECT, environ)
        assert os.path.dirname(point.path) == good
        point.close()

    def test_is_none_where_no_directory_will_do(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        too_long = os.path.join(environ["XDG_RUNTIME_DIR"], "x" * 100)
        monkeypatch.setattr(control_socket, "runtime_directories", lambda environ: [too_long])
        with pytest.raises(OSError, match="too long"):
            ControlSocket(PROJECT, environ)

    def test_lets_who_comes_to_a_full_queue_wait_and_no_longer_than_he_wants(self, environ: Mapping[str, str]) -> None:
        path = os.path.join(environ["XDG_RUNTIME_DIR"], "x.sock")
        with socket.socket(socket.AF_UNIX) as stopped:
            stopped.bind(path)
            stopped.listen(0)
            with connect(Endpoint(path, 1), PATIENCE), pytest.raises(TimeoutError, match="too many others"):
                connect(Endpoint(path, 1), 0.05)

    def test_that_was_cleaned_away_ends_all_the_same(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        only_there(monkeypatch, environ)
        point = ControlSocket(PROJECT, environ)
        os.unlink(point.path)
        assert point.accept() is None
        point.close()
        point.close()

    def test_shows_out_who_is_somebody_else(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control_socket, "_is_this_user", lambda connection: False)
        with connect(room.place, PATIENCE) as stranger:
            try:
                stranger.sendall(b'{"request": "status"}\n')
                heard = said(stranger)
            except (ConnectionResetError, BrokenPipeError):
                heard = b""
        assert heard == b""
        assert room.asked.empty()


@pytest.fixture
def by_port(environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """The way of Windows, which any system can go."""
    only_there(monkeypatch, environ)
    monkeypatch.setattr(control_socket, "_listening", control_socket._listening_port)
    monkeypatch.setattr(control_server, "ControlSocket", ControlSocket)
    monkeypatch.setattr(control_socket, "_is_this_user", lambda connection: True)
    room = Room(environ)
    yield room
    room.server.close()


class TestAPortWithASecret:
    def test_serves_who_knows_it(self, by_port: Room) -> None:
        with control_socket._connect_by_port(by_port.place, PATIENCE) as connection:
            connection.sendall(b'{"request": "status"}\n')
            by_port.next().reply({"known": True})
            assert json.loads(said(connection)) == {"known": True}

    @pytest.mark.parametrize("said_first", [b"", b"x" * 200, b'{"request": "status"}\n' * 10])
    def test_hears_nobody_who_does_not(self, by_port: Room, monkeypatch: pytest.MonkeyPatch, said_first: bytes) -> None:
        monkeypatch.setattr(control_server, "PATIENCE", 0.05)
        port = int(Path(by_port.place.path).read_bytes().split()[0])
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as stranger:
            stranger.sendall(said_first)
            try:
                heard = said(stranger)
            except ConnectionResetError:
                heard = b""
        assert heard == b""
        assert by_port.asked.empty()


@posix_only
class TestPrivateDirectories:
    def test_are_made_so_and_refused_otherwise(self, tmp_path: Path) -> None:
        ours, theirs, link = tmp_path / "ours", tmp_path / "theirs", tmp_path / "link"
        make_private(str(ours))
        make_private(str(ours))
        theirs.mkdir()
        theirs.chmod(0o750)
        link.symlink_to(ours)
        for wrong in (theirs, link):
            with pytest.raises(NotPrivate):
                make_private(str(wrong))
        assert not is_private(str(tmp_path / "missing"))

    def test_for_sockets_are_the_one_of_the_session_first(self, environ: Mapping[str, str]) -> None:
        first, *others = runtime_directories(environ)
        assert first == os.path.join(environ["XDG_RUNTIME_DIR"], "reloader")
        assert f"/tmp/reloader-{os.geteuid()}" in others
        assert os.path.join("run", "reloader") not in list(runtime_directories({"XDG_RUNTIME_DIR": "run"}))
        assert "/nowhere/reloader" not in list(runtime_directories({"XDG_RUNTIME_DIR": "/nowhere"}))

    def test_include_that_of_the_user_where_there_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(directories, "_is_ours", lambda directory: True)
        assert f"/run/user/{os.geteuid()}/reloader" in list(runtime_directories({}))


@pytest.mark.skipif(sys.platform != "linux", reason="each system has a place of its own")
def test_what_is_to_outlive_a_session_lies_where_the_system_has_it() -> None:
    assert state_directory({}, "/home/me") == "/home/me/.local/state/reloader"
    assert state_directory({"XDG_STATE_HOME": "/state"}, "/home/me") == "/state/reloader"
    assert state_directory({"XDG_STATE_HOME": "relative"}, "/home/me") == "/home/me/.local/state/reloader"
