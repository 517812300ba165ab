"""Which cached bytecode is deleted: what Python would run although its source has changed, and no other."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from reloader.system.pycache import drop_stale_bytecode
from tests.support.programs.announcements import FACT_TIMEOUT

MOMENT = 1_000_000_000


@pytest.fixture(autouse=True)
def bytecode_lies_beside_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does unless somebody moves it (PYTHONPYCACHEPREFIX), as tests/wine/run does."""
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "value.py"
    write(source, "VALUE = 1\n")
    return source


def write(path: Path, text: str, moment: float = MOMENT) -> None:
    path.write_text(text)
    os.utime(path, (moment, moment))


def compiled(source: Path, mode: py_compile.PycInvalidationMode = py_compile.PycInvalidationMode.TIMESTAMP) -> Path:
    path = py_compile.compile(str(source), doraise=True, invalidation_mode=mode)
    assert path is not None
    return Path(path)


def value_in(folder: Path) -> str:
    """What a program reads that imports the module."""
    done = subprocess.run(
        [sys.executable, "-c", "import value; print(value.VALUE)"],
        cwd=folder, capture_output=True, text=True, timeout=FACT_TIMEOUT, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_python_runs_the_last_version_although_only_the_content_differs(source: Path) -> None:
    cached = compiled(source)
    write(source, "VALUE = 2\n", MOMENT + 0.5)
    assert value_in(source.parent) == "1", "else there would be nothing to do"
    assert drop_stale_bytecode([str(source)]) == [str(cached)]
    assert value_in(source.parent) == "2"


def test_bytecode_that_python_would_not_use_is_left_alone(source: Path) -> None:
    cached = compiled(source)
    write(source, "VALUE = 2222\n")
    assert drop_stale_bytecode([str(source)]) == []
    write(source, "VALUE = 2\n", MOMENT + 1)
    assert drop_stale_bytecode([str(source)]) == []
    assert cached.exists()


@pytest.mark.parametrize(
    "mode", [py_compile.PycInvalidationMode.CHECKED_HASH, py_compile.PycInvalidationMode.UNCHECKED_HASH]
)
def test_bytecode_that_is_validated_by_hash_is_left_alone(source: Path, mode: py_compile.PycInvalidationMode) -> None:
    cached = compiled(source, mode)
    assert drop_stale_bytecode([str(source)]) == []
    assert cached.exists()


def test_the_caches_of_every_python_go_and_those_of_other_modules_stay(source: Path) -> None:
    cached = compiled(source)
    others = [cached.with_name(name) for name in ("value.cpython-399.pyc", "value.pypy310.opt-1.pyc")]
    foreign = [cached.with_name(name) for name in ("values.cpython-311.pyc", "value.cpython-311.txt")]
    for path in (*others, *foreign):
        path.write_bytes(cached.read_bytes())
    assert sorted(drop_stale_bytecode([str(source)])) == sorted(map(str, [cached, *others]))
    assert all(path.exists() for path in foreign)


def test_only_python_has_bytecode(tmp_path: Path, source: Path) -> None:
    compiled(source)
    (tmp_path / "value.txt").write_text("x")
    assert drop_stale_bytecode([str(tmp_path / "value.txt"), str(tmp_path / "missing.py")]) == []


def test_a_source_that_was_deleted_leaves_its_cache_which_python_does_not_use(source: Path) -> None:
    cached = compiled(source)
    source.unlink()
    assert drop_stale_bytecode([str(source)]) == []
    assert cached.exists()


def test_other_files_are_left_alone(source: Path) -> None:
    cached = compiled(source)
    cached.write_bytes(b"short")
    assert drop_stale_bytecode([str(source)]) == []
    assert cached.exists()


def test_a_cache_that_cannot_be_deleted_is_not_returned(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is forbidden, so the call refuses here."""

    def refuse(path: str) -> None:
        raise PermissionError(path)

    compiled(source)
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        assert drop_stale_bytecode([str(source)]) == []


def test_without_a_cache_there_is_nothing_to_delete(source: Path) -> None:
    assert not (source.parent / "__pycache__").exists()
    assert drop_stale_bytecode([str(source)]) == []
