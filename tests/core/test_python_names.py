from __future__ import annotations

import pytest

from reloader.core.python_names import source_path


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
def test_bytecode_is_taken_back_to_the_name_of_its_source(path, source):
    assert source_path(path) == source
