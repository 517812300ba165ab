"""The config that ``reloader init`` writes for each kind of project runs it, and restarts it after an edit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.test_frameworks import DJANGO_MANAGE, DJANGO_SETTINGS, DJANGO_URLS, FLASK, NODE, needs_node
from tests.support.programs.announcements import FACT_TIMEOUT
from tests.support.programs.processes import is_alive
from tests.support.programs.projects import save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader, environment_of_program, program

ASGI = """\
from fastapi import FastAPI

app = FastAPI()
app.page = b"content: TEXT"
"""
# What FastAPI would be: not the framework is tested, but how it is recognised and started.
FASTAPI = """\
class FastAPI:
    page = b""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": self.page})
"""
PLAIN = """\
import time

if __name__ == "__main__":
    print("content: TEXT", flush=True)
    time.sleep(1000)
"""


@dataclass(frozen=True)
class Kind:
    """``edited`` is the file with TEXT in it. ``port`` is the variable that gives the program its port."""

    says: str
    edited: str
    files: dict[str, str]
    port: str = ""
    words: dict[str, str] = field(default_factory=dict)


KINDS = {
    "flask": Kind("app.py is a Flask app", "app.py", {"app.py": FLASK}, "FLASK_RUN_PORT"),
    "fastapi": Kind("main.py is a FastAPI app", "main.py", {"main.py": ASGI, "fastapi.py": FASTAPI}, "UVICORN_PORT"),
    "django": Kind(
        "manage.py belongs to Django",
        "site_of_test/urls.py",
        {"manage.py": DJANGO_MANAGE, "site_of_test/settings.py": DJANGO_SETTINGS, "site_of_test/urls.py": DJANGO_URLS},
        "PORT",
        {'"--noreload"]': '"--noreload", "PORT"]'},  # no variable names Django's port
    ),
    "node": Kind(
        "package.json belongs to a Node.js program",
        "server.js",
        {"package.json": '{"scripts": {"start": "node server.js"}}', "server.js": NODE},
        "PORT",
    ),
    "package": Kind(
        "src/shop/__main__.py is a Python program",
        "src/shop/__main__.py",
        {"src/shop/__init__.py": "", "src/shop/__main__.py": PLAIN},
    ),
    "script": Kind("main.py is a Python program", "main.py", {"main.py": PLAIN}),
}


def surroundings(**more: str) -> dict[str, str]:
    """Return an environment in which ``python`` is the one that runs the tests."""
    here = str(Path(sys.executable).parent)
    return environment_of_program(**{"PATH": os.pathsep.join((here, os.environ["PATH"])), **more})


def ours(directory: Path, *arguments: str) -> str:
    """Return the output of a subcommand that must succeed."""
    done = subprocess.run(
        [*program(), *arguments],
        cwd=directory,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=FACT_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_node if name == "node" else ()) for name in KINDS])
def test_a_new_project_is_configured_runs_and_follows_its_first_edit(tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    (tmp_path / ".git").mkdir()
    for file, text in kind.files.items():
        save(tmp_path / file, text.replace("TEXT", "first"))
    assert f"Created reloader.toml and reloader.schema.json: {kind.says}." in ours(tmp_path, "init")
    ours(tmp_path, "check")

    port = free_port()
    for before, after in kind.words.items():
        config = tmp_path / "reloader.toml"
        save(config, config.read_text(encoding="utf-8").replace(before, after.replace("PORT", str(port))))
    variables = {kind.port: str(port)} if kind.port else {}
    with Reloader(cwd=tmp_path, environment=surroundings(**variables)) as reloader:
        wait = _answer_of(reloader, port if kind.port else 0)
        wait("first")
        launched = reloader.wait_for("launched", run=1)
        save(tmp_path / kind.edited, kind.files[kind.edited].replace("TEXT", "second"))
        reloader.wait_for("launched", run=2)
        wait("second")
        assert not is_alive(launched["pid"])


def _answer_of(reloader: Reloader, port: int) -> Callable[[str], object]:
    if port:
        return lambda text: wait_for_page(port, f"content: {text}")
    return lambda text: reloader.wait_for_line(f"content: {text}")


def test_a_flask_project_survives_a_day_of_work(tmp_path: Path) -> None:
    """Three edits, one of them of a template, a typo, its repair, and an end that leaves nothing behind."""
    app = 'from flask import Flask, render_template\n\napp = Flask(__name__)\n\n\n@app.get("/")\ndef page():\n    return TEXT\n'
    (tmp_path / ".git").mkdir()
    save(tmp_path / "app.py", app.replace("TEXT", "'content: first'"))
    save(tmp_path / "templates/page.html", "content: template")
    ours(tmp_path, "init")
    port = free_port()
    with Reloader(cwd=tmp_path, environment=surroundings(FLASK_RUN_PORT=str(port))) as reloader:
        wait_for_page(port, "content: first")
        save(tmp_path / "app.py", app.replace("TEXT", "'content: second'"))
        wait_for_page(port, "content: second")
        save(tmp_path / "app.py", app.replace("TEXT", "render_template('page.html')"))
        wait_for_page(port, "content: template")
        save(tmp_path / "templates/page.html", "content: other template")
        wait_for_page(port, "content: other template")

        save(tmp_path / "app.py", app.replace("TEXT", "'content: third"))
        reloader.await_fact(lambda: "SyntaxError" in reloader.transcript() or None, FACT_TIMEOUT, "the typo is shown")
        save(tmp_path / "app.py", app.replace("TEXT", "'content: repaired'"))
        wait_for_page(port, "content: repaired")
        assert reloader.is_running
        assert "reloader.toml" not in str(reloader.all_of("changed"))
