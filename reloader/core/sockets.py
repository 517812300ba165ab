"""Sockets that are listened on for the command: how they are written, and what of them it is told by its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reloader.core.addresses import Address

#: The number of the first descriptor that is handed over; the others follow it (systemd, sd_listen_fds(3)).
FIRST_DESCRIPTOR = 3

_UNIX = "unix:"
_TCP = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:/\[\]]*)):([0-9]{1,9})")
#: Nothing but this very form is replaced: braces are common in the programs of other languages.
_PLACEHOLDER = re.compile(r"\{socket\.([0-9]{1,4})\.(\w+)\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """The path of a socket in the file system."""

    path: str


SocketAddress = Address | UnixAddress


@dataclass(frozen=True, slots=True)
class SocketSpec:
    """A socket that is to be listened on; a port of 0 is any that is free. ``origin`` says where it was written, for errors."""

    address: SocketAddress
    origin: str


@dataclass(frozen=True, slots=True)
class HeldSocket:
    """A socket that is listened on. ``descriptor`` is its number in the command, and ``address`` what it is really bound to."""

    descriptor: int
    address: SocketAddress


class AddressFault(ValueError):
    """What is wrong with a text that should be an address, as the end of a sentence."""


def parse_address(text: str) -> SocketAddress:
    """``HOST:PORT``, ``[IPv6]:PORT``, ``:PORT`` for every interface, or ``unix:PATH``. Raises AddressFault."""
    if text.startswith(_UNIX):
        return _unix(text.removeprefix(_UNIX).removeprefix("//"))
    found = _TCP.fullmatch(text)
    if found is None:
        raise AddressFault('is no address: write HOST:PORT, as in "127.0.0.1:8000", "[::1]:8000" or ":0", or unix:PATH')
    port = int(found[3])
    if port > 65535:
        raise AddressFault("has a port above 65535: take one below, or 0 for any that is free")
    host = found[1] or found[2] or ""
    return Address("" if host == "*" else host, port)


def _unix(path: str) -> UnixAddress:
    if not path or path.endswith(("/", "\\")):
        raise AddressFault('names no file: write its path, as in "unix:run/app.sock"')
    return UnixAddress(path)


def shown(address: SocketAddress) -> str:
    """``address`` as it is written."""
    if isinstance(address, UnixAddress):
        return f"{_UNIX}{address.path}"
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def clash(addresses: Sequence[SocketAddress]) -> tuple[SocketAddress, SocketAddress] | None:
    """The first two of which only one can be had: the same, or one interface and every interface at one port."""
    for number, address in enumerate(addresses):
        for other in addresses[:number]:
            if _collide(other, address):
                return other, address
    return None


def _collide(one: SocketAddress, other: SocketAddress) -> bool:
    if isinstance(one, UnixAddress) or isinstance(other, UnixAddress):
        return one == other
    same_family = (":" in one.host) == (":" in other.host)
    at_one_port = one.port == other.port != 0
    return at_one_port and same_family and (one.host == other.host or bool({one.host, other.host} & _EVERY_INTERFACE))


_EVERY_INTERFACE = {"", "0.0.0.0", "::"}  # noqa: S104 - nothing is bound here


def facts_of(socket: HeldSocket) -> dict[str, str]:
    """What can be asked of ``socket``, by the last word of a placeholder."""
    known, address = {"fd": str(socket.descriptor)}, socket.address
    if isinstance(address, UnixAddress):
        return {**known, "path": address.path}
    return {**known, "host": address.host, "port": str(address.port)}


def held(addresses: Sequence[SocketAddress]) -> tuple[HeldSocket, ...]:
    """Each with the number by which the command knows it."""
    return tuple(HeldSocket(FIRST_DESCRIPTOR + number, address) for number, address in enumerate(addresses))


def name_of(socket: HeldSocket) -> str:
    """``socket.0`` and so on: its name among LISTEN_FDNAMES, and the beginning of its placeholders."""
    return f"socket.{socket.descriptor - FIRST_DESCRIPTOR}"


def faults_of(text: str, addresses: Sequence[SocketAddress]) -> Iterator[str]:
    """What is wrong with the placeholders in ``text``, each as a sentence."""
    sockets = held(addresses)
    for found in _PLACEHOLDER.finditer(text):
        number, name = int(found[1]), found[2]
        if number >= len(sockets):
            yield f"{found[0]} is none of the sockets, which count from 0: write a number below {len(sockets)}"
        elif name not in facts_of(sockets[number]):
            known = ", ".join(f"{{socket.{number}.{fact}}}" for fact in facts_of(sockets[number]))
            yield f"{found[0]} is nothing that {shown(addresses[number])} has: write one of {known}"


def filled(text: str, sockets: Sequence[HeldSocket]) -> str:
    """``text`` with a value for each placeholder, all of which are known to be good. Other braces stay as they are."""
    return _PLACEHOLDER.sub(lambda found: facts_of(sockets[int(found[1])])[found[2]], text) if sockets else text
