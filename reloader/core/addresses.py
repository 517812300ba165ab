"""Where a program listens: an address, and what a command says of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ANY = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - nothing is bound here
_NUMERIC = re.compile(r"[0-9.]+|.*:.*")
#: What stands before a port, or before a host and a port: ``--port 80``, ``-p80``, ``--bind=localhost:80``.
_OPTION = re.compile(
    r"(?:^|\s)-{1,2}(?:port|http-port|http|listen|bind|addr|address|[bplP])(?:[=\s]\s*)?(?:https?://)?"
    r"(?:[\w.*-]*:|\[[\w:.]*\]:)?(\d+)(?![\w.:])"
)
#: A host and a port that stand alone, as Django's runserver takes them.
_ALONE = re.compile(r"(?:^|\s)(?:https?://)?(?:[\w.*-]*|\[[\w:.]*\]):(\d+)(?=$|[\s/'\"])")
#: A number behind what serves: ``http.server 80``, ``runserver 80``.
_SERVES = re.compile(r"(?:runserver|http\.server|serve)\s+(\d+)(?=$|[\s'\"])")
#: Where programs listen if nobody says otherwise, by a word of the command. The first that fits decides.
_DEFAULTS = (
    (re.compile(r"\bflask\b.*\brun\b"), 5000),
    (re.compile(r"\b(runserver|uvicorn|gunicorn|hypercorn|daphne|granian|fastapi|mkdocs|http\.server)\b"), 8000),
    (re.compile(r"\b(next|rails)\b"), 3000),
    (re.compile(r"\bvite\b"), 5173),
)


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP or UDP port of this machine; ``host`` as it was given, so it may be a name, or nothing for every interface."""

    host: str
    port: int

    def collides_with(self, held: Address) -> bool:
        """Whether who wants this cannot have it because of ``held``, whose host is a number. A name may stand for any."""
        if self.port != held.port:
            return False
        is_any = self.host in _ANY or held.host in _ANY
        return is_any or self.host == held.host or _NUMERIC.fullmatch(self.host) is None


def addresses_of(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[Address, ...]:
    """Where a command that says so will listen, as far as its words and the variable PORT tell; else where its kind does."""
    words = " ".join(argv)
    said = [found for pattern in (_OPTION, _ALONE, _SERVES) for found in pattern.findall(words)]
    ports = [int(text) for text in (*said, environment.get("PORT", "")) if text.isdecimal() and len(text) < 6]
    ports = ports or [port for pattern, port in _DEFAULTS if pattern.search(words)][:1]
    return tuple(Address("", port) for port in dict.fromkeys(ports) if 0 < port < 65536)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds ``address``. ``pid`` of None: it is another user's, and the system does not say more."""

    address: Address
    pid: int | None = None
    argv: tuple[str, ...] = ()
