"""When the command exits by itself, ``on_exit`` and the restart code decide what follows."""

from __future__ import annotations

from pathlib import Path

from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader

READY = 'import sys; print("ready", flush=True); sys.stdin.read()'


def failing(code: int) -> str:
    return f"raise SystemExit({code})"


def test_wait_keeps_even_the_first_failure_until_the_next_save(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": failing(4)}, command=python("app.py"), on_exit="wait")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert reloader.wait_for("waiting_for_change")["outcome"]["code"] == 4
        save(tmp_path / "app.py", READY)
        reloader.wait_for_line("ready")
        assert reloader.runs_up_to(2) == [1, 2]


def test_restart_pauses_longer_each_time_and_a_save_starts_at_once(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": failing(4)}, command=python("app.py"), on_exit="restart")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        pauses = [reloader.wait_for("backing_off", failures=times)["seconds"] for times in (1, 2, 3)]
        assert pauses == [0.5, 1.0, 2.0]
        save(tmp_path / "app.py", READY)
        assert reloader.wait_for("launched", run=4, within=1.5)["reason"]["kind"] == "files_changed"
        reloader.wait_for_line("ready")
        assert reloader.runs_up_to(4) == [1, 2, 3, 4]
        reasons = [one["reason"]["kind"] for one in reloader.all_of("launched")]
        assert reasons == ["first_start", "child_exited", "child_exited", "files_changed"]


def test_exit_ends_with_the_code_of_any_run(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": READY}, command=python("app.py"), on_exit="exit")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        save(tmp_path / "app.py", failing(5))
        assert reloader.wait_for_exit() == 5
        assert reloader.runs_up_to(2) == [1, 2]


def test_exit_code_3_requests_a_restart(tmp_path: Path) -> None:
    source = f"import os\nif os.environ['RELOADER_RUN'] == '1': raise SystemExit(3)\n{READY}"
    config = project(tmp_path, {"app.py": source}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        assert reloader.wait_for("launched", run=2)["reason"] == {"kind": "requested_by_child"}
        assert reloader.runs_up_to(2) == [1, 2]


def test_another_restart_code_can_be_configured(tmp_path: Path) -> None:
    source = f"import os\nif os.environ['RELOADER_RUN'] == '1': raise SystemExit(75)\n{READY}"
    config = project(tmp_path, {"app.py": source}, command=python("app.py"), restart_code=75)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        assert reloader.runs_up_to(2) == [1, 2]


def test_without_a_restart_code_3_is_like_any_other_code(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": failing(3)}, command=python("app.py"), restart_code=False)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 3
        assert reloader.runs_up_to(1) == [1]
