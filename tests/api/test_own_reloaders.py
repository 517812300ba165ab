"""Frameworks whose own reloader is on take reloader for its parent: one parent, one child, exit code 3 between them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.assertions.eventually import eventually
from tests.support.programs.announcements import FACT_TIMEOUT
from tests.support.programs.processes import is_guard
from tests.support.programs.projects import project, python, save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader

FLASK = """\
import os
from flask import Flask
app = Flask(__name__)
@app.get("/")
def page():
    return "content: TEXT, marked: " + os.environ["WERKZEUG_RUN_MAIN"]
"""
#: With pywatchman, Django's own reloader starts Watchman where it can: a second process of the run.
NO_WATCHMAN = 'raise ImportError("Django is to use its stat reloader")\n'
#: With watchdog, Werkzeug's own reloader watches whole trees, and drowns in what other programs read there.
NO_WATCHDOG = 'raise ImportError("Werkzeug is to use its stat reloader")\n'
RUN_SIMPLE = """\
import os, sys
from werkzeug.serving import run_simple
from werkzeug.wrappers import Response
page = Response("content: TEXT, marked: " + os.environ["WERKZEUG_RUN_MAIN"])
run_simple("127.0.0.1", int(sys.argv[1]), page, use_reloader=True, reloader_type="stat")
"""
SETTINGS = """\
SECRET_KEY = "of a test"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "site_of_test.urls"
INSTALLED_APPS = []
"""
MANAGE = """\
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "site_of_test.settings"
execute_from_command_line(sys.argv)
"""
URLS = """\
import os
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("content: TEXT, marked: " + os.environ["RUN_MAIN"]))]
"""


@dataclass(frozen=True)
class Server:
    """``edited`` is a file of ``files`` with TEXT where the content is."""

    framework: str
    command: list[str]
    edited: str
    source: str
    others: dict[str, str]
    port: int

    def with_content(self, content: str) -> str:
        return self.source.replace("TEXT", content)

    def in_project(self, directory: Path, **config: object) -> Reloader:
        files = {self.edited: self.with_content("first"), **self.others}
        file = project(directory, files, command=self.command, compatible=[self.framework], **{"watch": None, **config})
        return Reloader("--config", file, cwd=directory)


def flask_app() -> Server:
    port = free_port()
    command = python("-m", "flask", "--app", "app", "run", "--debug", "--port", str(port))
    return Server("werkzeug", command, "app.py", FLASK, {"watchdog.py": NO_WATCHDOG}, port)


def werkzeug_program() -> Server:
    port = free_port()
    return Server("werkzeug", python("app.py", str(port)), "app.py", RUN_SIMPLE, {}, port)


def django_project() -> Server:
    port = free_port()
    others = {"manage.py": MANAGE, "site_of_test/settings.py": SETTINGS, "pywatchman.py": NO_WATCHMAN}
    command = python("manage.py", "runserver", str(port))
    return Server("django", command, "site_of_test/urls.py", URLS, others, port)


with_every_framework = pytest.mark.parametrize("make", [flask_app, werkzeug_program, django_project])


@with_every_framework
def test_an_edit_leads_to_one_new_process_with_the_new_content(tmp_path: Path, make: Callable[[], Server]) -> None:
    server = make()
    with server.in_project(tmp_path) as reloader:
        wait_for_page(server.port, "content: first")
        for run, content in ((2, "second"), (3, "third")):
            save(tmp_path / server.edited, server.with_content(content))
            reloader.wait_for("launched", run=run)
            wait_for_page(server.port, f"content: {content}, marked: true")
            assert _has_one_child(reloader, run)
        assert reloader.runs == [1, 2, 3]


@with_every_framework
def test_what_only_the_frameworks_reloader_sees_restarts_by_exit_code_3(
    tmp_path: Path, make: Callable[[], Server]
) -> None:
    server = make()
    with server.in_project(tmp_path, ignore=[os.path.basename(server.edited)]) as reloader:
        wait_for_page(server.port, "content: first")
        # An edit before the framework's reloader has looked for the first time is lost to it, so this is saved until it sees it.
        eventually(lambda: _saved(tmp_path, server, "second") and reloader.all_of("ended"), within=FACT_TIMEOUT)
        ended = reloader.wait_for("ended", run=1, stopped=False)
        assert (ended["outcome"]["kind"], ended["outcome"]["code"]) == ("exited", 3)
        assert reloader.wait_for("launched", run=2)["reason"]["kind"] == "requested_by_child"
        wait_for_page(server.port, "content: second")


def _saved(directory: Path, server: Server, content: str) -> bool:
    save(directory / server.edited, server.with_content(content))
    return True


@with_every_framework
def test_a_broken_module_is_waited_out_and_repaired(tmp_path: Path, make: Callable[[], Server]) -> None:
    server = make()
    with server.in_project(tmp_path) as reloader:
        wait_for_page(server.port, "content: first")
        save(tmp_path / server.edited, "import nowhere_to_be_found\n" + server.with_content("second"))
        reloader.wait_for("launched", run=2)
        reloader.wait_for_remark("nowhere_to_be_found")
        save(tmp_path / server.edited, server.with_content("third"))
        wait_for_page(server.port, "content: third")
        assert reloader.is_running


def test_without_the_key_there_are_no_markers(tmp_path: Path) -> None:
    save(
        tmp_path / "tell.py",
        "import os\nprint(sorted(name for name in os.environ if 'RUN_MAIN' in name), flush=True)\n",
    )
    with Reloader("--", *python("tell.py"), cwd=tmp_path) as reloader:
        assert reloader.wait_for_line("RUN_MAIN") == "['RELOADER_RUN_MAIN']"


@pytest.mark.parametrize("how", ["named", "positional"])
def test_werkzeug_without_its_reloader_is_left_as_it_is(tmp_path: Path, how: str) -> None:
    source = """\
import os
from werkzeug.serving import make_server
os.environ.pop("WERKZEUG_SERVER_FD")
server = make_server("127.0.0.1", 0, lambda environ, start: [])
print("socket:", server.fileno() > 2, flush=True)
server.server_close()
"""
    if how == "positional":
        source = source.replace('make_server("127.0.0.1", 0, ', 'make_server("127.0.0.1", 0, app=')
    save(tmp_path / "app.py", source)
    with Reloader("--compatible", "werkzeug", "--", *python("app.py"), cwd=tmp_path) as reloader:
        reloader.wait_for_line("socket: True")
        assert reloader.wait_for_exit() == 0


def _launched(reloader: Reloader, run: int) -> int:
    return next(int(one["pid"]) for one in reloader.all_of("launched") if one["run"] == run)


def _has_one_child(reloader: Reloader, run: int) -> bool:
    """True if the session has started nothing but ``run`` and its guard.

    On Windows a virtual environment's Python is two processes.
    """
    if sys.platform == "win32":
        return True
    import psutil

    below = psutil.Process(reloader.pid).children(recursive=True)
    return [one.pid for one in below if not is_guard(one.cmdline())] == [_launched(reloader, run)]
