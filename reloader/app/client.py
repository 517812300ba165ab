"""Asks the sessions of a project something. A composition root for those who are not the session."""

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

#: Seconds in which a session answers, beyond those that it was asked to wait. It may be busy with a large tree.
PATIENCE = 10.0
#: What a connection ends with that has nobody at its other end.
_GONE = (ConnectionRefusedError, FileNotFoundError)
_KINDS: Mapping[str, Callable[..., ControlAnswer]] = {kind.__name__: kind for kind in get_args(ControlAnswer)}


class NoSession(ReloaderError):
    """Nobody is there who could be asked, or too many are."""

    exit_code = 4


class SessionNotFound(NoSession):
    """Nobody is there who could be asked."""


@dataclass(frozen=True, slots=True)
class Response:
    """The answer of the session ``pid``."""

    pid: int
    answer: Answer

    @property
    def notice(self) -> ControlAnswer:
        """The answer as what it was in the session. Raises ReloaderError if it is none that we know."""
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
    """The answer of the one session that there is, or of the one that was named by ``pid``. Raises NoSession."""
    places = list(_places(projects, pid))
    living = [told for told in map(_status_of, places) if told is not None] if len(places) > 1 else []
    if len(living) > 1:
        raise NoSession(f"{len(living)} sessions run here, so name one: {_choice(living)}")
    if living:
        places = [place for place in places if place.pid == living[0].pid]
    for place in places:
        told = _told(place, request)
        if told is not None:
            return told
    raise SessionNotFound(_nobody(projects, pid))


def ask_all(projects: Sequence[str]) -> list[Response]:
    """How each session of the project is. Raises SessionNotFound if there is none."""
    living = [told for place in _places(projects, None) if (told := _status_of(place)) is not None]
    if not living:
        raise SessionNotFound(_nobody(projects, None))
    return living


def past_runs(projects: Sequence[str]) -> list[RunRecord]:
    """The history of the first of ``projects`` that has one, the oldest run first."""
    for project in projects:
        entries = list(RunHistory(project, os.environ, os.path.expanduser("~")).entries())
        if entries:
            return list(_runs(entries))
    return []


def _places(projects: Sequence[str], pid: int | None) -> Iterator[Endpoint]:
    """Of the first of ``projects`` that has any; of all that there are, if a session was named."""
    if pid is not None:
        yield from (place for place in all_endpoints(os.environ) if place.pid == pid)
        return
    for project in projects:
        places = list(endpoints_of(project, os.environ))
        if places:
            yield from places
            return


def _status_of(place: Endpoint) -> Response | None:
    try:
        return _told(place, StatusRequest())
    except ReloaderError:
        return None


def _told(place: Endpoint, request: Request) -> Response | None:
    """The answer, or None if nobody is there any more."""
    timeout = PATIENCE + (request.timeout if isinstance(request, WaitRequest) else 0.0)
    try:
        answer = ask(place, request, timeout)
    except _GONE:
        return None
    except NoAnswer as error:
        raise ReloaderError(f"{error}: it may be stopped, or of another version") from error
    except OSError as error:
        raise ReloaderError(f"session {place.pid} cannot be asked: {error}") from error
    if "error" in answer:
        raise ReloaderError(f"session {place.pid} refuses: {answer['error']}")
    return Response(place.pid, answer)


def _choice(living: Sequence[Response]) -> str:
    return ", ".join(f"--pid {told.pid} ({_command(told)})" for told in living)


def _command(told: Response) -> str:
    words = told.answer.get("command")
    return " ".join(map(str, words)) if isinstance(words, list) else "?"


def _nobody(projects: Sequence[str], pid: int | None) -> str:
    if pid is not None:
        return f'no session has the pid {pid}: "reloader status" shows those of this project'
    elsewhere = [told for place in all_endpoints(os.environ) if (told := _status_of(place)) is not None]
    others = ", ".join(f"--pid {told.pid} ({told.answer.get('project')})" for told in elsewhere)
    beside = f"; elsewhere run: {others}" if others else ""
    return f'no session of this project runs: start one with "reloader", or name its file with --config{beside}'


def _runs(entries: Sequence[Mapping[str, object]]) -> Iterator[RunRecord]:
    """One for each run: what was written when it started, when it was ready and when it ended. What was written first wins."""
    runs: dict[tuple[object, object], dict[str, object]] = {}
    for entry in entries:
        key = (entry.get("session"), entry.get("run"))
        if entry.get("event") == "launched":
            runs.pop(key, None)  # the system has given a pid anew
        runs[key] = {**entry, **runs.get(key, {})}
    return (past for run in runs.values() if (past := _past_run(run)) is not None)


def _past_run(run: Mapping[str, object]) -> RunRecord | None:
    """None for what is no run: anybody of this user may have written into the file."""
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
