"""Opening a session to those who ask."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from reloader.app import session_context
from reloader.app.client import past_runs
from reloader.app.session_context import run_journal, serve_requests
from reloader.core.notices import ControlUnavailable, Launched
from reloader.core.settings import LaunchSettings, Settings, WatchSettings
from reloader.core.states import FirstStart
from reloader.engine.inbox import Inbox
from tests.support.fakes.clock import ManualClock
from tests.support.fakes.interfaces import Recorder


def load_settings(project: str) -> Settings:
    return Settings(LaunchSettings(("x",), "/"), WatchSettings("/", ()), project=project)


def test_where_there_can_be_no_socket_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(project: str, environ: object) -> None:
        raise OSError("there is no directory for it")

    monkeypatch.setattr(session_context, "ControlSocket", refuse)
    told = Recorder([])
    with ExitStack() as resources:
        serve_requests(load_settings("/app"), Inbox(ManualClock()), told, resources)
    (notice,) = told.notices
    assert isinstance(notice, ControlUnavailable)
    assert (notice.cause, "XDG_RUNTIME_DIR" in notice.remedy) == ("there is no directory for it", True)


def test_a_plan_of_no_project_is_not_opened_and_has_no_history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    told = Recorder([])
    with ExitStack() as resources:
        serve_requests(load_settings(""), Inbox(ManualClock()), told, resources)
    run_journal(load_settings(""), told).report(Launched(1, 2, ("x",), FirstStart()))
    assert list(tmp_path.iterdir()) == []
    run_journal(load_settings("/app"), told).report(Launched(1, 2, ("x",), FirstStart()))
    assert [run.run for run in past_runs(["/app"])] == [1]
    assert len(told.notices) == 2
