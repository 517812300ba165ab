"""Sends requests to the running sessions of a project, and reads its run history."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from reloader.core.control_protocol import Answer, Request, StatusRequest, WaitRequest
from reloader.core.notices import ControlAnswer, RunRecord
from reloader.errors import ReloaderError
from reloader.system.control_client import NoAnswer, ask
from reloader.system.control_socket import Endpoint, all_endpoints, endpoints_of
from reloader.system.run_history import RunHistory

#: Seconds within which a session answers, beyond those that it is asked to wait. It may be busy with a large tree.
ANSWER_TIMEOUT = 10.0
#: The errors of a connection to an endpoint on which no session listens any more.
_GONE = (ConnectionRefusedError, FileNotFoundError)
_KINDS: Mapping[str, Callable[..., ControlAnswer]] = {kind.__name__: kind for kind in get_args(ControlAnswer)}


class NoSession(ReloaderError):
    """No session to ask, or more than one."""

    exit_code = 4


class SessionNotFound(NoSession):
    """No running session."""


@dataclass(frozen=True, slots=True)
class Response:
    """The answer of the session ``pid``."""

    pid: int
    answer: Answer

    @property
    def notice(self) -> ControlAnswer:
        """The answer as a notice. Raises ReloaderError if it is of an unknown kind, as from another version."""
        fields = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.answer.items()
            if name != "notice"
        }
        try:
            return _KINDS[str(self.answer["notice"])](**fields)
        except (KeyError, TypeError):
            raise ReloaderError(f"session {self.pid} is of another version: start it again") from None


def ask_one(projects: Sequence[str], request: Request, pid: int | None) -> Response:
    """Ask the only running session, or the one with ``pid``. Raises NoSession."""
    endpoints = list(_endpoints(projects, pid))
    running = (
        [response for response in map(_status_of, endpoints) if response is not None] if len(endpoints) > 1 else []
    )
    if len(running) > 1:
        raise NoSession(f"{len(running)} sessions run here, so name one: {_pid_options(running)}")
    if running:
        endpoints = [endpoint for endpoint in endpoints if endpoint.pid == running[0].pid]
    for endpoint in endpoints:
        response = _ask_endpoint(endpoint, request)
        if response is not None:
            return response
    raise SessionNotFound(_not_found(projects, pid))


def ask_all(projects: Sequence[str]) -> list[Response]:
    """Ask each session of the project for its status. Raises SessionNotFound if none runs."""
    running = [response for endpoint in _endpoints(projects, None) if (response := _status_of(endpoint)) is not None]
    if not running:
        raise SessionNotFound(_not_found(projects, None))
    return running


def past_runs(projects: Sequence[str]) -> list[RunRecord]:
    """Return the run history of the first of ``projects`` that has one, the oldest run first."""
    for project in projects:
        entries = list(RunHistory(project, os.environ, os.path.expanduser("~")).entries())
        if entries:
            return list(_records(entries))
    return []


def _endpoints(projects: Sequence[str], pid: int | None) -> Iterator[Endpoint]:
    """Yield the endpoints of the first of ``projects`` that has any, or the endpoint of the session ``pid``."""
    if pid is not None:
        yield from (endpoint for endpoint in all_endpoints(os.environ) if endpoint.pid == pid)
        return
    for project in projects:
        endpoints = list(endpoints_of(project, os.environ))
        if endpoints:
            yield from endpoints
            return


def _status_of(endpoint: Endpoint) -> Response | None:
    try:
        return _ask_endpoint(endpoint, StatusRequest())
    except ReloaderError:
        return None


def _ask_endpoint(endpoint: Endpoint, request: Request) -> Response | None:
    """Return the answer, or None if no session listens any more."""
    timeout = ANSWER_TIMEOUT + (request.timeout if isinstance(request, WaitRequest) else 0.0)
    try:
        answer = ask(endpoint, request, timeout)
    except _GONE:
        return None
    except NoAnswer as error:
        raise ReloaderError(f"{error}: it may be stopped, or of another version") from error
    except OSError as error:
        raise ReloaderError(f"session {endpoint.pid} cannot be asked: {error}") from error
    if "error" in answer:
        raise ReloaderError(f"session {endpoint.pid} refuses: {answer['error']}")
    return Response(endpoint.pid, answer)


def _pid_options(running: Sequence[Response]) -> str:
    return ", ".join(f"--pid {response.pid} ({_command(response)})" for response in running)


def _command(response: Response) -> str:
    command = response.answer.get("command")
    return " ".join(map(str, command)) if isinstance(command, list) else "?"


def _not_found(projects: Sequence[str], pid: int | None) -> str:
    if pid is not None:
        return f'no session has the pid {pid}: "reloader status" shows those of this project'
    elsewhere = [response for endpoint in all_endpoints(os.environ) if (response := _status_of(endpoint)) is not None]
    others = ", ".join(f"--pid {response.pid} ({response.answer.get('project')})" for response in elsewhere)
    suffix = f"; elsewhere run: {others}" if others else ""
    return f'no session of this project runs: start one with "reloader", or name its file with --config{suffix}'


def _records(entries: Sequence[Mapping[str, object]]) -> Iterator[RunRecord]:
    """Yield a record for each run, from the entries of its start, its readiness and its end. The first value of a field wins."""
    runs: dict[tuple[object, object], dict[str, object]] = {}
    for entry in entries:
        key = (entry.get("session"), entry.get("run"))
        if entry.get("event") == "launched":
            runs.pop(key, None)  # the system has reused the pid of a session
        runs[key] = {**entry, **runs.get(key, {})}
    return (record for run in runs.values() if (record := _record(run)) is not None)


def _record(run: Mapping[str, object]) -> RunRecord | None:
    """Return the record, or None if the entry is invalid: any program of this user may write into the file."""
    session, number, at = run.get("session"), run.get("run"), _seconds(run.get("at"))
    if not isinstance(session, int) or not isinstance(number, int) or at is None:
        return None
    files, exit_code = run.get("files"), run.get("exit_code")
    return RunRecord(
        session=session,
        run=number,
        at=at,
        reason=_text(run.get("reason")),
        files=tuple(map(_text, files)) if isinstance(files, list) else (),
        ready_after=_seconds(run.get("ready_after")),
        seconds=_seconds(run.get("seconds")),
        exit_code=exit_code if isinstance(exit_code, int) else None,
        outcome=_text(run.get("outcome")),
        stopped_in=_seconds(run.get("stopped_in")),
        forced=run.get("forced") is True,
    )


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
