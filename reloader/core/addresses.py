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

    def collides_with(self, held: Address) -> bool:
        """Whether who wants this cannot have it because of ``held``, whose host is a number. A name may stand for any."""
        if self.port != held.port:
            return False
        is_any = self.host in _ANY or held.host in _ANY
        return is_any or self.host == held.host or _NUMERIC.fullmatch(self.host) is None


def addresses_of(argv: Sequence[str], environment: Mapping[str, str], source: str = "") -> tuple[Address, ...]:
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
class Holder:
    """A process that holds ``address``. ``pid`` of None: it is another user's, and the system does not say more."""

    address: Address
    pid: int | None = None
    argv: tuple[str, ...] = ()
