"""Servers and libraries that start processes, or change how Python waits, run as ever; what only a worker imports is watched."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.agent.reporting import reported_by, write
from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed for this Python")


@pytest.mark.parametrize(
    "package",
    [
        pytest.param("gevent", marks=[needs("gevent"), posix_only]),
        pytest.param("eventlet", marks=[needs("eventlet"), posix_only]),
    ],
)
def test_a_program_that_patches_the_standard_library_is_followed(tmp_path: Path, package: str) -> None:
    patch = {
        "gevent": "from gevent import monkey; monkey.patch_all()",
        "eventlet": "import eventlet; eventlet.monkey_patch()",
    }[package]
    spawn = {"gevent": "import gevent; gevent.spawn(work).join()", "eventlet": "eventlet.spawn(work).wait()"}[package]
    program = (
        f"{patch}\nimport os, subprocess, sys, threading, time\n"
        "def work():\n    time.sleep(0)\n    import late\n    print('worked', late.VALUE, flush=True)\n"
        f"{spawn}\nthread = threading.Thread(target=work)\nthread.start()\nthread.join()\n"
        "subprocess.run([sys.executable, '-c', 'import other'], check=True)\n"
        "print('ready', flush=True)\nos.read(0, 1)\n"
    )
    files = {"app.py": program, "late.py": "VALUE = 1\n", "other.py": ""}
    environment = {"PYTHONWARNINGS": "ignore"}
    config = project(tmp_path, files, command=python("app.py"), watch=None, env=environment)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("worked 1")
        reloader.wait_for_line("ready")
        save(tmp_path / "late.py", "VALUE = 2\n")
        reloader.wait_for_line("worked 2")
        reloader.wait_for_line("ready")
        save(tmp_path / "other.py", "x = 1\n")
        reloader.wait_for("launched", run=3)


METHODS = ["spawn"] if sys.platform == "win32" else ["spawn", "fork", "forkserver"]
PROCESSES = """\
import multiprocessing, sys
def work(queue):
    import only_in_worker
    queue.put(only_in_worker.VALUE)
if __name__ == "__main__":
    context = multiprocessing.get_context("METHOD")
    queue = context.Queue()
    worker = context.Process(target=work, args=(queue,))
    worker.start()
    print("worker:", queue.get(), flush=True)
    worker.join()
    sys.stdin.read()
"""


@pytest.mark.parametrize("method", METHODS)
def test_a_module_that_only_a_worker_imports_is_watched(tmp_path: Path, method: str) -> None:
    files = {"app.py": PROCESSES.replace("METHOD", method), "only_in_worker.py": "VALUE = 1\n", "beside.py": ""}
    config = project(tmp_path, files, command=python("app.py"), watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("worker: 1")
        save(tmp_path / "beside.py", "x = 1\n")
        save(tmp_path / "only_in_worker.py", "VALUE = 2\n")
        reloader.wait_for_line("worker: 2")
        assert reloader.runs == [1, 2]


def test_every_python_that_the_program_starts_reports(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys\nfor name in ('one', 'two'): subprocess.run([sys.executable, '-c', f'import {name}'])\n"
    )
    write(tmp_path, {"app.py": program, "one.py": "", "two.py": ""})
    assert reported_by("app.py", cwd=tmp_path).files == {
        str(tmp_path / name) for name in ("app.py", "one.py", "two.py")
    }


def test_threads_that_import_at_once_lose_no_report(tmp_path: Path) -> None:
    names = [f"module{number}" for number in range(200)]
    program = (
        "import sys, threading\nsys.setswitchinterval(1e-6)\n"
        "def work(start):\n    for number in range(start, 200, 4): __import__(f'module{number}')\n"
        "threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()\n"
    )
    write(tmp_path, {"app.py": program, **{f"{name}.py": "" for name in names}})
    assert reported_by("app.py", cwd=tmp_path).files == {str(tmp_path / f"{name}.py") for name in ("app", *names)}


ASGI = """\
async def app(scope, receive, send):
    if scope["type"] == "http":
        import only_in_worker
        body = b"content: %d" % only_in_worker.VALUE
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
"""
WSGI = """\
def app(environ, start_response):
    import only_in_worker
    start_response("200 OK", [])
    return [b"content: %d" % only_in_worker.VALUE]
"""


def uvicorn(port: int) -> tuple[str, list[str]]:
    return ASGI, python("-m", "uvicorn", "app:app", "--workers", "2", "--port", str(port), "--lifespan", "off")


def gunicorn(port: int) -> tuple[str, list[str]]:
    return WSGI, python("-m", "gunicorn", "app:app", "--workers", "2", "--bind", f"127.0.0.1:{port}")


@posix_only
@pytest.mark.parametrize(
    "server", [pytest.param(uvicorn, marks=needs("uvicorn")), pytest.param(gunicorn, marks=needs("gunicorn"))]
)
def test_a_server_with_two_workers_follows_what_only_they_import(
    tmp_path: Path, server: Callable[[int], tuple[str, list[str]]]
) -> None:
    port = free_port()
    source, command = server(port)
    files = {"app.py": source, "only_in_worker.py": "VALUE = 1\n", "beside.py": ""}
    config = project(tmp_path, files, command=command, watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        wait_for_page(port, "content: 1")
        save(tmp_path / "beside.py", "x = 1\n")
        save(tmp_path / "only_in_worker.py", "VALUE = 2\n")
        reloader.wait_for("launched", run=2)
        wait_for_page(port, "content: 2")
        save(tmp_path / "app.py", source + "# edited\n")
        reloader.wait_for("launched", run=3)
        wait_for_page(port, "content: 2")
        assert reloader.runs == [1, 2, 3]
