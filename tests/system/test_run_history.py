"""The history of a project: lines that several sessions write into one file."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from reloader.system import run_history
from reloader.system.run_history import RunHistory
from tests.support.platforms.limits import posix_only


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path)}


def test_entries_come_out_as_they_went_in_the_oldest_first(environ: Mapping[str, str]) -> None:
    entries = [{"run": number, "files": ["/ä\n\udcff.py"]} for number in range(3)]
    for entry in entries:
        RunHistory("/project", environ, "/home").append(entry)
    assert list(RunHistory("/project", environ, "/home").entries()) == entries
    assert list(RunHistory("/other", environ, "/home").entries()) == []


@posix_only
def test_the_file_is_private(environ: Mapping[str, str], tmp_path: Path) -> None:
    RunHistory("/project", environ, "/home").append({})
    (file,) = tmp_path.rglob("*.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_invalid_lines_are_skipped(environ: Mapping[str, str], tmp_path: Path) -> None:
    kept = RunHistory("/project", environ, "/home")
    kept.append({"run": 1})
    (file,) = tmp_path.rglob("*.jsonl")
    with file.open("ab") as out:
        out.write(b'{"run": \n[]\n\xff\n')
    kept.append({"run": 2})
    assert list(kept.entries()) == [{"run": 1}, {"run": 2}]


@pytest.mark.skipif(
    sys.platform == "win32", reason="an append of Windows' C library is two calls, which others may part"
)
def test_several_writers_lose_no_entry_while_the_file_is_rotated(
    environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_history, "MAX_BYTES", 20_000)

    def write(writer: int) -> None:
        kept = RunHistory("/project", environ, "/home")
        for number in range(100):
            kept.append({"writer": writer, "number": number, "padding": "x" * 40})

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [(entry["writer"], entry["number"]) for entry in RunHistory("/project", environ, "/home").entries()]
    assert sorted(found) == [(writer, number) for writer in range(4) for number in range(100)]
    assert len(list(tmp_path.rglob("*.jsonl"))) == 2


def test_it_is_bounded_and_keeps_the_newest(
    environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_history, "MAX_BYTES", 2_000)
    kept = RunHistory("/project", environ, "/home")
    for number in range(500):
        kept.append({"number": number})
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.jsonl")) < 5_000
    numbers = [entry["number"] for entry in kept.entries()]
    assert numbers == list(range(500))[-len(numbers) :]


@posix_only
def test_it_grows_while_another_session_rotates_it(
    environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_history, "MAX_BYTES", 10)
    monkeypatch.setattr(run_history, "_try_to_lock", lambda descriptor: False)
    kept = RunHistory("/project", environ, "/home")
    for number in range(5):
        kept.append({"number": number})
    assert len(list(kept.entries())) == 5


def test_an_entry_that_cannot_be_written_is_dropped(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    kept = RunHistory("/project", {"XDG_STATE_HOME": str(blocked)}, os.devnull)
    kept.append({"run": 1})
    assert list(kept.entries()) == []
