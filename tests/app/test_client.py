"""Who asks a session: what is made of answers and of histories that are not as they should be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from reloader.app import client
from reloader.app.client import NoSession, Response, SessionNotFound, ask_all, ask_one, past_runs
from reloader.core.control_protocol import StatusRequest
from reloader.core.notices import FilesListed, RunRecord
from reloader.engine.control.handler import as_answer
from reloader.errors import ReloaderError
from reloader.system.control_client import NoAnswer
from reloader.system.control_socket import Endpoint
from reloader.system.run_history import RunHistory

FILES = FilesListed(("/app/a.py",), is_live=True)
PLACES = [Endpoint("/run/a-1.sock", 1), Endpoint("/run/a-2.sock", 2)]


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> dict[int, object]:
    """What each session answers, or the error that is met on the way to it."""
    answers: dict[int, object] = {}

    def ask(place: Endpoint, request: object, timeout: float) -> object:
        answer = answers.get(place.pid, ConnectionRefusedError())
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(client, "ask", ask)
    monkeypatch.setattr(client, "endpoints_of", lambda project, environ: iter(PLACES if project == "/app" else []))
    monkeypatch.setattr(client, "all_endpoints", lambda environ: iter(PLACES))
    return answers


def test_an_answer_becomes_what_it_was_in_the_session() -> None:
    assert Response(1, as_answer(FILES)).notice == FILES


@pytest.mark.parametrize(
    "answer", [{}, {"notice": "Unknown"}, {"notice": "FilesListed"}, {"notice": "FilesListed", "more": 1}]
)
def test_the_answer_of_another_version_is_refused(answer: Mapping[str, object]) -> None:
    with pytest.raises(ReloaderError, match="another version"):
        Response(1, answer).notice  # noqa: B018 - it is made by asking


def test_the_one_that_lives_is_asked_and_the_dead_are_passed_over(sessions: dict[int, object]) -> None:
    sessions[2] = {"command": ["x"]}
    assert ask_one(["/elsewhere", "/app"], StatusRequest(), None).pid == 2
    assert [told.pid for told in ask_all(["/app"])] == [2]


def test_of_several_one_has_to_be_named(sessions: dict[int, object]) -> None:
    sessions |= {1: {"command": ["flask", "run"]}, 2: {}}
    with pytest.raises(NoSession, match=r"--pid 1 \(flask run\), --pid 2 \(\?\)"):
        ask_one(["/app"], StatusRequest(), None)
    assert ask_one(["/app"], StatusRequest(), 2).pid == 2


def test_sessions_elsewhere_are_named_where_there_is_none_here(sessions: dict[int, object]) -> None:
    with pytest.raises(SessionNotFound, match=r"or name its file with --config$"):
        ask_one(["/nothing"], StatusRequest(), None)
    sessions[1] = {"project": "/app/reloader.toml"}
    with pytest.raises(SessionNotFound, match=r"elsewhere run: --pid 1 \(/app/reloader.toml\)"):
        ask_all(["/nothing"])
    with pytest.raises(SessionNotFound, match="no session has the pid 2"):
        ask_one(["/app"], StatusRequest(), 2)


@pytest.mark.parametrize(
    ("met", "told"),
    [
        (NoAnswer("session 1 says nothing"), "says nothing: it may be stopped"),
        (PermissionError("no entry"), "cannot be asked: no entry"),
        ({"error": "no such verb"}, "refuses: no such verb"),
    ],
)
def test_what_keeps_a_session_from_answering_is_told(sessions: dict[int, object], met: object, told: str) -> None:
    sessions[1] = met
    with pytest.raises(ReloaderError, match=told):
        ask_one(["/app"], StatusRequest(), 1)


class TestTheHistory:
    @pytest.fixture(autouse=True)
    def of_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def keep(self, *entries: Mapping[str, object]) -> None:
        history = RunHistory("/app", os.environ, "/home")
        for entry in entries:
            history.append(entry)

    def test_is_that_of_the_first_project_that_has_one(self) -> None:
        assert past_runs(["/app"]) == []
        self.keep({"event": "launched", "session": 1, "run": 1, "at": 10.0, "reason": "first start", "files": []})
        expected = RunRecord(1, 1, 10.0, "first start", (), None, None, None, "", None, False)
        assert past_runs(["/none", "/app"]) == [expected]

    def test_has_one_run_for_all_that_was_written_of_it(self) -> None:
        self.keep(
            {"event": "launched", "session": 1, "run": 1, "at": 10.0, "reason": "files changed", "files": ["/a", 3]},
            {"event": "ready", "session": 1, "run": 1, "at": 11.0, "ready_after": 1.0},
            {
                "event": "ended",
                "session": 1,
                "run": 1,
                "at": 12.0,
                "seconds": 2,
                "exit_code": 143,
                "outcome": "stopped",
            },
        )
        (run,) = past_runs(["/app"])
        assert (run.at, run.files, run.ready_after, run.seconds, run.exit_code) == (10.0, ("/a", ""), 1.0, 2.0, 143)

    def test_knows_two_sessions_that_the_system_gave_one_pid(self) -> None:
        launched = {"event": "launched", "session": 1, "run": 1, "reason": "first start"}
        self.keep(
            {**launched, "at": 10.0}, {"event": "ended", "session": 1, "run": 1, "at": 11.0}, {**launched, "at": 20.0}
        )
        assert past_runs(["/app"])[-1].at == 20.0

    def test_passes_over_what_is_no_run(self) -> None:
        self.keep({}, {"session": "x", "run": 1, "at": 1.0}, {"session": 1, "run": 1, "at": True})
        assert past_runs(["/app"]) == []
