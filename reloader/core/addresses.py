"""Where a program listens: an address, and what a command says of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_ANY = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - nothing is bound here
_NUMERIC = re.compile(r"[0-9.]+|.*:.*")
#: What stands before a port, or before a host and a port: ``--port 80``, ``-p80``, ``--bind=localhost:80``.
_OPTION = re.compile(
    r"(?:^|\s)-{1,2}(?:port|http-port|http|listen|bind|addr|address|[bplP])(?:[=\s]\s*)?(?:https?://)?"
    r"(?:[\w.*-]*:|\[[\w:.]*\]:)?(\d+)(?![\w.:])"
)
#: A host and a port that stand alone, as Django's runserver takes them. A whole URL is more likely that of somebody to be asked.
_ALONE = re.compile(r"(?:^|\s)(?:[\w.*-]*|\[[\w:.]*\]):(\d+)(?=$|[\s'\"])")
#: A number behind what serves: ``http.server 80``, ``runserver 80``.
_SERVES = re.compile(r"(?:runserver|http\.server|serve)\s+(\d+)(?=$|[\s'\"])")
_SERVING = r"\b\w{0,40}(?:[sS]erver?|serve|run|run_simple|listen|bind)\(\s{0,9}"
#: What a program may say in its own text. Most ports there are those of others, so it must be one to serve on. Each
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
#: Where programs listen if nobody says otherwise, by words that are all there. The first that fits decides.
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
    """A TCP port of this machine; ``host`` as it was given, so it may be a name, or nothing for every interface."""

    host: str
    port: int

    def collides_with(self, owned: Address) -> bool:
        """Whether who wants this cannot have it because of ``owned``, whose host is a number. A name may stand for any."""
        if self.port != owned.port:
            return False
        is_any = self.host in _ANY or owned.host in _ANY
        return is_any or self.host == owned.host or _NUMERIC.fullmatch(self.host) is None


def likely_addresses(argv: Sequence[str], environment: Mapping[str, str], source: str = "") -> tuple[Address, ...]:
    """Where a command will listen, as far as it says so: by its words and the variable PORT, by its ``source``, by its kind."""
    words = " ".join(argv)
    said = [found for pattern in (_OPTION, _ALONE, _SERVES) for found in pattern.findall(words)]
    written = [found for pattern in _IN_SOURCE for found in pattern.findall(source)]
    told = {*_WORDS.findall(words), *_WORDS.findall(source)}
    usual = [str(port) for tell_tale, port in _DEFAULTS if tell_tale <= told]
    likely = (_ports([*said, environment.get("PORT", "")]), _ports(written), _ports(usual)[:1])
    return tuple(Address("", port) for port in next(filter(None, likely), []))


def _ports(texts: Sequence[str]) -> list[int]:
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) < 6]
    return [number for number in dict.fromkeys(numbers) if 0 < number < 65536]


@dataclass(frozen=True, slots=True)
class PortOwner:
    """A process that holds ``address``. ``pid`` of None: it is another user's, and the system does not say more."""

    address: Address
    pid: int | None = None
    argv: tuple[str, ...] = ()


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
class ListeningSocket:
    """A socket that is listened on. ``descriptor`` is its number in the command, and ``address`` what it is really bound to."""

    descriptor: int
    address: SocketAddress


class AddressError(ValueError):
    """What is wrong with a text that should be an address, as the end of a sentence."""


def parse_address(text: str) -> SocketAddress:
    """``HOST:PORT``, ``[IPv6]:PORT``, ``:PORT`` for every interface, or ``unix:PATH``. Raises AddressError."""
    if text.startswith(_UNIX):
        return _unix(text.removeprefix(_UNIX).removeprefix("//"))
    found = _TCP.fullmatch(text)
    if found is None:
        raise AddressError(
            'is not an address: write HOST:PORT, as in "127.0.0.1:8000", "[::1]:8000" or ":0", or unix:PATH'
        )
    port = int(found[3])
    if port > 65535:
        raise AddressError("has a port above 65535: take one below, or 0 for any that is free")
    host = found[1] or found[2] or ""
    return Address("" if host == "*" else host, port)


def _unix(path: str) -> UnixAddress:
    if not path or path.endswith(("/", "\\")):
        raise AddressError('names no file: write its path, as in "unix:run/app.sock"')
    return UnixAddress(path)


def format_address(address: SocketAddress) -> str:
    """``address`` as it is written."""
    if isinstance(address, UnixAddress):
        return f"{_UNIX}{address.path}"
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def first_conflict(addresses: Sequence[SocketAddress]) -> tuple[SocketAddress, SocketAddress] | None:
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


def placeholder_values(socket: ListeningSocket) -> dict[str, str]:
    """What can be asked of ``socket``, by the last word of a placeholder."""
    known, address = {"fd": str(socket.descriptor)}, socket.address
    if isinstance(address, UnixAddress):
        return {**known, "path": address.path}
    return {**known, "host": address.host, "port": str(address.port)}


def assign_descriptors(addresses: Sequence[SocketAddress]) -> tuple[ListeningSocket, ...]:
    """Each with the number by which the command knows it."""
    return tuple(ListeningSocket(FIRST_DESCRIPTOR + number, address) for number, address in enumerate(addresses))


def socket_name(socket: ListeningSocket) -> str:
    """``socket.0`` and so on: its name among LISTEN_FDNAMES, and the beginning of its placeholders."""
    return f"socket.{socket.descriptor - FIRST_DESCRIPTOR}"


def placeholder_problems(text: str, addresses: Sequence[SocketAddress]) -> Iterator[str]:
    """What is wrong with the placeholders in ``text``, each as a sentence."""
    sockets = assign_descriptors(addresses)
    for found in _PLACEHOLDER.finditer(text):
        number, name = int(found[1]), found[2]
        if number >= len(sockets):
            yield f"{found[0]} is none of the sockets, which count from 0: write a number below {len(sockets)}"
        elif name not in placeholder_values(sockets[number]):
            known = ", ".join(f"{{socket.{number}.{fact}}}" for fact in placeholder_values(sockets[number]))
            yield f"{found[0]} is nothing that {format_address(addresses[number])} has: write one of {known}"


def fill_placeholders(text: str, sockets: Sequence[ListeningSocket]) -> str:
    """``text`` with a value for each placeholder, all of which are known to be good. Other braces stay as they are."""
    return (
        _PLACEHOLDER.sub(lambda found: placeholder_values(sockets[int(found[1])])[found[2]], text) if sockets else text
    )
