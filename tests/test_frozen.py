"""A frozen program starts in the environment that PyInstaller's bootloader leaves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reloader import frozen
from reloader.frozen import RESTORE_TERMINAL_FLAG, clean, main
from tests.support.programs.announcements import ROOT

BUNDLE = os.path.join(os.sep, "opt", "reloader", "_internal")


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (
            {"_PYI_ARCHIVE_FILE": "/x", "_PYI_PARENT_PROCESS_LEVEL": "1", "_MEIPASS2": "/x", "HOME": "/h"},
            {"HOME": "/h"},
        ),
        ({"LD_LIBRARY_PATH": BUNDLE}, {}),
        (
            {"LD_LIBRARY_PATH": f"{BUNDLE}{os.pathsep}/mine", "LD_LIBRARY_PATH_ORIG": "/mine"},
            {"LD_LIBRARY_PATH": "/mine"},
        ),
        ({"LD_LIBRARY_PATH": f"{BUNDLE}{os.pathsep}/mine"}, {"LD_LIBRARY_PATH": "/mine"}),
        ({"DYLD_LIBRARY_PATH": os.path.join(BUNDLE, "lib"), "LIBPATH": BUNDLE}, {}),
        (
            {"DYLD_LIBRARY_PATH": "/mine", "LD_LIBRARY_PATH": "/a"},
            {"DYLD_LIBRARY_PATH": "/mine", "LD_LIBRARY_PATH": "/a"},
        ),
        ({"LD_LIBRARY_PATH": BUNDLE, "LD_LIBRARY_PATH_ORIG": ""}, {}),
        ({"MY_ORIG": "1", "PATH": BUNDLE}, {"MY_ORIG": "1", "PATH": BUNDLE}),
    ],
)
def test_the_environment_is_what_it_was_before_the_bootloader(found: dict[str, str], left: dict[str, str]) -> None:
    clean(found, BUNDLE)
    assert found == left


def test_without_a_bundle_the_environment_is_unchanged() -> None:
    found = {"LD_LIBRARY_PATH": "/mine"}
    clean(found, "")
    assert found == {"LD_LIBRARY_PATH": "/mine"}


def test_it_runs_the_program_with_a_clean_environment() -> None:
    text = "import sys; from reloader.frozen import main; sys.exit(main())"
    command = [sys.executable, "-c", text, "--", sys.executable, "-c", "import os; print(sorted(os.environ))"]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), "_PYI_ARCHIVE_FILE": "/x"},
        cwd=ROOT / "config",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "'RELOADER_RUN'" in done.stdout
    assert "_PYI_" not in done.stdout


def test_a_ctrl_c_before_the_session_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("reloader.cli.main.main", interrupted)
    monkeypatch.setattr(sys, "argv", ["reloader"])
    assert main() == 130


@pytest.mark.skipif(sys.platform == "win32", reason="only terminals of POSIX have a foreground group to be given back")
def test_for_the_guard_it_only_restores_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "reloader.system.posix.terminal.RESTORE_TERMINAL", "import sys\nsys.stdout.write(repr(sys.argv))"
    )
    monkeypatch.setattr(sys, "argv", ["reloader", RESTORE_TERMINAL_FLAG, "1", "2", "-"])
    printed: list[str] = []
    monkeypatch.setattr("sys.stdout.write", printed.append)
    assert frozen.main() == 0
    assert printed == ["['reloader', '1', '2', '-']"]
