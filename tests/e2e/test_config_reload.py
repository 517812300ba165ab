"""The configuration is found, reloaded, and rejected with a line for each problem, never with a traceback."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import posix_only
from tests.support.programs.announcements import FACT_TIMEOUT
from tests.support.programs.projects import project, python, save, toml
from tests.support.sessions.program import Reloader, environment_of_program, program
from tests.support.watching.backends import needs_watchdog

PRINT = python("-c", 'print("it ran", flush=True)')


def problems_of(directory: Path, *arguments: str, **environment: str) -> list[str]:
    """Return the messages about an invalid configuration, without the prefix."""
    with Reloader(*arguments, cwd=directory, talk=(), environment=environment) as reloader:
        assert reloader.wait_for_exit() == 2
        assert reloader.lines == []
        assert all(line.startswith("[reloader] ") for line in reloader.remarks)
        return [line.removeprefix("[reloader] ") for line in reloader.remarks]


BAD_FILES = [
    ("command = [", ["line 1"]),
    ("\n\ncommand = 'x' y", ["line 3"]),
    ('command = "x"\nintervall = 2', ["intervall", "interval"]),
    ('command = "x"\ninterval = 0', ["interval"]),
    ('command = "x"\ninterval = -1.5', ["interval"]),
    ('command = "x"\ninterval = "soon"', ["interval", "soon"]),
    ("command = []", ["command"]),
    ('command = ""', ["command"]),
    ("command = 3", ["command", "3"]),
    ('watch = ["*.py"]', ["command"]),
    ('command = "x"\nbackend = "watchdgo"', ["backend", "watchdgo", "watchdog"]),
    ('command = "x"\nwatch = ["[a"]', ["watch", "[a"]),
    ('command = "x"\nwatch = ["/"]', ["watch", "allow_dangerous_root"]),
    ('command = "x"\nstop_signal = "SIGNOTHING"', ["stop_signal", "SIGNOTHING"]),
]


@pytest.mark.parametrize(("text", "named"), BAD_FILES)
def test_a_bad_file_gets_one_line_that_names_the_fault(tmp_path: Path, text: str, named: list[str]) -> None:
    save(tmp_path / "reloader.toml", text)
    problems = problems_of(tmp_path)
    assert len(problems) == 1
    assert [word for word in named if word not in problems[0]] == []


def test_an_unavailable_backend_gets_one_line_with_the_remedy(tmp_path: Path) -> None:
    save(tmp_path / "reloader.toml", 'command = "x"\nbackend = "watchman"')
    (problem,) = problems_of(tmp_path, WATCHMAN_SOCK=str(tmp_path / "no.sock"))
    assert 'backend = "watchman"' in problem
    assert 'use backend = "auto"' in problem


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    save(tmp_path / "reloader.toml", 'command = []\ninterval = 0\nwatc = "x"\nbackend = "none"\n')
    problems = problems_of(tmp_path, RELOADER_DEBOUNCE="never")
    assert len(problems) == 5
    for word in ("command", "interval", "watc", "backend", "RELOADER_DEBOUNCE"):
        assert any(word in problem for problem in problems)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "--config", "absent.toml")
    assert "absent.toml" in problem


def test_a_binary_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "reloader.toml").write_bytes(b'command = "\xff\xfe"')
    (problem,) = problems_of(tmp_path)
    assert "UTF-8" in problem


def test_neither_file_nor_command_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # the search upwards ends here
    (problem,) = problems_of(tmp_path)
    assert "--" in problem


def test_json_reports_problems_too(tmp_path: Path) -> None:
    save(tmp_path / "reloader.toml", "command = []\ninterval = 0\n")
    with Reloader(cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 2
        assert len(reloader.wait_for("error")["problems"]) == 2
        assert reloader.remarks == []


def test_a_command_works_without_a_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with Reloader("--", *PRINT, cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 0
        assert reloader.lines == ["it ran"]


def test_the_file_is_found_in_a_parent_directory_which_is_then_watched(tmp_path: Path) -> None:
    project(tmp_path, {"deep/down/here.py": ""}, command=PRINT)
    (tmp_path / ".git").mkdir()
    with Reloader(cwd=tmp_path / "deep" / "down") as reloader:
        assert reloader.wait_for_exit() == 0
        assert reloader.lines == ["it ran"]
        assert reloader.wait_for("watching")["roots"] == [str(tmp_path)]


def test_a_table_in_pyproject_is_enough(tmp_path: Path) -> None:
    save(tmp_path / "pyproject.toml", f'[project]\nname = "x"\n\n[tool.reloader]\ncommand = {toml(PRINT)}\n')
    save(tmp_path / "package" / "module.py", "")
    with Reloader(cwd=tmp_path / "package") as reloader:
        assert reloader.wait_for_exit() == 0
        assert reloader.lines == ["it ran"]


@needs_watchdog
def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(tmp_path: Path) -> None:
    project(tmp_path, {}, command=PRINT, backend="auto", interval=5)
    environment = {"RELOADER_BACKEND": "watchdog", "RELOADER_INTERVAL": "250ms"}
    with Reloader(cwd=tmp_path, environment=environment) as reloader:
        assert reloader.wait_for("watching")["backend"] == "watchdog"
        assert reloader.wait_for_exit() == 0
    with Reloader("--backend", "stat", cwd=tmp_path, environment=environment) as reloader:
        watching = reloader.wait_for("watching")
        assert (watching["backend"], watching["mechanism"]) == ("stat", "a scan every 0.25 s")
        assert reloader.wait_for_exit() == 0


@posix_only
def test_a_directory_that_was_deleted_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    through = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh"]
    with Reloader("--", *PRINT, cwd=gone, through=through) as reloader:
        assert reloader.wait_for_exit() == 2
        assert "deleted" in reloader.wait_for("error")["problems"][0]


# While the session runs


def serving(text: str) -> list[str]:
    """A command that prints ``text``, its run and its reason, and keeps running."""
    return python("-c", f'import os, time; print("{text}", os.environ["RELOADER_RUN"]); time.sleep(600)')


def test_a_broken_save_keeps_the_old_configuration_and_is_reported_once(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.txt": "1"}, command=serving("old"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        save(config, "comand = 3\n")
        assert (
            'reloader.toml: unknown key "comand": did you mean "command"?'
            in reloader.wait_for("config_invalid")["problems"]
        )
        save(tmp_path / "a.txt", "2")
        reloader.wait_for_line("old 2")
        assert len(reloader.all_of("config_invalid")) == 1
        assert reloader.all_of("config_reloaded") == []


def test_a_repaired_configuration_with_another_command_replaces_the_run(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.txt": "1"}, command=serving("old"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        save(config, "command = [")
        reloader.wait_for("config_invalid")
        project(tmp_path, {}, command=serving("new"))
        reloader.wait_for_line("new 2")
        reloaded = reloader.wait_for("config_reloaded")
        assert reloaded["changes"][0]["key"] == "command"
        assert reloaded["changes"][0]["after"] == serving("new")
        assert reloaded["replaces_run"]
        assert reloader.wait_for("launched", run=2)["reason"]["kind"] == "config_changed"
        save(tmp_path / "a.txt", "2")
        reloader.wait_for_line("new 3")


def test_fewer_watched_files_lose_no_change_of_those_that_remain(tmp_path: Path) -> None:
    project(tmp_path, {"a.txt": "1", "b.md": "1"}, command=serving("it"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("it 1")
        project(tmp_path, {}, command=serving("it"), watch=["*.md"])
        reloader.wait_for_line("it 2")
        save(tmp_path / "a.txt", "2")
        save(tmp_path / "b.md", "2")
        reloader.wait_for_line("it 3")
        assert [change["path"] for change in reloader.wait_for("changed")["batch"]] == [str(tmp_path / "b.md")]


def test_a_policy_is_replaced_while_the_run_continues(tmp_path: Path) -> None:
    project(tmp_path, {"a.txt": "1"}, command=serving("it"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("it 1")
        project(tmp_path, {}, command=serving("it"), debounce=0.01)
        reloaded = reloader.wait_for("config_reloaded")
        assert reloaded["changes"] == [{"kind": "key_change", "key": "debounce", "before": 0.05, "after": 0.01}]
        assert not reloaded["replaces_run"]
        save(tmp_path / "a.txt", "2")
        reloader.wait_for_line("it 2")
        assert reloader.wait_for("launched", run=2)["reason"]["kind"] == "files_changed"


def test_a_save_without_a_new_value_reports_nothing(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.txt": "1"}, command=serving("it"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("it 1")
        save(config, "# a remark\n" + config.read_text(encoding="utf-8"))
        save(tmp_path / "a.txt", "2")
        reloader.wait_for_line("it 2")  # just before it, the configuration was looked at
        assert [one for name in CONFIG_NOTICES for one in reloader.all_of(name)] == []


CONFIG_NOTICES = ("config_reloaded", "config_invalid", "config_missing", "config_restored")


def test_the_configuration_of_a_removed_file_stays_in_effect(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.txt": "1"}, command=serving("it"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("it 1")
        text = config.read_text(encoding="utf-8")
        config.unlink()
        assert reloader.wait_for("config_missing")["source"] == "reloader.toml"
        save(tmp_path / "a.txt", "2")
        reloader.wait_for_line("it 2")
        save(config, text)
        reloader.wait_for("config_restored")


def test_a_file_in_a_closer_directory_replaces_the_one_in_a_parent(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project(tmp_path, {"here/a.txt": "1"}, command=serving("above"))
    with Reloader(cwd=tmp_path / "here") as reloader:
        reloader.wait_for_line("above 1")
        project(tmp_path / "here", {}, command=serving("here"))
        reloader.wait_for_line("here 2")
        assert reloader.wait_for("config_reloaded")["changes"][0] == {
            "kind": "key_change",
            "key": "config",
            "before": str(tmp_path / "reloader.toml"),
            "after": str(tmp_path / "here" / "reloader.toml"),
        }


def test_a_table_in_pyproject_is_reloaded_too(tmp_path: Path) -> None:
    save(tmp_path / "pyproject.toml", f"[tool.reloader]\nwatch = ['*.txt']\ncommand = {toml(serving('old'))}\n")
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        save(tmp_path / "pyproject.toml", f"[tool.reloader]\nwatch = ['*.txt']\ncommand = {toml(serving('new'))}\n")
        reloader.wait_for_line("new 2")


def test_a_command_that_cannot_be_run_waits_for_the_next_save_of_the_file(tmp_path: Path) -> None:
    project(tmp_path, {}, command=serving("old"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        project(tmp_path, {}, command=["there-is-no-such-program"])
        reloader.wait_for("waiting_for_change")
        project(tmp_path, {}, command=serving("new"))
        reloader.wait_for_line("new 3")


def test_an_unavailable_resource_keeps_the_old_configuration(tmp_path: Path) -> None:
    project(tmp_path, {}, command=serving("old"))
    with Reloader(cwd=tmp_path, environment={"WATCHMAN_SOCK": str(tmp_path / "no.sock")}) as reloader:
        reloader.wait_for_line("old 1")
        project(tmp_path, {}, command=serving("new"), backend="watchman")
        assert 'backend = "watchman"' in reloader.wait_for("config_invalid")["problems"][0]
        reloader.wait_for_line("old 2")
        assert reloader.wait_for("launched", run=2)["reason"]["kind"] == "config_rejected"
        project(tmp_path, {}, command=serving("new"))
        reloader.wait_for_line("new 3")


@posix_only
def test_a_socket_stays_open_during_a_config_reload(tmp_path: Path) -> None:
    project(tmp_path, {}, command=serving("old {socket.0.port}"), sockets=["127.0.0.1:0"])
    with Reloader(cwd=tmp_path) as reloader:
        port = reloader.wait_for("listening")["sockets"][0]["address"]["port"]
        reloader.wait_for_line(f"old {port} 1")
        with socket.create_connection(("127.0.0.1", port)):  # nobody accepts it, and it lives on
            project(tmp_path, {}, command=serving("new {socket.0.port}"), sockets=["127.0.0.1:0", "127.0.0.1:0"])
            reloader.wait_for_line(f"new {port} 2")
        project(tmp_path, {}, command=serving("none"))
        reloader.wait_for_line("none 3")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_wait_is_answered_by_the_run_that_follows(tmp_path: Path) -> None:
    project(tmp_path, {}, command=serving("old"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        asking = subprocess.Popen(
            [*program(), "wait", "--after", "1", "--json"],
            cwd=tmp_path,
            env=environment_of_program(),
            stdout=subprocess.PIPE,
            text=True,
        )
        project(tmp_path, {}, command=serving("new"))
        answer, _ = asking.communicate(timeout=FACT_TIMEOUT)
        assert json.loads(answer)["run"] == 2
        assert asking.returncode == 0


def reading(text: str) -> list[str]:
    """A command that prints ``text`` and what it has read, and is slow to stop."""
    return python(
        "-c",
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.2), sys.exit()))\n"
        f'print("{text}", open("a.txt").read(), flush=True)\n'
        "time.sleep(600)",
    )


def test_saves_of_the_configuration_and_of_files_at_any_time_end_with_what_is_on_the_disk(tmp_path: Path) -> None:
    project(tmp_path, {"a.txt": "content 0"}, command=reading("plan 0"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("plan 0 content 0")
        for number in range(1, 13):
            if number % 2:
                save(tmp_path / "a.txt", f"content {number}")
            project(tmp_path, {}, command=reading(f"plan {number}"), interval=0.1 + number / 100)
            save(tmp_path / "a.txt", f"content {number}")
            if number % 3 == 0:
                reloader.wait_for_line(f"plan {number} content {number}")
        runs = [one["run"] for one in reloader.all_of("launched")]
        assert runs == list(range(1, len(runs) + 1))
        assert reloader.all_of("config_invalid") == []


@posix_only
def test_a_stop_request_works_during_a_config_reload(tmp_path: Path) -> None:
    project(tmp_path, {"a.txt": "1"}, command=reading("old"))
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        project(tmp_path, {}, command=reading("new"))
        reloader.wait_for("stopping")
        assert reloader.stop() == 128 + 15


def test_tasks_and_the_run_receive_files_that_changed_with_the_configuration(tmp_path: Path) -> None:
    prints_files = [*python("-c", "import sys; print('made from', *sorted(sys.argv[1:]))"), "{files}"]
    count = 'import os, time; print("{}", len(open(os.environ["RELOADER_CHANGES_FILE"]).readlines())); time.sleep(600)'
    before = [{"run": prints_files, "files": ["*.proto"]}]
    files = {"a.proto": "1", "b.proto": "1", "c.txt": "1"}
    project(tmp_path, files, command=python("-c", count.format("old")), before=before)
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 0")
        changed = {"a.proto": "2", "c.txt": "2"}
        project(tmp_path, changed, command=python("-c", count.format("new")), before=before)
        reloader.wait_for_line("new 2")
        assert f"made from {tmp_path / 'a.proto'}" in reloader.lines


def test_a_hook_of_the_old_configuration_runs_after_the_end_of_its_run(tmp_path: Path) -> None:
    told = tmp_path / "told"
    hook = python("-c", f'import os; open({str(told)!r}, "a").write(os.environ["RELOADER_RUN"])')
    project(tmp_path, {"a.txt": "1"}, command=reading("old"), hooks={"stop": hook}, watch=["a.txt"])
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        project(tmp_path, {}, command=reading("new"), watch=["a.txt"])
        reloader.wait_for_line("new 1")
        eventually(lambda: told.exists() and told.read_text() == "1", what="the hook has run")  # beside the new run
        assert reloader.all_of("hook_failed") == []


def test_a_slow_hook_does_not_delay_a_new_configuration(tmp_path: Path) -> None:
    go, done = tmp_path / "go", tmp_path / "done"
    waits = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nopen({str(done)!r}, 'w')"
    hooks = {"start": python("-c", waits)}
    project(tmp_path, {"a.txt": "1"}, command=serving("old"), hooks=hooks, watch=["a.txt"])
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        project(tmp_path, {}, command=serving("new"), watch=["a.txt"])
        reloader.wait_for_line("new 2")
        go.touch()
        eventually(done.exists, what="the hook of the first run has come to its end")
        assert reloader.all_of("hook_failed") == []


def test_a_save_of_the_configuration_does_not_start_code_that_its_check_has_rejected(tmp_path: Path) -> None:
    check = python("-c", 'raise SystemExit(open("a.txt").read() == "broken")')
    project(tmp_path, {"a.txt": "good"}, command=serving("old"), check=check, watch=["a.txt"])
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        save(tmp_path / "a.txt", "broken")
        reloader.wait_for("task_failed")
        project(tmp_path, {}, command=serving("new"), check=check, watch=["a.txt"])
        reloader.wait_for("config_reloaded")
        reloader.wait_for("task_failed")
        assert reloader.all_of("ended") == []
        save(tmp_path / "a.txt", "repaired")
        reloader.wait_for_line("new 2")


def test_a_task_that_fails_after_a_save_of_the_configuration_does_not_end_the_session(tmp_path: Path) -> None:
    project(tmp_path, {}, command=serving("old"), on_exit="exit")
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for_line("old 1")
        project(tmp_path, {}, command=serving("bad"), on_exit="exit", before=[python("-c", "raise SystemExit(3)")])
        reloader.wait_for("task_failed")
        project(tmp_path, {}, command=serving("new"), on_exit="exit")
        reloader.wait_for_line("new 2")


def test_a_new_check_can_pass_a_start_that_the_old_one_rejected(tmp_path: Path) -> None:
    refusing = python("-c", "raise SystemExit(1)")
    ending = python("-c", 'print(open("a.txt").read())')
    project(tmp_path, {"a.txt": "first"}, command=ending, on_exit="wait", check=refusing)
    with Reloader(cwd=tmp_path) as reloader:
        reloader.wait_for("waiting_for_change")
        save(tmp_path / "a.txt", "second")
        reloader.wait_for("task_failed")
        project(tmp_path, {}, command=ending, on_exit="wait", check="off")
        reloader.wait_for_line("second")
