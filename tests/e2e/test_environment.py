"""The command gets its environment, its directory, and only the three standard descriptors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader, environment_of_program

PRINTING = """\
import json, os, sys
print("told:", json.dumps({"environment": dict(os.environ), "directory": os.getcwd(), "arguments": sys.argv[1:]}), flush=True)
sys.stdin.read()
"""


def printed(reloader: Reloader) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(reloader.wait_for_line("told:").partition(" ")[2])
    return facts


def test_the_command_receives_variables_of_its_run_and_none_of_the_configuration(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": PRINTING}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        environment = printed(reloader)["environment"]
        environment.pop("RELOADER_AGENT", None)  # for the agent inside a Python program
        ours = {name: value for name, value in environment.items() if name.startswith("RELOADER_")}
        changes = ours.pop("RELOADER_CHANGES_FILE")
        assert ours == {"RELOADER_RUN": "1", "RELOADER_RUN_MAIN": "true", "RELOADER_REASON": "first_start"}
        save(tmp_path / "other.py", "")
        environment = printed(reloader)["environment"]
        assert (environment["RELOADER_RUN"], environment["RELOADER_REASON"]) == ("2", "files_changed")
        assert environment["RELOADER_CHANGES_FILE"] == changes


def test_the_rest_of_the_environment_is_unchanged(tmp_path: Path) -> None:
    odd = {"LINES_OF_TEST": "one\ntwo = 2", "EMPTY_OF_TEST": "", "ÜMLAUT_OF_TEST": "grün"}
    config = project(tmp_path, {"app.py": PRINTING}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path, environment=odd) as reloader:
        environment = printed(reloader)["environment"]
        assert {name: environment[name] for name in odd} == odd
        differing = environment_of_program(**odd).items() - environment.items()
        assert {name for name, _ in differing} <= {"PYTHONPATH"}  # where the agent comes from


def test_env_of_the_config_wins_over_env_files_and_both_over_the_environment(tmp_path: Path) -> None:
    files = {"app.py": PRINTING, ".env": "A_OF_TEST=file\nB_OF_TEST=file\nC_OF_TEST=file\n"}
    config = project(
        tmp_path,
        files,
        command=python("app.py"),
        env_files=[".env"],
        env={"A_OF_TEST": "config", "C_OF_TEST": "config"},
    )
    with Reloader("--config", config, cwd=tmp_path, environment={"B_OF_TEST": "ours", "C_OF_TEST": "ours"}) as reloader:
        environment = printed(reloader)["environment"]
        assert [environment[name] for name in ("A_OF_TEST", "B_OF_TEST", "C_OF_TEST")] == ["config", "ours", "config"]


def test_env_files_are_watched_and_read_again_for_each_run(tmp_path: Path) -> None:
    files = {"app.py": PRINTING, ".env": "WORD_OF_TEST=first\nGONE_OF_TEST=1\n"}
    config = project(tmp_path, files, command=python("app.py"), env_files=[".env", "later.env"], watch=["app.py"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert printed(reloader)["environment"]["WORD_OF_TEST"] == "first"
        save(tmp_path / ".env", "WORD_OF_TEST=second\n")
        environment = printed(reloader)["environment"]
        assert environment["WORD_OF_TEST"] == "second"
        assert "GONE_OF_TEST" not in environment
        save(tmp_path / "later.env", "WORD_OF_TEST=third\n")
        assert printed(reloader)["environment"]["WORD_OF_TEST"] == "third"


def test_the_command_runs_in_the_directory_of_the_config_or_in_cwd(tmp_path: Path) -> None:
    config = project(tmp_path / "a", {"app.py": PRINTING}, command=python("app.py", "two words", "*"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        facts = printed(reloader)
        assert facts["directory"] == os.path.realpath(tmp_path / "a")
        assert facts["arguments"] == ["two words", "*"]
    config = project(tmp_path / "a", {"b/app.py": PRINTING}, command=python("app.py"), cwd="b")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert printed(reloader)["directory"] == os.path.realpath(tmp_path / "a" / "b")


@posix_only
def test_the_command_inherits_no_descriptor_of_reloader(tmp_path: Path) -> None:
    config = project(tmp_path, {}, command=["sh", "-c", "ls -m /dev/fd && exec sleep 1000"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert reloader.wait_for_line(",") == "0, 1, 2, 3"  # the last is that of the listing
        save(tmp_path / "other.py", "")
        assert reloader.wait_for_line(",") == "0, 1, 2, 3"
