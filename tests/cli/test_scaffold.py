"""The kinds of project that ``reloader init`` detects, and their commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reloader.cli.scaffold import detect
from reloader.cli.scaffold.detect import Project, detect_project

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FACTORY = "import flask\n\ndef create_app():\n    app = flask.Flask(__name__)\n    return app\n"
FASTAPI = "import fastapi\napp: fastapi.FastAPI = fastapi.FastAPI()\n"
MANAGE = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'x'\nfrom django.core import management\n"
GUARDED = "if __name__ == '__main__':\n    print(1)\n"

Lay = Callable[..., Path]


@pytest.fixture
def lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lay:
    """Write files by name, with only ``python`` on the PATH, and return the directory."""
    monkeypatch.setattr(detect, "which", lambda name: name if name == "python" else None)

    def laid(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return laid


def of(directory: Path) -> Project:
    project = detect_project(str(directory))
    assert project is not None
    return project


@pytest.mark.parametrize(
    ("files", "kind", "command"),
    [
        ({"app.py": FLASK}, "Flask", "-m flask --app app run --debug --no-reload"),
        ({"app.py": FLASK.replace("app =", "site =")}, "Flask", "-m flask --app app:site run --debug --no-reload"),
        ({"shop/__init__.py": FACTORY}, "Flask", "-m flask --app shop run --debug --no-reload"),
        ({"shop/__init__.py": "", "shop/web.py": FLASK}, "Flask", "-m flask --app shop.web run --debug --no-reload"),
        ({"main.py": FASTAPI}, "FastAPI", "-m uvicorn main:app"),
        ({"app/__init__.py": "", "app/main.py": FASTAPI}, "FastAPI", "-m uvicorn app.main:app"),
        (
            {"main.py": "def create_app():\n    return Starlette()\n"},
            "Starlette",
            "-m uvicorn --factory main:create_app",
        ),
        ({"manage.py": MANAGE}, "Django", "manage.py runserver --noreload"),
        ({"thing/__init__.py": "", "thing/__main__.py": "print(1)"}, "Python", "-m thing"),
        ({"other.py": "", "main.py": "print(1)"}, "Python", "main.py"),
        ({"zoo.py": "", "do.py": GUARDED}, "Python", "do.py"),
    ],
)
def test_a_python_project_is_run_by_its_kind(lay: Lay, files: dict[str, str], kind: str, command: str) -> None:
    project = of(lay(files))
    assert (project.kind, " ".join(project.command)) == (kind, f"python {command}")
    assert project.is_python
    assert project.evidence.startswith(f"{next(reversed(files))} ")
    assert (project.cwd, dict(project.env)) == (None, {})


def test_a_package_below_src_gets_a_python_path(lay: Lay) -> None:
    project = of(lay({"src/shop/__init__.py": FACTORY}))
    assert "shop" in project.command
    assert (project.cwd, dict(project.env)) == (None, {"PYTHONPATH": "src"})


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"backend/app.py": FLASK}, "python -m flask --app app run --debug --no-reload"),
        ({"backend/manage.py": MANAGE}, "python manage.py runserver --noreload"),
    ],
)
def test_a_program_in_a_plain_directory_is_run_there(lay: Lay, files: dict[str, str], command: str) -> None:
    project = of(lay(files))
    assert (project.cwd, " ".join(project.command)) == ("backend", command)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"package.json": {"scripts": {"start": "node server.js"}}, "server.js": ""}, "node server.js"),
        ({"package.json": {"scripts": {"dev": "nodemon src/server.js"}}, "src/server.js": ""}, "node src/server.js"),
        ({"package.json": {"scripts": {"dev": "node --watch a.js"}}, "a.js": ""}, "node a.js"),
        ({"package.json": {"scripts": {"start": "node gone.js"}}}, "npm run start"),
        ({"package.json": {"scripts": {"start": "node 'a"}}}, "npm run start"),
        ({"package.json": {"scripts": {"serve": "http-server . -p 80"}}, "yarn.lock": ""}, "yarn run serve"),
        ({"package.json": {"scripts": {"start": "next start"}}, "pnpm-lock.yaml": ""}, "pnpm run start"),
        ({"package.json": {"main": "lib/it.js"}, "lib/it.js": ""}, "node lib/it.js"),
        ({"package.json": {"scripts": []}, "index.js": ""}, "node index.js"),
    ],
)
def test_a_node_project_is_run_by_its_script_or_its_main_file(lay: Lay, files: dict[str, object], command: str) -> None:
    texts = {name: text if isinstance(text, str) else json.dumps(text) for name, text in files.items()}
    project = of(lay(texts))
    assert (project.kind, " ".join(project.command)) == ("Node.js", command)
    assert "*.js" in project.watch
    assert not project.is_python


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"readme.txt": "flask"},
        {"package.json": "{}"},
        {"package.json": "[1"},
        {"package.json": "[]"},
        {"setup.py": GUARDED},
        {"tests/app.py": FLASK},
        {"app_broken.py": "app = Flask(\n"},
        {"deep/er/and/deeper.py": FLASK},
        {".hidden/app.py": FLASK},
        {"my-venv/pyvenv.cfg": "", "my-venv/app.py": FLASK},
        {"test_app.py": FLASK},
        {"lib/helper.py": "def create_app():\n    return 1\n"},
    ],
)
def test_other_directories_are_not_detected(lay: Lay, files: dict[str, str]) -> None:
    assert detect_project(str(lay(files))) is None


def test_a_server_wins_over_scripts_and_over_its_assets(lay: Lay) -> None:
    files = {"main.py": GUARDED, "wsgi.py": FLASK, "package.json": json.dumps({"scripts": {"start": "x"}})}
    assert of(lay(files)).kind == "Flask"


def test_django_wins_over_all(lay: Lay) -> None:
    project = of(lay({"manage.py": MANAGE, "asgi.py": FASTAPI}))
    assert (project.kind, project.watch) == ("Django", ("templates/", "*.mo"))


def test_files_of_settings_are_watched_where_the_program_runs(lay: Lay) -> None:
    directory = lay({"backend/app.py": FLASK, ".env": "", "backend/.flaskenv": ""})
    assert of(directory).extra_files == (".env", "backend/.flaskenv")


class TestThePythonOfAProject:
    @pytest.mark.parametrize(
        ("lock", "manager"), [("uv.lock", "uv"), ("poetry.lock", "poetry"), ("pdm.lock", "pdm"), ("Pipfile", "pipenv")]
    )
    def test_is_that_of_its_package_manager(
        self, lay: Lay, monkeypatch: pytest.MonkeyPatch, lock: str, manager: str
    ) -> None:
        monkeypatch.setattr(detect, "which", lambda name: name if name in (manager, "python") else None)
        assert of(lay({"main.py": "", lock: ""})).command == (manager, "run", "python", "main.py")

    def test_is_not_that_of_a_package_manager_that_is_not_installed(self, lay: Lay) -> None:
        assert of(lay({"main.py": "", "uv.lock": ""})).command == ("python", "main.py")

    @pytest.mark.parametrize("program", [".venv/bin/python", "venv/Scripts/python.exe"])
    def test_is_that_of_its_virtual_environment(self, lay: Lay, program: str) -> None:
        assert of(lay({"main.py": "", program: ""})).command == (program, "main.py")

    def test_is_found_from_the_directory_that_the_program_runs_in(self, lay: Lay) -> None:
        project = of(lay({"backend/app.py": FLASK, ".venv/bin/python": ""}))
        assert project.command[0] == "../.venv/bin/python"

    def test_is_python3_where_there_is_no_python(self, lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
        directory = lay({"main.py": ""})
        monkeypatch.setattr(detect, "which", lambda name: None)
        assert of(directory).command == ("python3", "main.py")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no directory that its owner may not read")
def test_an_unreadable_directory_is_skipped(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    directory = lay({"app.py": FLASK, "closed/x.py": ""})
    scan = os.scandir

    def refused(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(path)
        return scan(path)

    monkeypatch.setattr("reloader.cli.scaffold.python_apps.os.scandir", refused)
    assert of(directory).kind == "Flask"
