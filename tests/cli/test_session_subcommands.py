"""The subcommands that ask a session: their flags, and what they make of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from reloader.app import client
from reloader.app.client import Response, SessionNotFound
from reloader.cli.main import main
from reloader.core.control_protocol import ExplainRequest, FilesRequest, Request, StatusRequest, WaitRequest
from reloader.core.notices import ControlAnswer, FilesListed, PathExplained, SessionStatus, WaitResult
from reloader.engine.control.handler import as_answer

STATUS = SessionStatus(7, "/app", ("x",), "running", 3, 8, 2.5, 0.4, "files changed", False, (), "stat", 10)


class Session:
    """A session that gives a fixed answer and keeps the requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[Request, int | None]] = []
        self.answer: ControlAnswer | None = STATUS

    def ask_one(self, projects: Sequence[str], request: Request, pid: int | None) -> Response:
        self.asked.append((request, pid))
        if self.answer is None:
            raise SessionNotFound("no session is running")
        return Response(7, as_answer(self.answer))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Session:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    session = Session()
    monkeypatch.setattr(client, "ask_one", session.ask_one)
    return session


@pytest.mark.parametrize(
    ("over", "code"),
    [
        (WaitResult("ready", 2, 0.4, None, "", ""), 0),
        (WaitResult("finished", 2, 0.4, 0, "exited with code 0", ""), 0),
        (WaitResult("failed", 2, 0.4, 1, "exited with code 1", "Traceback\nValueError"), 1),
        (WaitResult("timed out", 2, None, None, "", ""), 124),
    ],
)
def test_wait_exits_with_the_code_of_its_result(
    session: Session, capsys: pytest.CaptureFixture[str], over: WaitResult, code: int
) -> None:
    session.answer = over
    assert main(["wait", "--after", "1", "--timeout", "500ms"]) == code
    assert session.asked == [(WaitRequest(1, 0.5), None)]
    assert capsys.readouterr().out.endswith("ValueError\n" if over.trace else "\n")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["wait", "--after", "then"], "--after 3"),
        (["wait", "--timeout", "long"], "500ms"),
        (["wait", "--timeout", "-1"], "is negative"),
        (["status", "--pid", "x"], "To see the pids of the sessions: reloader status"),
        (["history", "--last", "0"], "--last 50"),
        (["history", "--last", "all"], "--last 50"),
    ],
)
def test_an_invalid_flag_is_reported_with_the_remedy(
    session: Session, capsys: pytest.CaptureFixture[str], words: list[str], remedy: str
) -> None:
    assert main(words) == 2
    assert remedy in capsys.readouterr().err
    assert session.asked == []


def test_a_session_may_be_named_by_its_pid(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--pid", "7"]) == 0
    assert session.asked == [(StatusRequest(), 7)]
    assert "session 7" in capsys.readouterr().out


def test_files_are_lines_or_end_in_nul(session: Session, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    session.answer = FilesListed((str(tmp_path / "a.py"), "/b.py"), is_live=True)
    assert main(["files"]) == 0
    assert capsys.readouterr().out == "a.py\n/b.py\n"
    assert main(["files", "--null"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.py'}\0/b.py\0"
    assert session.asked == [(FilesRequest(), None)] * 2


def test_without_a_session_the_configuration_answers_unless_a_pid_was_named(
    session: Session, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    session.answer = None
    (tmp_path / "a.py").touch()
    assert main(["why", "a.py"]) == 0
    assert main(["files"]) == 0
    assert "a.py\n" in capsys.readouterr().out
    assert main(["why", "a.py", "--pid", "7"]) == 4
    assert main(["files", "--pid", "7"]) == 4


def test_the_line_of_the_config_file_is_added_if_it_is_found(
    session: Session, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    why = PathExplained(
        str(tmp_path / "a.py"),
        "file",
        False,
        "rule",
        "*.py",
        "reloader.toml",
        0,
        str(tmp_path / "a.py"),
        "",
        "",
        "",
        "",
        True,
    )
    session.answer = why
    assert main(["why", "a.py"]) == 1
    assert "it is ignored by the pattern *.py of reloader.toml" in capsys.readouterr().out
    (tmp_path / "reloader.toml").write_text('ignore = ["*.py"]\n')
    assert main(["why", "a.py"]) == 1
    assert "it is ignored by the pattern *.py of reloader.toml:1" in capsys.readouterr().out
    assert session.asked[0] == (ExplainRequest(str(tmp_path / "a.py")), None)


def test_without_a_history_nothing_is_shown(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history"]) == 0
    assert capsys.readouterr().out == ""
