"""The control protocol: requests to a running session, from and to plain values. No socket and no JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

#: The longest ``timeout`` of a wait, in seconds: the session must not keep a forgotten client for ever.
MAX_WAIT = 86_400.0
#: The ``timeout`` of a wait that names none, in seconds.
DEFAULT_WAIT = 10.0
#: The value of ``after`` that stands for all changes up to now.
NOW = "now"


class RequestError(ValueError):
    """An invalid request. Its text says what a valid one looks like."""


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """Return the status of the session."""


@dataclass(frozen=True, slots=True)
class RestartRequest:
    """Restart the run. ``by`` is shown to the user."""

    by: str = "reloader restart"


@dataclass(frozen=True, slots=True)
class PauseRequest:
    """Collect changes without a restart."""

    by: str = "reloader pause"


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """Restart for changes again, first for the collected ones as one batch."""

    by: str = "reloader resume"


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """Answer when a run newer than ``after`` is ready or has failed, at the latest after ``timeout`` seconds.

    With ``after`` None the run must contain everything that is on the disk when the request arrives.
    """

    after: int | None = None
    timeout: float = DEFAULT_WAIT


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Explain why ``path``, which is absolute, is watched or not."""

    path: str


@dataclass(frozen=True, slots=True)
class FilesRequest:
    """List every watched file."""


Request = StatusRequest | RestartRequest | PauseRequest | ResumeRequest | WaitRequest | ExplainRequest | FilesRequest

#: The answer to a request: values that JSON can represent.
Answer = Mapping[str, object]


class Reply(Protocol):
    """Sends the answer to one request, once. May be called on any thread; never waits and never raises."""

    def __call__(self, answer: Answer) -> None: ...

    @property
    def is_connected(self) -> bool:
        """True while the client is still connected."""


_WITHOUT_ARGUMENTS: Mapping[str, Request] = {
    "status": StatusRequest(),
    "restart": RestartRequest(),
    "pause": PauseRequest(),
    "resume": ResumeRequest(),
    "files": FilesRequest(),
}

SUBCOMMANDS: Sequence[str] = (*_WITHOUT_ARGUMENTS, "wait", "why")


def parse_request(values: object) -> Request:
    """Return the request of ``values``, a decoded line of JSON. Raise RequestError for an invalid one."""
    if not isinstance(values, dict):
        raise RequestError('a request is an object, as in {"request": "status"}')
    subcommand = values.get("request")
    match subcommand:
        case "wait":
            return WaitRequest(_run_of(values.get("after", NOW)), _seconds_of(values.get("timeout", DEFAULT_WAIT)))
        case "why":
            return ExplainRequest(_path_of(values.get("path")))
        case str() if subcommand in _WITHOUT_ARGUMENTS:
            return _WITHOUT_ARGUMENTS[subcommand]
        case _:
            raise RequestError(f'"request" is one of {", ".join(SUBCOMMANDS)}')


def encode_request(request: Request) -> dict[str, object]:
    """Return the plain values of ``request``, for a line of JSON."""
    match request:
        case WaitRequest(after, timeout):
            return {"request": "wait", "after": NOW if after is None else after, "timeout": timeout}
        case ExplainRequest(path):
            return {"request": "why", "path": path}
        case _:
            return {
                "request": next(
                    subcommand for subcommand, plain in _WITHOUT_ARGUMENTS.items() if isinstance(request, type(plain))
                )
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
