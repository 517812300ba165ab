"""How a program ended decides what follows: an uncaught exception waits for its repair, every other end is meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.agent.reporting import reported_by, write
from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader

READY = "import sys\nprint('ready', flush=True)\nsys.stdin.read()\n"

MEANT = {
    "sys.exit(7)": ("import sys\nsys.exit(7)\n", 7),
    "sys.exit with a text": ("import sys\nsys.exit('no')\n", 1),
    "os._exit(1) after an exception that was caught": ("import os\ntry: 1 / 0\nexcept Exception: os._exit(1)\n", 1),
    "sys.exit(1) while an exception is handled": ("import sys\ntry: 1 / 0\nexcept Exception: sys.exit(1)\n", 1),
    "an exception in a thread": (
        "import sys, threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()\nsys.exit(1)\n",
        1,
    ),
    "the crash of a worker": (
        "import subprocess, sys\nsubprocess.run([sys.executable, 'worker.py'])\nsys.exit(7)\n",
        7,
    ),
    "the crash of a worker and a clean end": (
        "import subprocess, sys\nsubprocess.run([sys.executable, 'worker.py'])\n",
        0,
    ),
}


@pytest.mark.parametrize("case", MEANT)
def test_an_end_that_is_meant_is_passed_on(tmp_path: Path, case: str) -> None:
    source, code = MEANT[case]
    config = project(tmp_path, {"app.py": source, "worker.py": "1 / 0\n"}, command=python("app.py"), watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == code
        assert reloader.runs == [1]


CRASHES = {
    "an exception": "raise ValueError('so')\n",
    "an exception with a text that cannot be had": "class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E\n",
    "an exception out of the standard library": "import json\njson.loads('{')\n",
    "a syntax error": "def (:\n",
    "an exception under a hook of the program": "import sys\nsys.excepthook = lambda *a: print('hooked')\nraise ValueError\n",
    "an exception after another": "try: 1 / 0\nexcept Exception as error: raise ValueError from error\n",
    "a module that is missing": "import nosuch\n",
    "an exception of the exit handlers' time": "import atexit\natexit.register(print, 'bye')\nraise ValueError\n",
}


@pytest.mark.parametrize("case", CRASHES)
def test_an_uncaught_exception_in_the_first_run_waits_for_its_repair(tmp_path: Path, case: str) -> None:
    config = project(tmp_path, {"app.py": CRASHES[case]}, command=python("app.py"), watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for("waiting_for_change")
        assert reloader.all_of("ended")[0]["outcome"] == {
            "kind": "exited",
            "code": 1,
            "was_foreground": False,
            "uncaught_exception": True,
        }
        save(tmp_path / "app.py", READY)
        reloader.wait_for_line("ready")
        assert reloader.runs == [1, 2]


@posix_only
def test_an_exception_of_a_program_that_a_shell_started_waits_as_well(tmp_path: Path) -> None:
    files = {"app.py": "1 / 0\n", "run.sh": f"{sys.executable} app.py\nexit $?\n"}
    config = project(tmp_path, files, command=["sh", "run.sh"], watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for("waiting_for_change")
        save(tmp_path / "app.py", READY)
        reloader.wait_for_line("ready")


def test_an_exception_that_no_watched_file_has_to_do_with_is_passed_on(tmp_path: Path) -> None:
    """Nobody could repair it by an edit."""
    with Reloader("--", *python("-c", "1 / 0"), cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 1


class TestAReportOfACrash:
    def test_names_every_file_of_the_traceback(self, tmp_path: Path) -> None:
        files = {"app.py": "exec(compile(open('run.txt').read(), 'run.txt', 'exec'))\n", "run.txt": "1 / 0\n"}
        write(tmp_path, files)
        report = reported_by("app.py", cwd=tmp_path)
        assert report.files == {str(tmp_path / "app.py"), str(tmp_path / "run.txt")}
        assert report.crashes == ["ZeroDivisionError"]

    def test_names_the_file_of_a_syntax_error_that_was_no_import(self, tmp_path: Path) -> None:
        write(tmp_path, {"app.py": "compile(open('t.txt').read(), 't.txt', 'exec')\n", "t.txt": "def (:\n"})
        report = reported_by("app.py", cwd=tmp_path)
        assert str(tmp_path / "t.txt") in report.files
        assert report.crashes == ["SyntaxError"]

    def test_names_the_files_of_the_exceptions_behind_it(self, tmp_path: Path) -> None:
        program = "try: exec(compile('1 / 0', 'cause.txt', 'exec'))\nexcept Exception as e: raise ValueError from e\n"
        write(tmp_path, {"app.py": program, "cause.txt": "1 / 0"})
        assert str(tmp_path / "cause.txt") in reported_by("app.py", cwd=tmp_path).files

    @pytest.mark.parametrize("directory", ["bin", "Scripts"])
    def test_does_not_name_a_console_script(self, tmp_path: Path, directory: str) -> None:
        """A console script belongs to an installed package. The files that it imports may be the user's."""
        script = (
            f"import sys\nsys.prefix = {str(tmp_path / 'env')!r}\nsys.path.insert(0, {str(tmp_path)!r})\nimport app\n"
        )
        write(tmp_path, {f"env/{directory}/serve": script, "app.py": "1 / 0\n"})
        report = reported_by(
            "-c", f"exec(compile({script!r}, {str(tmp_path / 'env' / directory / 'serve')!r}, 'exec'))", cwd=tmp_path
        )
        assert report.files == {str(tmp_path / "app.py")}
        assert report.crashes == ["ZeroDivisionError"]

    @pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "raise SystemExit(1)", "raise GeneratorExit", "pass"])
    def test_is_not_made_of_what_is_no_error(self, tmp_path: Path, end: str) -> None:
        write(tmp_path, {"app.py": end + "\n"})
        assert reported_by("app.py", cwd=tmp_path).crashes == []
