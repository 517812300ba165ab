"""Who listens on a port, with programs that do."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from reloader.core.addresses import Address, PortOwner
from reloader.system import port_owner
from reloader.system.port_owner import find_port_owner
from tests.support.platforms.limits import needs_tree_of_processes
from tests.support.programs.announcements import Announcements, environment
from tests.support.programs.web import free_port

HOSTS = {"127.0.0.1": ["127.0.0.1", "", "0.0.0.0", "localhost"], "0.0.0.0": ["127.0.0.1", ""], "::1": ["::1", "", "::"]}


@pytest.fixture
def programs() -> Iterator[Announcements]:
    made = Announcements()
    yield made
    made.close()


@contextmanager
def holding(programs: Announcements, host: str) -> Iterator[PortOwner]:
    """A program that listens on ``host``, as it should be found."""
    command = programs.command("holding", host)
    with subprocess.Popen(command, env=environment()) as process:
        started = programs.wait_for("started", "holding")
        yield PortOwner(Address(host, started["port"]), process.pid, tuple(command))
        programs.let_continue(started)


def needs_ipv6(host: str) -> None:
    if ":" in host:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")


@needs_tree_of_processes
@pytest.mark.parametrize("host", HOSTS)
def test_the_process_that_listens_is_found_with_its_command(programs: Announcements, host: str) -> None:
    needs_ipv6(host)
    with holding(programs, host) as holder:
        for wanted in HOSTS[host]:
            assert find_port_owner([Address(wanted, holder.address.port)]) == holder


@needs_tree_of_processes
def test_the_first_address_in_use_counts(programs: Announcements) -> None:
    with holding(programs, "127.0.0.1") as one, holding(programs, "127.0.0.1") as other:
        free = Address("", free_port())
        assert find_port_owner([free, other.address, one.address]) == other


def test_a_free_port_has_no_owner() -> None:
    assert find_port_owner([Address("", free_port())]) is None
    assert find_port_owner([]) is None


@needs_tree_of_processes
def test_a_connection_from_a_port_does_not_own_it(programs: Announcements) -> None:
    with holding(programs, "127.0.0.1") as holder, socket.create_connection(("127.0.0.1", holder.address.port)) as ours:
        assert find_port_owner([Address("127.0.0.1", ours.getsockname()[1])]) is None


@needs_tree_of_processes
def test_each_process_is_queried_where_all_at_once_is_not_allowed(
    programs: Announcements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, where only root may."""

    def refuse(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    with holding(programs, "127.0.0.1") as holder:
        assert find_port_owner([holder.address]) == holder


def test_the_process_of_another_user_has_no_pid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_owner, "_listening", lambda: [(Address("127.0.0.1", 80), None)])
    assert find_port_owner([Address("", 80)]) == PortOwner(Address("127.0.0.1", 80))


def test_a_process_without_access_has_a_pid_and_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> None:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(port_owner, "_listening", lambda: [(Address("127.0.0.1", 80), 1)])
    monkeypatch.setattr(psutil, "Process", refuse)
    assert find_port_owner([Address("", 80)]) == PortOwner(Address("127.0.0.1", 80), 1)
    assert port_owner._listening_in(1) == []


def test_a_system_that_reports_nothing_is_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(kind: str) -> None:
        raise OSError("no such file")

    monkeypatch.setattr(psutil, "net_connections", fail)
    assert find_port_owner([Address("", 80)]) is None
