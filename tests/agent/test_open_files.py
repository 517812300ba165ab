"""What is reported of the files that a program opens."""

from __future__ import annotations

from pathlib import Path

from reloader.core.settings import PythonPolicy
from tests.agent.reporting import Report, reported_by, write


def told(program: str, cwd: Path) -> Report:
    write(
        cwd,
        {
            "app.py": program,
            "read.txt": "r",
            "both.txt": "b",
            "inner/deep.txt": "d",
            "env/site-packages/their.txt": "t",
        },
    )
    report = reported_by("app.py", cwd=cwd, policy=PythonPolicy(open_files=True))
    assert (report.code, report.err) == (0, "")
    return report


def test_a_file_that_is_read_by_any_means_is_reported(tmp_path: Path) -> None:
    report = told(
        "import os, pathlib\nopen('read.txt').close()\nos.close(os.open('both.txt', os.O_RDONLY))\n"
        "os.chdir('inner')\npathlib.Path('deep.txt').read_bytes()\n",
        tmp_path,
    )
    assert {str(tmp_path / name) for name in ("read.txt", "both.txt", "inner/deep.txt")} <= report.opened
    assert report.written == set()


def test_a_file_that_is_written_by_any_means_is_reported_as_such(tmp_path: Path) -> None:
    report = told(
        "import os\nopen('a', 'w').close()\nopen('b', 'ab').close()\nopen('read.txt', 'r+').close()\n"
        "os.close(os.open('c', os.O_WRONLY | os.O_CREAT))\nos.rename('a', 'd')\nopen('both.txt').close()\n",
        tmp_path,
    )
    assert {str(tmp_path / name) for name in ("a", "b", "c", "d", "read.txt")} == report.written
    assert str(tmp_path / "both.txt") in report.opened


def test_what_lies_outside_is_installed_is_no_file_or_is_not_there_is_not_reported(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("o")
    program = (
        "import os, sys\nopen('../outside.txt').close()\nopen('env/site-packages/their.txt').close()\n"
        "os.scandir('inner').close()\n"
        "for what in ('nothing.txt', 'inner', 'null\\0byte'):\n    try: open(what)\n    except (OSError, ValueError): pass\n"
        "os.fdopen(os.dup(1)).detach().detach()\n"
    )
    report = told(program, tmp_path / "project")
    assert report.opened <= {str(tmp_path / "project" / "app.py")}


def test_nothing_is_reported_where_it_is_not_asked_for(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "open('app.py').read()\nopen('new', 'w')\n"})
    report = reported_by("app.py", cwd=tmp_path)
    assert report.opened == report.written == set()
