"""Sockets that are listened on for the runs: what is bound, what is refused and why, and what is left in the end."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there are no sockets for the runs on Windows", allow_module_level=True)

import errno
import os
import re
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

from reloader.core.addresses import FIRST_DESCRIPTOR, Address, PortOwner, SocketAddress, SocketSpec, UnixAddress
from reloader.errors import ConfigError
from reloader.system import port_owner
from reloader.system.port_owner import find_socket_owner
from reloader.system.posix import bound_socket
from reloader.system.posix.listen_sockets import Sockets
from tests.support.platforms.limits import linux_only
from tests.support.programs.web import free_port


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path that is short enough, whatever the directory of the tests is called."""
    monkeypatch.chdir(tmp_path)
    return Path("app.sock")


def spec(address: SocketAddress) -> SocketSpec:
    return SocketSpec(address, "reloader.toml: sockets")


def opened(sockets: Sockets, *addresses: SocketAddress) -> list[SocketAddress]:
    return [one.address for one in sockets.open([spec(address) for address in addresses])]


def refusal(sockets: Sockets, *addresses: SocketAddress) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        opened(sockets, *addresses)
    return refused.value.problems


def in_dot(path: Path) -> UnixAddress:
    return UnixAddress(f"./{path}")


class TestAPort:
    def test_accepts_connections_before_the_first_run(self, sockets: Sockets) -> None:
        port = free_port()
        assert opened(sockets, Address("127.0.0.1", port)) == [Address("127.0.0.1", port)]
        socket.create_connection(("127.0.0.1", port)).close()

    def test_of_0_becomes_a_free_one(self, sockets: Sockets) -> None:
        first, second = opened(sockets, Address("127.0.0.1", 0), Address("", 0))
        assert isinstance(first, Address)
        assert isinstance(second, Address)
        assert first.port != second.port != 0
        assert second.host == "0.0.0.0"
        socket.create_connection(("127.0.0.1", second.port)).close()

    def test_of_a_name_is_that_of_ipv4(self, sockets: Sockets) -> None:
        (address,) = opened(sockets, Address("localhost", 0))
        assert isinstance(address, Address)
        assert address.host == "127.0.0.1"

    def test_of_ipv6_leaves_that_of_ipv4_to_another(self, sockets: Sockets) -> None:
        if not socket.has_dualstack_ipv6():
            pytest.skip("this machine has no IPv6")
        port = free_port()
        assert opened(sockets, Address("::", port), Address("", port)) == [
            Address("::", port),
            Address("0.0.0.0", port),
        ]

    def test_can_be_bound_again_while_old_connections_linger(self) -> None:
        port = free_port()
        for _ in range(2):
            sockets = Sockets()
            opened(sockets, Address("127.0.0.1", port))
            with socket.create_connection(("127.0.0.1", port)):
                server = socket.socket(fileno=os.dup(sockets.refreshed()[0]))
                server.accept()[0].close()  # first, so that the lingering is ours
                server.close()
            sockets.close()

    def test_in_use_is_an_error_that_names_its_owner(self, sockets: Sockets) -> None:
        with socket.create_server(("127.0.0.1", 0)) as theirs:
            port = theirs.getsockname()[1]
            (problem,) = refusal(sockets, Address("127.0.0.1", port))
        start = f"reloader.toml: sockets: 127.0.0.1:{port}: in use by process {os.getpid()} ("
        assert problem.startswith(start)
        assert problem.endswith("). Stop it, or use another port, or 0 for any free one")

    def test_that_cannot_be_bound_closes_the_others(self, sockets: Sockets) -> None:
        port = free_port()
        with socket.create_server(("127.0.0.1", 0)) as theirs:
            assert len(refusal(sockets, Address("", port), Address("127.0.0.1", theirs.getsockname()[1]))) == 1
        sockets.close()
        socket.create_server(("127.0.0.1", port)).close()

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            (Address("192.0.2.1", 8000), "this machine does not have that address. Use 127.0.0.1"),
            (Address("no-such-host.invalid", 8000), "unknown host"),
            (Address("x" * 70 + ".invalid", 8000), "unknown host"),
        ],
    )
    def test_of_another_machine_is_an_error(self, sockets: Sockets, address: Address, why: str) -> None:
        assert why in refusal(sockets, address)[0]

    @pytest.mark.parametrize(
        ("code", "why"), [(errno.EACCES, "this user may not listen there"), (errno.ENOBUFS, "cannot listen there: ")]
    )
    def test_that_the_system_refuses_is_an_error_with_a_remedy(
        self, sockets: Sockets, monkeypatch: pytest.MonkeyPatch, code: int, why: str
    ) -> None:
        class Refusing(socket.socket):
            def bind(self, address: object) -> None:
                raise OSError(code, os.strerror(code))

        monkeypatch.setattr(socket, "socket", Refusing)
        assert why in refusal(sockets, Address("127.0.0.1", 8000))[0]

    def test_in_use_by_another_user_is_an_error_without_a_name(
        self, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bound_socket, "find_port_owner", lambda addresses: PortOwner(addresses[0]))
        with socket.create_server(("127.0.0.1", 0)) as theirs:
            (problem,) = refusal(sockets, Address("127.0.0.1", theirs.getsockname()[1]))
        assert "in use by a process that you have no permission to inspect. Stop it, or use another port" in problem


class TestAPath:
    def test_is_private_by_the_usual_umask(self, sockets: Sockets, file: Path) -> None:
        before = os.umask(0o022)
        try:
            opened(sockets, in_dot(file))
        finally:
            os.umask(before)
        assert stat.S_ISSOCK(file.stat().st_mode)
        assert stat.S_IMODE(file.stat().st_mode) == 0o755
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(file))

    def test_is_removed_at_the_end(self, sockets: Sockets, file: Path) -> None:
        opened(sockets, in_dot(file))
        sockets.close()
        assert not file.exists()

    def test_that_another_process_replaced_is_left_alone(self, sockets: Sockets, file: Path) -> None:
        opened(sockets, in_dot(file))
        file.unlink()
        file.write_text("mine")
        sockets.close()
        assert file.read_text() == "mine"

    def test_that_was_removed_before_is_not_an_error(self, sockets: Sockets, file: Path) -> None:
        opened(sockets, in_dot(file))
        file.unlink()
        sockets.close()

    def test_of_a_process_that_has_ended_is_reused(self, sockets: Sockets, file: Path) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(file))
        assert opened(sockets, in_dot(file)) == [in_dot(file)]

    @linux_only
    def test_in_use_is_an_error_that_names_its_owner(self, sockets: Sockets, file: Path) -> None:
        with socket.socket(socket.AF_UNIX) as theirs:
            theirs.bind(str(file.absolute()))
            theirs.listen()
            (problem,) = refusal(sockets, UnixAddress(str(file.absolute())))
        assert re.search(rf"in use by process {os.getpid()} \(.*\)\. Stop it, or use another path$", problem)
        assert file.exists()

    @linux_only
    def test_that_is_bound_but_does_not_listen_yet_is_in_use(
        self, sockets: Sockets, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bound_socket, "find_socket_owner", lambda path: PortOwner(Address(path, 0), 7, ("serve",)))
        with socket.socket(socket.AF_UNIX) as theirs:
            theirs.bind(str(file))
            (problem,) = refusal(sockets, in_dot(file))
        assert "in use by process 7 (serve)" in problem
        assert file.exists()

    @linux_only
    def test_whose_owner_does_not_answer_is_in_use(
        self, sockets: Sockets, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bound_socket, "CONNECT_TIMEOUT", 0.01)  # for systems that let it wait
        with socket.socket(socket.AF_UNIX) as theirs, socket.socket(socket.AF_UNIX) as waiting:
            theirs.bind(str(file))
            theirs.listen(0)
            waiting.connect(str(file))
            (problem,) = refusal(sockets, in_dot(file))
        assert "in use" in problem
        assert problem.endswith("use another path")

    def test_of_another_kind_of_file_is_an_error(self, sockets: Sockets, file: Path) -> None:
        file.write_text("mine")
        assert refusal(sockets, in_dot(file)) == [
            (
                "reloader.toml: sockets: unix:./app.sock: a file exists there that is not a socket. "
                "Use another path, or remove the file"
            )
        ]
        assert file.read_text() == "mine"

    def test_that_is_removed_during_the_check_is_free(
        self, sockets: Sockets, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Late(socket.socket):
            def connect(self, address: object) -> None:
                file.unlink()
                super().connect(str(file))

        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(file))
        monkeypatch.setattr(socket, "socket", Late)
        assert opened(sockets, in_dot(file)) == [in_dot(file)]

    @pytest.mark.parametrize(
        ("path", "why"),
        [
            ("./no/app.sock", "its directory does not exist: create it"),
            ("./file/app.sock", "its directory is a file"),
            (f"./{'x' * 200}", "its path is too long for a socket"),
        ],
    )
    def test_that_is_impossible_is_an_error_with_a_remedy(
        self, sockets: Sockets, file: Path, path: str, why: str
    ) -> None:
        Path("file").write_text("")
        assert why in refusal(sockets, UnixAddress(path))[0]

    def test_is_bound_by_only_one_of_two_sessions_that_start_at_once(self, file: Path) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(file))
        both, outcomes = [Sockets(), Sockets()], []

        def start(one: Sockets) -> None:
            try:
                opened(one, in_dot(file))
                outcomes.append("listens")
            except ConfigError:
                outcomes.append("refused")

        threads = [threading.Thread(target=start, args=(one,)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["listens", "refused"]
        for one in both:
            one.close()


class TestAnOpenSocket:
    def test_has_a_descriptor_above_those_of_the_runs_and_is_not_inheritable(self, sockets: Sockets) -> None:
        opened(sockets, Address("127.0.0.1", 0), Address("127.0.0.1", 0))
        descriptors = sockets.refreshed()
        assert min(descriptors) >= FIRST_DESCRIPTOR + 2
        assert not any(map(os.get_inheritable, descriptors))

    def test_is_restored_when_a_run_has_changed_it(self, sockets: Sockets) -> None:
        opened(sockets, Address("127.0.0.1", 0))
        (descriptor,) = sockets.refreshed()
        os.set_blocking(descriptor, False)
        sockets.refreshed()
        assert os.get_blocking(descriptor)

    @linux_only
    def test_has_its_backlog_restored_when_a_run_has_shortened_it(self, sockets: Sockets) -> None:
        (address,) = opened(sockets, Address("127.0.0.1", 0))
        assert isinstance(address, Address)
        theirs = socket.socket(fileno=os.dup(sockets.refreshed()[0]))
        theirs.listen(1)
        sockets.refreshed()
        clients = [socket.create_connection(("127.0.0.1", address.port), timeout=5) for _ in range(100)]
        for one in (*clients, theirs):
            one.close()

    def test_has_its_file_restored_when_a_run_has_removed_it(self, sockets: Sockets, file: Path) -> None:
        opened(sockets, UnixAddress(f"./{file}"), Address("127.0.0.1", 0))
        before = sockets.refreshed()
        file.unlink()
        assert sockets.refreshed() == before
        assert not any(map(os.get_inheritable, before))
        with socket.socket(socket.AF_UNIX) as client, socket.socket(fileno=os.dup(before[0])) as server:
            client.connect(str(file))
            server.accept()[0].close()
        sockets.close()
        assert not file.exists()

    def test_keeps_its_connections_when_another_process_took_its_path(self, sockets: Sockets, file: Path) -> None:
        opened(sockets, UnixAddress(f"./{file}"))
        file.unlink()
        file.write_text("another's")
        sockets.refreshed()
        sockets.close()
        assert file.read_text() == "another's"

    def test_keeps_its_connections_when_its_directory_was_removed(self, sockets: Sockets, file: Path) -> None:
        place = file.absolute().parent / "run"
        place.mkdir()
        opened(sockets, UnixAddress(str(place / "a")))
        (place / "a").unlink()
        place.rmdir()
        assert len(sockets.refreshed()) == 1

    def test_can_be_closed_twice(self, sockets: Sockets) -> None:
        opened(sockets, Address("127.0.0.1", 0))
        sockets.close()
        sockets.close()
        assert sockets.refreshed() == ()


class TestNewAddresses:
    """``open`` is told of other sockets than those that are listened on."""

    def test_reuse_the_sockets_that_are_among_them(self, sockets: Sockets) -> None:
        first, second = opened(sockets, Address("127.0.0.1", 0), Address("127.0.0.1", 0))
        assert isinstance(second, Address)
        with socket.create_connection(("127.0.0.1", second.port)) as client:
            more = opened(sockets, *[Address("127.0.0.1", 0)] * 4)
            assert more[:2] == [first, second]
            client.sendall(b"still there")
        assert all(descriptor >= FIRST_DESCRIPTOR + 4 for descriptor in sockets.refreshed())

    def test_close_the_sockets_that_are_not_among_them(self, sockets: Sockets, file: Path) -> None:
        port = free_port()
        opened(sockets, Address("127.0.0.1", port), in_dot(file))
        assert opened(sockets) == []
        socket.create_connection(("127.0.0.1", port)).close()
        sockets.close_replaced()
        assert not file.exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    def test_may_collide_with_the_previous_ones(self, sockets: Sockets) -> None:
        port = free_port()
        opened(sockets, Address("0.0.0.0", port))
        assert opened(sockets, Address("127.0.0.1", port)) == [Address("127.0.0.1", port)]

    def test_may_be_dropped_in_favour_of_the_previous_ones(self, sockets: Sockets) -> None:
        before = opened(sockets, Address("127.0.0.1", 0))
        (other,) = opened(sockets, Address("localhost", 0))
        assert isinstance(other, Address)
        assert opened(sockets, Address("127.0.0.1", 0)) == before
        sockets.close_replaced()
        assert len(sockets.refreshed()) == 1
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((other.host, other.port))

    def test_may_be_another_name_of_the_same_file(self, sockets: Sockets, file: Path) -> None:
        opened(sockets, UnixAddress(str(file.absolute())))
        assert opened(sockets, in_dot(file)) == [in_dot(file)]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(file))

    def test_that_cannot_be_bound_close_no_socket(self, sockets: Sockets, file: Path) -> None:
        """What was before is what is gone back to, with whoever waits there."""
        first, second = opened(sockets, Address("127.0.0.1", 0), in_dot(file))
        assert isinstance(first, Address)
        with socket.create_connection(("127.0.0.1", first.port)) as client:
            for address in (UnixAddress("./nowhere/x"), Address("no-such-host.invalid", first.port)):
                assert len(refusal(sockets, Address("127.0.0.1", first.port), address)) == 1
                assert opened(sockets, Address("127.0.0.1", 0), in_dot(file)) == [first, second]
            client.sendall(b"still there")
            client.setblocking(False)
            with pytest.raises(BlockingIOError):
                client.recv(1)

    def test_that_another_process_uses_too_close_no_socket_of_ours(self, sockets: Sockets) -> None:
        with socket.create_server(("127.0.0.1", 0)) as theirs:
            port = theirs.getsockname()[1]
            (ours,) = opened(sockets, Address("127.0.0.1", 0))
            refusal(sockets, Address("127.0.0.1", port))
        assert opened(sockets, Address("127.0.0.1", 0)) == [ours]

    def test_that_cannot_be_bound_close_no_reused_socket(self, sockets: Sockets) -> None:
        with socket.create_server(("127.0.0.1", 0)) as theirs:
            (kept,) = opened(sockets, Address("127.0.0.1", 0))
            other = free_port()
            refusal(
                sockets,
                Address("127.0.0.1", 0),
                Address("127.0.0.1", other),
                Address("127.0.0.1", theirs.getsockname()[1]),
            )
        assert opened(sockets, Address("127.0.0.1", 0)) == [kept]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", other))


class TestTheOwnerOfAFile:
    def test_does_not_exist_where_no_process_listens(self, file: Path) -> None:
        assert find_socket_owner(str(file.absolute())) is None

    def test_is_unknown_where_the_system_does_not_say(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(kind: str) -> None:
            raise psutil.AccessDenied

        monkeypatch.setattr(psutil, "net_connections", refuse)
        assert port_owner.find_socket_owner("/run/app.sock") is None


def test_the_next_session_reuses_the_file_of_one_that_was_killed(sockets: Sockets, file: Path) -> None:
    script = (
        "import os, socket; s = socket.socket(socket.AF_UNIX); s.bind('app.sock'); s.listen(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    assert file.exists()
    assert opened(sockets, in_dot(file)) == [in_dot(file)]
