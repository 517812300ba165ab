"""Addresses: where a command probably listens, and the sockets that reloader listens on for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_ANY = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - nothing is bound here
_NUMERIC = re.compile(r"[0-9.]+|.*:.*")
#: An option with a port, or with a host and a port: ``--port 80``, ``-p80``, ``--bind=localhost:80``.
_OPTION = re.compile(
    r"(?:^|\s)-{1,2}(?:port|http-port|http|listen|bind|addr|address|[bplP])(?:[=\s]\s*)?(?:https?://)?"
    r"(?:[\w.*-]*:|\[[\w:.]*\]:)?(\d+)(?![\w.:])"
)
#: A host and a port as an argument, as for Django's runserver. A whole URL is more likely that of another server.
_ARGUMENT = re.compile(r"(?:^|\s)(?:[\w.*-]*|\[[\w:.]*\]):(\d+)(?=$|[\s'\"])")
#: A number after a command that serves: ``http.server 80``, ``runserver 80``.
_SERVE_COMMAND = re.compile(r"(?:runserver|http\.server|serve)\s+(\d+)(?=$|[\s'\"])")
_SERVING = r"\b\w{0,40}(?:[sS]erver?|serve|run|run_simple|listen|bind)\(\s{0,9}"
#: A port in the source of a program. Most ports there belong to other servers, so the code around it must serve. Each
#: repetition is bounded, so that no text takes long.
_IN_SOURCE = (
    re.compile(_SERVING + r"(\d+)(?![\w.])"),  # listen(80
    re.compile(
        _SERVING + r"\(?\s{0,9}['\"][^'\"]{0,99}['\"]\s{0,9},\s{0,9}(\d+)(?![\w.])"
    ),  # HTTPServer(("localhost", 80
    re.compile(_SERVING + r"[^()]{0,199}\bport\s{0,9}[=:]\s{0,9}(\d+)(?![\w.])"),  # app.run(debug=True, port=80
    re.compile(r"\bPORT['\"]?\s{0,9}(?:=|\|\||\?\?|,)\s{0,9}(\d+)(?![\w.])"),  # PORT = 80, process.env.PORT || 80
)
_WORDS = re.compile(r"[\w.]+")
#: Default ports, by words that must all occur. The first match decides.
_DEFAULTS = (
    ({"flask", "run"}, 5000),
    ({"Flask", "app.run"}, 5000),
    *(
        ({word}, 8000)
        for word in ("runserver", "uvicorn", "uvicorn.run", "gunicorn", "hypercorn", "daphne", "http.server")
    ),
    ({"next", "dev"}, 3000),
    ({"rails", "server"}, 3000),
    ({"vite"}, 5173),
)


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP port of this machine. ``host`` is as written: a number, a name, or empty for every interface."""

    host: str
    port: int

    def collides_with(self, owned: Address) -> bool:
        """Return True if this address cannot be bound because of ``owned``, whose host is a number. A name may be any host."""
        if self.port != owned.port:
            return False
        is_any = self.host in _ANY or owned.host in _ANY
        return is_any or self.host == owned.host or _NUMERIC.fullmatch(self.host) is None


def likely_addresses(argv: Sequence[str], environment: Mapping[str, str], source: str = "") -> tuple[Address, ...]:
    """Return where a command will probably listen.

    Its arguments and the variable PORT decide, else its ``source``, else the default port of its kind.
    """
    words = " ".join(argv)
    named = [found for pattern in (_OPTION, _ARGUMENT, _SERVE_COMMAND) for found in pattern.findall(words)]
    written = [found for pattern in _IN_SOURCE for found in pattern.findall(source)]
    present = {*_WORDS.findall(words), *_WORDS.findall(source)}
    default = [str(port) for required, port in _DEFAULTS if required <= present]
    likely = (_ports([*named, environment.get("PORT", "")]), _ports(written), _ports(default)[:1])
    return tuple(Address("", port) for port in next(filter(None, likely), []))


def _ports(texts: Sequence[str]) -> list[int]:
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) < 6]
    return [number for number in dict.fromkeys(numbers) if 0 < number < 65536]


@dataclass(frozen=True, slots=True)
class PortOwner:
    """The process that listens on ``address``. ``pid`` is None if it belongs to another user and the system hides it."""

    address: Address
    pid: int | None = None
    argv: tuple[str, ...] = ()


#: The number of the first descriptor that is passed to the command; the others follow it (systemd, sd_listen_fds(3)).
FIRST_DESCRIPTOR = 3

_UNIX = "unix:"
_TCP = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:/\[\]]*)):([0-9]{1,9})")
#: Only this form is replaced: braces are common in the programs of other languages.
_PLACEHOLDER = re.compile(r"\{socket\.([0-9]{1,4})\.(\w+)\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """The path of a socket in the file system."""

    path: str


SocketAddress = Address | UnixAddress


@dataclass(frozen=True, slots=True)
class SocketSpec:
    """A socket to listen on; port 0 is any free port. ``origin`` says where it is written, for errors."""

    address: SocketAddress
    origin: str


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """A socket that reloader listens on. ``descriptor`` is its number in the command, ``address`` the one it is bound to."""

    descriptor: int
    address: SocketAddress


class AddressError(ValueError):
    """The text is not a valid address. The message is the end of a sentence that begins with the text."""


def parse_address(text: str) -> SocketAddress:
    """Parse ``HOST:PORT``, ``[IPv6]:PORT``, ``:PORT`` for every interface, or ``unix:PATH``. Raise AddressError."""
    if text.startswith(_UNIX):
        return _unix(text.removeprefix(_UNIX).removeprefix("//"))
    found = _TCP.fullmatch(text)
    if found is None:
        raise AddressError(
            'is not an address. Write HOST:PORT, as in "127.0.0.1:8000", "[::1]:8000" or ":0", or unix:PATH'
        )
    port = int(found[3])
    if port > 65535:
        raise AddressError("has a port above 65535. Use a lower one, or 0 for any free port")
    host = found[1] or found[2] or ""
    return Address("" if host == "*" else host, port)


def _unix(path: str) -> UnixAddress:
    if not path or path.endswith(("/", "\\")):
        raise AddressError('has no file name. Write its path, as in "unix:run/app.sock"')
    return UnixAddress(path)


def format_address(address: SocketAddress) -> str:
    """Return ``address`` as it is written in a config file."""
    if isinstance(address, UnixAddress):
        return f"{_UNIX}{address.path}"
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def first_conflict(addresses: Sequence[SocketAddress]) -> tuple[SocketAddress, SocketAddress] | None:
    """Return the first two addresses that cannot both be bound, or None.

    They are the same, or have the same port on one interface and on every interface.
    """
    for number, address in enumerate(addresses):
        for other in addresses[:number]:
            if _conflict(other, address):
                return other, address
    return None


def _conflict(one: SocketAddress, other: SocketAddress) -> bool:
    if isinstance(one, UnixAddress) or isinstance(other, UnixAddress):
        return one == other
    same_family = (":" in one.host) == (":" in other.host)
    at_one_port = one.port == other.port != 0
    return at_one_port and same_family and (one.host == other.host or bool({one.host, other.host} & _EVERY_INTERFACE))


_EVERY_INTERFACE = {"", "0.0.0.0", "::"}  # noqa: S104 - nothing is bound here


def placeholder_values(socket: ListeningSocket) -> dict[str, str]:
    """Return the values of ``socket``, by the last word of a placeholder."""
    known, address = {"fd": str(socket.descriptor)}, socket.address
    if isinstance(address, UnixAddress):
        return {**known, "path": address.path}
    return {**known, "host": address.host, "port": str(address.port)}


def assign_descriptors(addresses: Sequence[SocketAddress]) -> tuple[ListeningSocket, ...]:
    """Return the addresses as sockets, each with the descriptor by which the command knows it."""
    return tuple(ListeningSocket(FIRST_DESCRIPTOR + number, address) for number, address in enumerate(addresses))


def socket_name(socket: ListeningSocket) -> str:
    """Return ``socket.0`` and so on: the name in LISTEN_FDNAMES, and the beginning of the placeholders."""
    return f"socket.{socket.descriptor - FIRST_DESCRIPTOR}"


def placeholder_problems(text: str, addresses: Sequence[SocketAddress]) -> Iterator[str]:
    """Return a message for each invalid placeholder in ``text``."""
    sockets = assign_descriptors(addresses)
    for found in _PLACEHOLDER.finditer(text):
        number, name = int(found[1]), found[2]
        if number >= len(sockets):
            valid = ", ".join(map(str, range(len(sockets))))
            yield f"{found[0]}: no such socket. Valid numbers: {valid}"
        elif name not in placeholder_values(sockets[number]):
            known = ", ".join(f"{{socket.{number}.{fact}}}" for fact in placeholder_values(sockets[number]))
            yield f"{found[0]}: {format_address(addresses[number])} has no such value. Use one of {known}"


def fill_placeholders(text: str, sockets: Sequence[ListeningSocket]) -> str:
    """Return ``text`` with a value for each placeholder, all of which must be valid. Other braces stay as they are."""
    return (
        _PLACEHOLDER.sub(lambda found: placeholder_values(sockets[int(found[1])])[found[2]], text) if sockets else text
    )
