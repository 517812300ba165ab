"""``reloader check``: problems of the configuration, and the value of each key."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli

from reloader.cli.main import main
from reloader.config.options import KEYS
from tests.config.projects import project_in

FILE = f"command = [{json.dumps(sys.executable)}, 'app.py']\nignore = ['*.log']\n[python]\nopen_files = true\n"


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["check", "--json", *arguments]) in (0, 1)
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


class TestAGoodConfiguration:
    def test_is_shown_as_a_file_that_means_the_same(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        project = project_in(here)
        project.write(FILE)
        before = project.settings("--interval", "3")
        assert main(["check", "--interval", "3"]) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        project.write(shown.out)
        assert project.settings() == before

    def test_is_shown_with_every_key_and_the_origin_of_its_value(
        self, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (here / "reloader.toml").write_text(FILE)
        assert main(["check", "--interval", "3"]) == 0
        lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        assert 'ignore = ["*.log"] # reloader.toml' in lines
        assert "interval = 3.0 # --interval" in lines
        assert "keys = false # default" in lines
        assert "# cwd is not set" in lines
        assert lines.index("[python]") < lines.index("open_files = true # reloader.toml")
        words = " ".join(lines)
        assert all(f"{key.toml_name} =" in words or f"# {key.toml_name} is not set" in words for key in KEYS.values())

    def test_is_shown_with_its_path_and_its_result(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "reloader.toml").write_text(FILE)
        assert main(["check"]) == 0
        head = capsys.readouterr().out.partition("\n\n")[0].splitlines()
        assert head[0] == f"# config file: {here / 'reloader.toml'}"
        assert head[1].startswith("# runs: ")
        assert head[1].endswith("app.py")
        assert head[2:] == [f"# in: {here}", f"# watches: {here}"]

    def test_may_be_without_a_file_and_without_a_command(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check"]) == 0
        out = capsys.readouterr().out
        assert out.startswith(f"# config file: none\n# in: {here}\n")
        assert "# command is not set\n" in out
        assert tomli.loads(out)["interval"] == 1.0

    def test_is_not_shown_with_quiet(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "--quiet"]) == 0
        assert capsys.readouterr() == ("", "")

    def test_is_an_object_with_json(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "reloader.toml").write_text(FILE)
        result = checked(capsys, "--watch", "src/")
        assert result["file"] == str(here / "reloader.toml")
        assert result["argv"] == [sys.executable, "app.py"]
        assert (result["cwd"], result["roots"], result["missing"]) == (str(here), [str(here / "src")], [])
        assert list(result["keys"]) == list(KEYS)
        assert result["keys"]["watch"] == {"value": ["src/"], "origin": "--watch"}
        assert result["keys"]["python_open_files"] == {"value": True, "origin": "reloader.toml"}

    def test_without_a_command_has_no_argv(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        result = checked(capsys)
        assert (result["file"], result["argv"]) == (None, None)


class TestAWrongConfiguration:
    def test_is_reported_with_every_problem_and_code_2(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "reloader.toml").write_text("interval = -1\nwhat = 2\n")
        assert main(["check"]) == 2
        written = capsys.readouterr()
        assert written.out == ""
        assert len(written.err.splitlines()) == 2

    def test_is_an_object_with_json(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "reloader.toml").write_text("interval = -1\n")
        assert main(["check", "--json"]) == 2
        written = capsys.readouterr()
        assert written.err == ""
        (problem,) = json.loads(written.out)["problems"]
        assert problem.startswith("reloader.toml: interval: ")


class TestAMissingThingThatTheConfigurationNames:
    def test_is_the_command(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "--quiet", "--", "there-is-no-such-program"]) == 1
        assert '"there-is-no-such-program" was not found. Install it' in capsys.readouterr().err

    def test_is_the_command_relative_to_its_directory(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "sub").mkdir()
        name = os.path.join(".", "program.bat")
        for directory in (here, here / "sub"):
            assert main(["check", "--quiet", "--cwd", str(directory), "--", name]) == 1
        assert capsys.readouterr().err.count("was not found") == 2
        program = here / "sub" / "program.bat"
        program.write_text("")
        program.chmod(0o755)
        assert main(["check", "--cwd", "sub", "--", name]) == 0

    def test_is_its_directory(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "--cwd", "gone", "--", sys.executable]) == 1
        assert f"--cwd: there is no directory {here / 'gone'}. Create it" in capsys.readouterr().err

    def test_is_a_file_of_variables(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / ".env").write_text("")
        result = checked(capsys, "--env-files", ".env,.env.local", "--", sys.executable)
        assert result["missing"] == [f"--env-files: there is no file {here / '.env.local'}. Create it or leave it out"]

    def test_is_searched_on_the_path_of_the_command(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        directory, name = os.path.split(sys.executable)
        assert main(["check", "--quiet", "--env", f"PATH={here}", "--", "there-is-no-such-program"]) == 1
        assert main(["check", "--quiet", "--env", f"PATH={directory}", "--", name]) == 0
