"""Real programs of four kinds are edited, broken and repaired, and restart each time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader
from tests.support.watching.backends import with_every_backend

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node on this machine")

FLASK = """\
from flask import Flask
app = Flask(__name__)
@app.get("/")
def page():
    return "content: TEXT"
"""
DJANGO_SETTINGS = """\
SECRET_KEY = "of a test"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "site_of_test.urls"
INSTALLED_APPS = []
"""
DJANGO_MANAGE = """\
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "site_of_test.settings"
execute_from_command_line(sys.argv)
"""
DJANGO_URLS = """\
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("content: TEXT"))]
"""
NODE = """\
const http = require("node:http");
http.createServer((request, response) => response.end("content: TEXT")).listen(Number(process.env.PORT), "127.0.0.1");
"""
SHELL = """\
while :
do
    echo "content: TEXT"
    sleep 1000
done
"""


@dataclass(frozen=True)
class Program:
    """The edited file, with TEXT for its content, and how to find out which content the program serves."""

    command: list[str]
    edited: str
    source: str
    others: dict[str, str]
    answers: Callable[[Reloader, str], object]
    environment: dict[str, str]

    def with_content(self, content: str) -> str:
        return self.source.replace("TEXT", content)


def _server(command: list[str], edited: str, source: str, **others: str) -> Program:
    port = free_port()
    return Program(
        [word.replace("PORT", str(port)) for word in command],
        edited,
        source,
        {name.replace("__", "/") + ".py": text for name, text in others.items()},
        lambda reloader, content: wait_for_page(port, f"content: {content}"),
        {"PORT": str(port)},
    )


def flask_app() -> Program:
    return _server(python("-m", "flask", "--app", "app", "run", "--no-reload", "--port", "PORT"), "app.py", FLASK)


def django_project() -> Program:
    return _server(
        python("manage.py", "runserver", "--noreload", "PORT"),
        "site_of_test/urls.py",
        DJANGO_URLS,
        manage=DJANGO_MANAGE,
        site_of_test__settings=DJANGO_SETTINGS,
    )


def node_server() -> Program:
    return _server(["node", "server.js"], "server.js", NODE)


def shell_script() -> Program:
    def has_printed(reloader: Reloader, content: str) -> str:
        return reloader.wait_for_line(f"content: {content}")

    return Program(["sh", "script.sh"], "script.sh", SHELL, {}, has_printed, {})


@with_every_backend
@pytest.mark.parametrize(
    "make",
    [
        flask_app,
        django_project,
        pytest.param(node_server, marks=needs_node),
        pytest.param(shell_script, marks=posix_only),
    ],
)
def test_a_program_restarts_after_each_edit_and_survives_a_syntax_error(
    tmp_path: Path, make: Callable[[], Program], backend: str
) -> None:
    program = make()
    config = project(
        tmp_path,
        {program.edited: program.with_content("first"), **program.others},
        command=program.command,
        backend=backend,
        env=program.environment,
        watch=None,
        check="off",
    )
    source = tmp_path / program.edited
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        program.answers(reloader, "first")

        save(source, program.with_content("second"))
        reloader.wait_for("launched", run=2)
        program.answers(reloader, "second")

        save(source, ") if (\n" + program.with_content("third"))
        reloader.wait_for("launched", run=3)
        assert reloader.wait_for("ended", run=3, stopped=False)["outcome"]["code"] != 0
        reloader.wait_for("waiting_for_change")

        save(source, program.with_content("fourth"))
        reloader.wait_for("launched", run=4)
        program.answers(reloader, "fourth")

        assert reloader.is_running
        assert reloader.runs_up_to(4) == [1, 2, 3, 4]
        assert reloader.all_of("watching")[0]["backend"] == backend
