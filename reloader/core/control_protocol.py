"""What another program of this user may ask of a running session. Words in, values out; no socket and no JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

#: Seconds that somebody may wait at most: an editor that was forgotten shall not be kept in mind for ever.
MAX_WAIT = 86_400.0
#: Seconds that are waited where nobody says how long.
DEFAULT_WAIT = 10.0
NOW = "now"


class RequestError(ValueError):
    """A request that means nothing. Its text says what would."""


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """How the session is."""


@dataclass(frozen=True, slots=True)
class RestartRequest:
    """A restart by hand. ``by`` is told to the user."""

    by: str = "reloader restart"


@dataclass(frozen=True, slots=True)
class PauseRequest:
    """Changes shall be collected, not served."""

    by: str = "reloader pause"


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """Changes shall be served again, those first that were collected, as one batch."""

    by: str = "reloader resume"


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """An answer is wanted when a run newer than ``after`` is ready or has failed, at the latest after ``timeout`` seconds.

    ``after`` of None is the present: all that is on the disk when the question is heard has to be in that run.
    """

    after: int | None = None
    timeout: float = DEFAULT_WAIT


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Why ``path``, which is absolute, counts or does not."""

    path: str


@dataclass(frozen=True, slots=True)
class FilesRequest:
    """Every file that counts."""


Request = StatusRequest | RestartRequest | PauseRequest | ResumeRequest | WaitRequest | ExplainRequest | FilesRequest

#: What JSON is made of, and nothing else.
Answer = Mapping[str, object]


class Reply(Protocol):
    """Takes the answer to one request, once. May be called on any thread; never waits and never raises."""

    def __call__(self, answer: Answer) -> None: ...

    @property
    def is_connected(self) -> bool:
        """Whether somebody still listens."""


_PLAIN: Mapping[str, Request] = {
    "status": StatusRequest(),
    "restart": RestartRequest(),
    "pause": PauseRequest(),
    "resume": ResumeRequest(),
    "files": FilesRequest(),
}

SUBCOMMANDS: Sequence[str] = (*_PLAIN, "wait", "why")


def parse_request(words: object) -> Request:
    """The request that ``words``, a decoded line of JSON, stand for. Raises RequestError for what stands for none."""
    if not isinstance(words, dict):
        raise RequestError('a request is an object, as in {"request": "status"}')
    subcommand = words.get("request")
    match subcommand:
        case "wait":
            return WaitRequest(_run_of(words.get("after", NOW)), _seconds_of(words.get("timeout", DEFAULT_WAIT)))
        case "why":
            return ExplainRequest(_path_of(words.get("path")))
        case str() if subcommand in _PLAIN:
            return _PLAIN[subcommand]
        case _:
            raise RequestError(f'"request" is one of {", ".join(SUBCOMMANDS)}')


def encode_request(request: Request) -> dict[str, object]:
    """The words that stand for ``request``."""
    match request:
        case WaitRequest(after, timeout):
            return {"request": "wait", "after": NOW if after is None else after, "timeout": timeout}
        case ExplainRequest(path):
            return {"request": "why", "path": path}
        case _:
            return {
                "request": next(subcommand for subcommand, plain in _PLAIN.items() if isinstance(request, type(plain)))
            }


def _run_of(value: object) -> int | None:
    if value == NOW:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise RequestError(f'"after" is "{NOW}" or the number of a run')


def _seconds_of(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_WAIT:
        return float(value)
    raise RequestError(f'"timeout" is a number of seconds, at most {MAX_WAIT:.0f}')


def _path_of(value: object) -> str:
    if isinstance(value, str) and value and "\0" not in value:
        return value
    raise RequestError('"path" is the absolute path of a file')
