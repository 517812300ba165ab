"""The program as a shell runs it: exit codes, errors without a traceback, and no heavy import for --version."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reloader import __version__
from reloader.cli import context
from reloader.cli.main import main
from tests.support.platforms.limits import posix_only
from tests.support.programs.announcements import FACT_TIMEOUT, ROOT


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reloader", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=FACT_TIMEOUT,
        check=False,
    )


@pytest.mark.usefixtures("here")
class TestExitCodes:
    @pytest.mark.parametrize("code", [0, 7, 255])
    def test_are_those_of_the_command(self, code: int) -> None:
        assert main(["--backend", "stat", "--", sys.executable, "-c", f"raise SystemExit({code})"]) == code

    @posix_only
    def test_of_a_command_that_a_signal_ends_are_128_plus_its_number(self) -> None:
        assert main(["--backend", "stat", "--", "/bin/sh", "-c", "kill -9 $$"]) == 128 + signal.SIGKILL

    def test_of_a_missing_command_are_127(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--backend", "stat", "--", "there-is-no-such-program"]) == 127
        assert '"there-is-no-such-program" was not found' in capsys.readouterr().err

    def test_of_an_invalid_configuration_are_2_with_a_line_for_each_problem(
        self, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (here / "reloader.toml").write_text('command = []\ninterval = -1\nwhat = "is this"\n')
        assert main([]) == 2
        written = capsys.readouterr()
        assert written.out == ""
        lines = written.err.splitlines()
        assert len(lines) >= 3
        assert all(line.startswith("[reloader] ") for line in lines)

    def test_of_an_unavailable_backend_are_2_with_the_remedy(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("WATCHMAN_SOCK", str(here / "no.sock"))
        assert main(["--backend", "watchman", "--", "true"]) == 2
        assert 'backend = "auto"' in capsys.readouterr().err

    def test_of_an_unknown_flag_are_2(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            main(["--intervall", "1"])
        assert ended.value.code == 2
        assert "--interval" in capsys.readouterr().err

    def test_of_a_ctrl_c_before_the_session_starts_are_130(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*arguments: object, **more: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr("reloader.app.session.run_session", interrupted)
        assert main(["--", "true"]) == 130


class TestWithoutATraceback:
    def test_a_missing_command_is_reported(self, here: Path) -> None:
        done = run(cwd=here)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert done.stderr.startswith("[reloader] ")

    @posix_only
    def test_a_deleted_current_directory_is_reported(self, here: Path) -> None:
        gone = here / "gone"
        gone.mkdir()
        shell = f"rmdir '{gone}' && exec '{sys.executable}' -m reloader -- true"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = ["/bin/sh", "-c", shell]
        done = subprocess.run(
            command, cwd=gone, env=environment, capture_output=True, text=True, timeout=FACT_TIMEOUT, check=False
        )
        assert done.returncode == 2
        assert done.stderr == "[reloader] the current directory was deleted. Change into a directory that exists\n"

    @posix_only
    def test_closed_streams_are_not_an_error(self, here: Path) -> None:
        """A descriptor that the program opens must not become the standard stream of the command."""
        output = "import os; open('output', 'w').write(' '.join(os.readlink(f'/dev/fd/{n}') for n in range(3)))"
        shell = f"exec '{sys.executable}' -m reloader --backend stat -- '{sys.executable}' -c \"{output}\" <&- >&- 2>&-"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["/bin/sh", "-c", shell], cwd=here, env=environment, timeout=FACT_TIMEOUT, check=False)
        assert done.returncode == 0
        if sys.platform == "linux":
            assert (here / "output").read_text() == " ".join([os.devnull] * 3)


class TestAsAProgram:
    def test_python_m_reloader_is_the_program(self, here: Path) -> None:
        done = run("--backend", "stat", "--", sys.executable, "-c", "print('ran'); raise SystemExit(5)", cwd=here)
        assert (done.returncode, done.stdout) == (5, "ran\n")
        assert "[reloader] watching" in done.stderr

    def test_its_own_messages_go_to_standard_error(self, here: Path) -> None:
        done = run("--verbose", "--backend", "stat", "--", sys.executable, "-c", "pass", cwd=here)
        assert done.stdout == ""
        assert "[reloader] finished with exit code 0" in done.stderr

    def test_the_version_is_one_line(self, here: Path) -> None:
        assert run("--version", cwd=here).stdout == f"reloader {__version__}\n"


def test_a_program_without_a_standard_error_writes_to_the_null_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    stream = context.standard_error()
    try:
        assert stream.name == os.devnull
    finally:
        stream.close()


class TestTheDoctor:
    def test_shows_how_files_are_watched_and_exits_with_0(self, here: Path) -> None:
        (here / "app.py").write_text("")
        done = run("doctor", "--backend", "stat", "--interval", "0.1", cwd=here)
        assert (done.returncode, done.stderr) == (0, "")
        assert "watching and scanning 1 file in 1 directory took" in done.stdout
        assert "a change was noticed after" in done.stdout

    def test_exits_with_1_after_a_warning(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from reloader.app import doctor
        from reloader.core.notices import EventsOverflowed

        monkeypatch.setattr(
            doctor, "examine", lambda settings, console: console.report(EventsOverflowed("a backend", ""))
        )
        assert main(["doctor"]) == 1
        assert main(["doctor", "--quiet"]) == 1

    def test_writes_json(self, here: Path) -> None:
        done = run("doctor", "--json", "--backend", "stat", "--interval", "0.1", cwd=here)
        kinds = {json.loads(line)["notice"] for line in done.stdout.splitlines()}
        assert {"doctor_scan", "doctor_root"} <= kinds
