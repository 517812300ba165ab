"""The control server with real connections: which clients are served, and that none can block it."""

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
from reloader.system.control_client import NoAnswer, ask
from reloader.system.control_server import MAX_REQUEST_BYTES, ControlServer
from reloader.system.control_socket import ControlSocket, Endpoint, all_endpoints, connect, endpoints_of
from reloader.system.directories import NotPrivate, is_private, make_private, runtime_directories, state_directory
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import posix_only

#: Seconds until a fact that does not come is a failure.
TIMEOUT = 10.0
PROJECT = "/somewhere/reloader.toml"


class Session:
    """A control server, and an engine that gives the answers that the test wants."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.requests: queue.SimpleQueue[Posted] = queue.SimpleQueue()
        self.server = ControlServer(ControlSocket(PROJECT, environ), self.requests.put)
        (self.endpoint,) = endpoints_of(PROJECT, environ)

    def next(self) -> ControlRequest:
        posted = self.requests.get(timeout=TIMEOUT)
        assert isinstance(posted, ControlRequest)
        return posted

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
def session(environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    use_only_the_first_directory(monkeypatch, environ)
    session = Session(environ)
    yield session
    session.server.close()
    session.server.close()


def use_only_the_first_directory(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> None:
    """Leave out the directories that all sessions of this user share."""
    first = next(iter(runtime_directories(environ)))
    monkeypatch.setattr(control_socket, "runtime_directories", lambda environ: [first])


def received(connection: socket.socket) -> bytes:
    content = b""
    while piece := connection.recv(65536):
        content += piece
    return content


class TestAClient:
    def test_receives_the_answer_of_the_engine(self, session: Session) -> None:
        answering = session.answer_next({"notice": "SessionStatus"})
        assert ask(session.endpoint, StatusRequest(), TIMEOUT) == {"notice": "SessionStatus"}
        answering.join()

    def test_may_wait_while_others_are_served(self, session: Session) -> None:
        with connect(session.endpoint, TIMEOUT) as waiting:
            waiting.sendall(b'{"request": "wait"}\n')
            wait = session.next()
            assert wait.request == WaitRequest()
            answering = session.answer_next({"other": True})
            assert ask(session.endpoint, StatusRequest(), TIMEOUT) == {"other": True}
            answering.join()
            wait.reply({"over": True})
            assert json.loads(received(waiting)) == {"over": True}

    def test_that_disconnects_is_known_to_the_engine(self, session: Session) -> None:
        with connect(session.endpoint, TIMEOUT) as waiting:
            waiting.sendall(b'{"request": "wait"}\n')
            wait = session.next()
            assert wait.reply.is_connected
        eventually(lambda: not wait.reply.is_connected, what="the connection is known to be closed")
        wait.reply({"over": True})

    def test_may_send_its_request_in_pieces(self, session: Session) -> None:
        with connect(session.endpoint, TIMEOUT) as slow:
            for piece in (b'{"request":', b' "status"', b"}\n"):
                slow.sendall(piece)
            assert session.next().request == StatusRequest()

    @pytest.mark.parametrize(
        ("line", "error"),
        [
            (b"nonsense\n", "line of JSON"),
            (b"\xff\xfe\n", "line of JSON"),
            (b"[" * 20_000 + b"\n", "line of JSON"),
            (b'{"request": "dance"}\n', "one of"),
            (b"x" * (MAX_REQUEST_BYTES + 2), "at most"),
        ],
    )
    def test_with_an_invalid_request_receives_an_error_that_says_what_is_valid(
        self, session: Session, line: bytes, error: str
    ) -> None:
        with connect(session.endpoint, TIMEOUT) as wrong:
            wrong.sendall(line)
            assert error in json.loads(received(wrong))["error"]
        assert session.requests.empty()

    def test_that_reads_slowly_receives_all_of_a_long_answer(self, session: Session) -> None:
        files = [f"/app/{number:06}.py" for number in range(100_000)]
        answering = session.answer_next({"files": files})
        with connect(session.endpoint, TIMEOUT) as slow:
            slow.sendall(b'{"request": "files"}\n')
            answering.join()
            assert json.loads(received(slow))["files"] == files

    def test_that_sends_nothing_is_disconnected(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control_server, "CLIENT_TIMEOUT", 0.05)
        with connect(session.endpoint, TIMEOUT) as silent:
            assert received(silent) == b""

    def test_that_does_not_read_its_answer_is_disconnected(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(control_server, "CLIENT_TIMEOUT", 0.05)
        with connect(session.endpoint, TIMEOUT) as deaf:
            deaf.sendall(b'{"request": "files"}\n')
            request = session.next()
            request.reply({"files": ["x" * 100] * 100_000})
            eventually(lambda: not request.reply.is_connected, what="it was disconnected")

    def test_is_refused_while_too_many_are_connected(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control_server, "MAX_CONNECTIONS", 3)
        waiting = [connect(session.endpoint, TIMEOUT) for _ in range(3)]
        for one in waiting:
            one.sendall(b'{"request": "wait"}\n')
            session.next()
        with connect(session.endpoint, TIMEOUT) as late:
            assert "Try again later" in json.loads(received(late))["error"]
        for one in waiting:
            one.close()
        answering = session.answer_next({"now": True})
        eventually(lambda: "now" in ask(session.endpoint, StatusRequest(), TIMEOUT), what="a free connection")
        answering.join()


class TestTheEnd:
    def test_writes_the_pending_answers(self, session: Session) -> None:
        with connect(session.endpoint, TIMEOUT) as waiting:
            waiting.sendall(b'{"request": "wait"}\n')
            session.next().reply({"over": True})
            session.server.close()
            assert json.loads(received(waiting)) == {"over": True}

    def test_does_not_wait_for_a_client_that_does_not_read(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(control_server, "FINAL_ANSWERS_TIMEOUT", 0.05)
        with connect(session.endpoint, TIMEOUT) as deaf:
            deaf.sendall(b'{"request": "files"}\n')
            session.next().reply({"files": ["x" * 100] * 100_000})
            session.server.close()

    def test_removes_the_socket(self, session: Session) -> None:
        session.server.close()
        assert list(endpoints_of(PROJECT, session.environ)) == []
        with pytest.raises(FileNotFoundError):
            ask(session.endpoint, StatusRequest(), TIMEOUT)


class TestASession:
    def test_that_does_not_answer_is_an_error_for_the_client(self, session: Session) -> None:
        with pytest.raises(NoAnswer, match="has not answered"):
            ask(session.endpoint, StatusRequest(), 0.05)

    def test_that_ends_is_an_error_for_the_client(self, session: Session) -> None:
        def end() -> None:
            session.next()
            session.server.close()

        ending = threading.Thread(target=end)
        ending.start()
        with pytest.raises(NoAnswer, match="ended before"):
            ask(session.endpoint, StatusRequest(), TIMEOUT)
        ending.join()

    @posix_only
    def test_that_is_another_program_is_an_error_for_the_client(self, environ: Mapping[str, str]) -> None:
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
            with pytest.raises(NoAnswer, match="is not reloader"):
                ask(Endpoint(path, 1), StatusRequest(), TIMEOUT)
            answering.join()


@posix_only
class TestTheSocket:
    def test_is_private(self, session: Session) -> None:
        mode = stat.S_IMODE(os.stat(session.endpoint.path).st_mode)
        assert mode == 0o600
        assert stat.S_IMODE(os.stat(os.path.dirname(session.endpoint.path)).st_mode) == 0o700

    def test_replaces_those_of_sessions_that_were_killed(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use_only_the_first_directory(monkeypatch, environ)
        directory = next(iter(runtime_directories(environ)))
        make_private(directory)
        stale = os.path.join(directory, f"{control_socket.project_key(PROJECT)}-99999.sock")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(stale)
        Path(directory, "no socket").touch()
        opened = ControlSocket(PROJECT, environ)
        assert [one.pid for one in endpoints_of(PROJECT, environ)] == [os.getpid()]
        opened.close()

    def test_leaves_those_of_other_sessions_alone(self, session: Session) -> None:
        other = ControlSocket("/elsewhere", session.environ)
        assert len(list(all_endpoints(session.environ))) == 2
        assert len(list(endpoints_of(PROJECT, session.environ))) == 1
        other.close()

    def test_is_in_the_next_directory_if_the_first_is_unusable(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        open_to_all = os.path.join(environ["XDG_RUNTIME_DIR"], "open")
        os.mkdir(open_to_all)
        os.chmod(open_to_all, 0o750)  # noqa: S103 - which is the point
        too_long = os.path.join(environ["XDG_RUNTIME_DIR"], "x" * 100)
        good = os.path.join(environ["XDG_RUNTIME_DIR"], "good")
        monkeypatch.setattr(control_socket, "runtime_directories", lambda environ: [open_to_all, too_long, good])
        opened = ControlSocket(PROJECT, environ)
        assert os.path.dirname(opened.path) == good
        opened.close()

    def test_cannot_be_opened_if_no_directory_is_usable(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        too_long = os.path.join(environ["XDG_RUNTIME_DIR"], "x" * 100)
        monkeypatch.setattr(control_socket, "runtime_directories", lambda environ: [too_long])
        with pytest.raises(OSError, match="too long"):
            ControlSocket(PROJECT, environ)

    def test_with_a_full_backlog_makes_a_client_wait_until_its_timeout(self, environ: Mapping[str, str]) -> None:
        path = os.path.join(environ["XDG_RUNTIME_DIR"], "x.sock")
        with socket.socket(socket.AF_UNIX) as stopped:
            stopped.bind(path)
            stopped.listen(0)
            with connect(Endpoint(path, 1), TIMEOUT), pytest.raises(TimeoutError, match="too many clients"):
                connect(Endpoint(path, 1), 0.05)

    def test_whose_file_was_removed_can_be_closed(
        self, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use_only_the_first_directory(monkeypatch, environ)
        opened = ControlSocket(PROJECT, environ)
        os.unlink(opened.path)
        assert opened.accept() is None
        opened.close()
        opened.close()

    def test_closes_the_connections_of_other_users(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control_socket, "_is_this_user", lambda connection: False)
        with connect(session.endpoint, TIMEOUT) as stranger:
            try:
                stranger.sendall(b'{"request": "status"}\n')
                content = received(stranger)
            except (ConnectionResetError, BrokenPipeError):
                content = b""
        assert content == b""
        assert session.requests.empty()


@pytest.fixture
def by_port(environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session that listens as on Windows, which works on every system."""
    use_only_the_first_directory(monkeypatch, environ)
    monkeypatch.setattr(control_socket, "_listen", control_socket._listen_on_port)
    monkeypatch.setattr(control_server, "ControlSocket", ControlSocket)
    monkeypatch.setattr(control_socket, "_is_this_user", lambda connection: True)
    session = Session(environ)
    yield session
    session.server.close()


class TestAPortWithASecret:
    def test_serves_a_client_that_sends_it(self, by_port: Session) -> None:
        with control_socket._connect_by_port(by_port.endpoint, TIMEOUT) as connection:
            connection.sendall(b'{"request": "status"}\n')
            by_port.next().reply({"known": True})
            assert json.loads(received(connection)) == {"known": True}

    @pytest.mark.parametrize("sent", [b"", b"x" * 200, b'{"request": "status"}\n' * 10])
    def test_serves_no_other_client(self, by_port: Session, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
        monkeypatch.setattr(control_server, "CLIENT_TIMEOUT", 0.05)
        port = int(Path(by_port.endpoint.path).read_bytes().split()[0])
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as stranger:
            stranger.sendall(sent)
            try:
                content = received(stranger)
            except ConnectionResetError:
                content = b""
        assert content == b""
        assert by_port.requests.empty()


@posix_only
class TestPrivateDirectories:
    def test_are_created_private_and_refused_otherwise(self, tmp_path: Path) -> None:
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

    def test_for_sockets_begin_with_the_one_of_the_login_session(self, environ: Mapping[str, str]) -> None:
        first, *others = runtime_directories(environ)
        assert first == os.path.join(environ["XDG_RUNTIME_DIR"], "reloader")
        assert f"/tmp/reloader-{os.geteuid()}" in others
        assert os.path.join("run", "reloader") not in list(runtime_directories({"XDG_RUNTIME_DIR": "run"}))
        assert "/nowhere/reloader" not in list(runtime_directories({"XDG_RUNTIME_DIR": "/nowhere"}))

    def test_include_the_one_of_the_user_if_it_exists(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(directories, "_is_owned", lambda directory: True)
        assert f"/run/user/{os.geteuid()}/reloader" in list(runtime_directories({}))


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own convention")
def test_the_state_directory_follows_the_convention_of_the_system() -> None:
    assert state_directory({}, "/home/me") == "/home/me/.local/state/reloader"
    assert state_directory({"XDG_STATE_HOME": "/state"}, "/home/me") == "/state/reloader"
    assert state_directory({"XDG_STATE_HOME": "relative"}, "/home/me") == "/home/me/.local/state/reloader"
