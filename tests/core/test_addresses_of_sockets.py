"""The notation of sockets, and the placeholders that pass them to a command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.addresses import (
    Address,
    AddressError,
    ListeningSocket,
    SocketAddress,
    UnixAddress,
    assign_descriptors,
    fill_placeholders,
    first_conflict,
    format_address,
    parse_address,
    placeholder_problems,
    socket_name,
)

TCP, IPV6, UNIX = Address("127.0.0.1", 8000), Address("::1", 8000), UnixAddress("/run/app.sock")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", TCP),
        ("[::1]:8000", IPV6),
        ("[fe80::1%eth0]:80", Address("fe80::1%eth0", 80)),
        (":0", Address("", 0)),
        ("*:80", Address("", 80)),
        ("localhost:65535", Address("localhost", 65535)),
        ("unix:run/app.sock", UnixAddress("run/app.sock")),
        ("unix:///run/app.sock", UNIX),
    ],
)
def test_an_address_is_a_host_and_a_port_or_a_path(text: str, address: SocketAddress) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["8000", "localhost", "::1:8000", "http://localhost:8000", ":x", "a b:1", ":1234567890"]
)
def test_an_invalid_address_is_rejected_with_an_example(text: str) -> None:
    with pytest.raises(AddressError, match=r'Write HOST:PORT, as in "127\.0\.0\.1:8000"'):
        parse_address(text)


def test_a_port_above_65535_is_rejected() -> None:
    with pytest.raises(AddressError, match="above 65535"):
        parse_address(":65536")


@pytest.mark.parametrize("text", ["unix:", "unix:run/", "unix:run\\"])
def test_a_socket_without_a_file_name_is_rejected(text: str) -> None:
    with pytest.raises(AddressError, match="has no file name"):
        parse_address(text)


@pytest.mark.parametrize("address", [TCP, IPV6, Address("", 0), UNIX])
def test_an_address_is_shown_as_it_is_written(address: SocketAddress) -> None:
    assert parse_address(format_address(address)) == address


@pytest.mark.parametrize(
    ("one", "other"),
    [(TCP, TCP), (TCP, Address("", 8000)), (Address("0.0.0.0", 8000), TCP), (Address("::", 8000), IPV6), (UNIX, UNIX)],
)
def test_addresses_that_only_one_socket_can_bind_conflict(one: SocketAddress, other: SocketAddress) -> None:
    assert first_conflict([Address("127.0.0.1", 1), one, other]) == (one, other)


def test_other_addresses_do_not_conflict() -> None:
    assert (
        first_conflict([TCP, IPV6, UNIX, Address("127.0.0.1", 8001), Address("", 0), Address("", 0), UnixAddress("/a")])
        is None
    )


def test_each_socket_has_the_descriptor_and_the_name_of_its_position() -> None:
    sockets = assign_descriptors([TCP, UNIX])
    assert sockets == (ListeningSocket(3, TCP), ListeningSocket(4, UNIX))
    assert [socket_name(one) for one in sockets] == ["socket.0", "socket.1"]


def test_placeholders_are_filled_in_wherever_they_stand() -> None:
    text = "--bind=fd://{socket.0.fd} {socket.0.host}:{socket.0.port} {socket.1.path}{socket.1.fd}"
    assert fill_placeholders(text, assign_descriptors([TCP, UNIX])) == "--bind=fd://3 127.0.0.1:8000 /run/app.sock4"


@pytest.mark.parametrize(
    "text", ["{}", "{0}", "f'{socket.AF_INET}'", "{socket.fd}", "{ socket.0.fd }", "{{}}", "{socket.0}"]
)
def test_all_other_braces_are_unchanged(text: str) -> None:
    assert fill_placeholders(text, assign_descriptors([TCP])) == text
    assert list(placeholder_problems(text, [TCP])) == []


@given(st.text())
def test_without_sockets_every_text_is_unchanged(text: str) -> None:
    assert fill_placeholders(text + "{socket.0.fd}", ()) == text + "{socket.0.fd}"


def test_a_placeholder_without_a_value_is_a_problem() -> None:
    assert list(placeholder_problems("{socket.2.fd} {socket.0.path} {socket.1.port} {socket.0.fd}", [TCP, UNIX])) == [
        "{socket.2.fd}: no such socket. Valid numbers: 0, 1",
        "{socket.0.path}: 127.0.0.1:8000 has no such value. Use one of {socket.0.fd}, {socket.0.host}, {socket.0.port}",
        "{socket.1.port}: unix:/run/app.sock has no such value. Use one of {socket.1.fd}, {socket.1.path}",
    ]
