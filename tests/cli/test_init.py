"""``reloader init`` writes a fitting config file and never changes an existing one. tests/e2e runs what it writes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import tomli

from reloader.cli.main import main
from reloader.cli.scaffold.detect import Project
from reloader.cli.scaffold.template import SCHEMA_NAME, config_text
from reloader.config.options import KEYS
from reloader.config.schema import schema
from tests.config.projects import project_in

FLASK = "from flask import Flask\napp = Flask(__name__)\n"


class TestTheFile:
    def test_is_a_configuration_for_the_detected_project(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "app.py").write_text(FLASK)
        assert main(["init"]) == 0
        settings = project_in(here).settings()
        assert settings.launch.argv[1:] == ("-m", "flask", "--app", "app", "run", "--debug", "--no-reload")
        out = capsys.readouterr().out
        assert "Created reloader.toml and reloader.schema.json: app.py is a Flask app." in out
        assert "-m flask --app app run --debug --no-reload" in out

    def test_names_its_schema_which_is_written_too(self, here: Path) -> None:
        (here / "app.py").write_text(FLASK)
        main(["init"])
        assert (here / "reloader.toml").read_text().startswith(f"#:schema ./{SCHEMA_NAME}\n")
        assert json.loads((here / SCHEMA_NAME).read_text()) == json.loads(json.dumps(schema()))

    def test_comes_without_a_schema_if_that_is_disabled(self, here: Path) -> None:
        assert main(["init", "--no-schema", "--", "make", "serve"]) == 0
        assert sorted(os.listdir(here)) == [".git", "reloader.toml"]
        assert "#:schema" not in (here / "reloader.toml").read_text()

    def test_runs_the_command_that_was_given(self, here: Path) -> None:
        (here / "app.py").write_text(FLASK)
        assert main(["init", "--", "make", "a b"]) == 0
        assert project_in(here).settings().launch.argv == ("make", "a b")

    def test_is_reported_in_json(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["init", "--json", "--", "make"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert result == {"file": str(here / "reloader.toml"), "kind": "command", "command": ["make"]}

    def test_is_not_reported_with_quiet(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["init", "--quiet", "--", "make"]) == 0
        assert capsys.readouterr() == ("", "")


class TestAnExistingFile:
    def test_is_never_overwritten(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "reloader.toml").write_text("# mine\n")
        assert main(["init", "--", "make"]) == 2
        assert (here / "reloader.toml").read_text() == "# mine\n"
        assert not (here / SCHEMA_NAME).exists()
        assert capsys.readouterr().err == (
            "[reloader] reloader.toml exists already, and was not changed. Edit it, or remove it first\n"
        )

    def test_is_not_overridden_by_a_new_file(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "pyproject.toml").write_text("[tool.reloader]\ncommand = 'x'\n")
        assert main(["init", "--", "make"]) == 2
        assert "pyproject.toml exists already" in capsys.readouterr().err
        assert not (here / "reloader.toml").exists()

    def test_may_be_a_directory_of_that_name(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "reloader.toml").mkdir()
        assert main(["init", "--", "make"]) == 2
        assert "reloader.toml exists" in capsys.readouterr().err

    def test_may_be_the_schema_which_is_kept(self, here: Path) -> None:
        (here / SCHEMA_NAME).write_text("{}")
        assert main(["init", "--", "make"]) == 0
        assert (here / SCHEMA_NAME).read_text() == "{}"

    def test_may_be_a_config_file_in_a_directory_above(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (here / "reloader.toml").write_text("command = 'x'\n")
        (here / "sub").mkdir()
        monkeypatch.chdir(here / "sub")
        assert main(["init", "--", "make"]) == 0

    def test_may_be_of_an_unknown_kind(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["init"]) == 2
        assert "reloader init -- COMMAND" in capsys.readouterr().err
        assert os.listdir(here) == [".git"]

    def test_may_be_in_a_directory_that_is_not_writable(
        self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*arguments: object, **more: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("builtins.open", refused)
        assert main(["init", "--", "make"]) == 2
        assert "reloader.toml: cannot be written: Permission denied" in capsys.readouterr().err


EVERYTHING = Project(
    "Flask",
    "app.py is a Flask app",
    ("python", "-m", "flask"),
    "Why.",
    True,
    "backend",
    {"A": "b"},
    ("x/",),
    ("*.log",),
    (".env",),
)


@pytest.mark.parametrize("project", [EVERYTHING, Project("command", "Given", ("make",))], ids=["all", "least"])
class TestTheText:
    def test_holds_exactly_the_detected_values(self, project: Project) -> None:
        document = tomli.loads(config_text(project, has_schema=True))
        expected = {"command": ["python", "-m", "flask"], "cwd": "backend", "env": {"A": "b"}, "watch": ["x/"]}
        expected |= {"ignore": ["*.log"], "extra_files": [".env"]}
        assert document == (expected if project is EVERYTHING else {"command": ["make"]})

    def test_explains_each_key_as_the_help_does(self, project: Project) -> None:
        text = config_text(project, has_schema=False)
        words = " ".join(line.removeprefix("# ") for line in text.splitlines())
        for name in re.findall(r"^(?:# )?([a-z_]+) = ", text, re.MULTILINE):
            assert KEYS[name].about in words

    def test_offers_keys_that_are_valid_without_an_edit(self, project: Project, tmp_path: Path) -> None:
        text = re.sub(r"^# (?=[a-z_]+ = )", "", config_text(project, has_schema=True), flags=re.MULTILINE)
        project_dir = project_in(tmp_path)
        project_dir.write(text)
        assert project_dir.settings().launch.argv == project.command
        assert {"watch", "ignore", "extra_files", "env", "on_exit", "stop_timeout"} <= set(tomli.loads(text))

    def test_fits_a_screen(self, project: Project) -> None:
        assert max(map(len, config_text(project, has_schema=True).splitlines())) <= 100
