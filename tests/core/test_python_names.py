"""Python by names: sources of compiled files, and commands that run Python."""

from __future__ import annotations

import pytest

from reloader.core.python_names import is_python, program_name, source_path, starts_python


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/app/__pycache__/x.cpython-311.pyc", "/app/x.py"),
        ("/app/__pycache__/x.cpython-314t.pyc", "/app/x.py"),
        ("/app/__pycache__/x.cpython-311.opt-1.pyc", "/app/x.py"),
        ("/app/__pycache__/x.pypy-310.pyc", "/app/x.py"),
        ("/app/__pycache__/a.b.cpython-311.pyc", "/app/a.b.py"),
        ("C:\\app\\__pycache__\\x.cpython-311.pyc", "C:\\app\\x.py"),
        ("__pycache__/x.cpython-311.pyc", "x.py"),
        ("/app/x.pyc", "/app/x.py"),
        ("/app/x.pyo", "/app/x.py"),
        ("/app/my__pycache__/x.cpython-311.pyc", "/app/my__pycache__/x.cpython-311.py"),
        ("/app/x.py", None),
        ("/app/x.pyd", None),
        ("/app/pyc", None),
    ],
)
def test_compiled_python_has_the_path_of_its_source(path, source):
    assert source_path(path) == source


@pytest.mark.parametrize(
    ("command", "name"),
    [("/usr/bin/python3", "python3"), ("C:\\Python\\python.EXE", "python"), ("node", "node")],
)
def test_a_program_has_a_name_without_directory_and_suffix(command, name):
    assert program_name(command) == name


@pytest.mark.parametrize("command", ["python", "/usr/bin/python3.13t", "pypy3", "pyw.exe", "PYTHONW.EXE"])
def test_an_interpreter_is_known_by_its_name(command):
    assert is_python(command)
    assert starts_python(command)


def test_a_launcher_starts_python_and_another_program_does_not():
    assert starts_python("/usr/bin/uv")
    assert not is_python("uv")
    assert not starts_python("node")
