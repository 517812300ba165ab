"""A program can not tell that the agent is there, on any Python, and no fault of the agent becomes one of the program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from reloader.agent.link import AGENT_DIRECTORY, AGENT_VARIABLE
from reloader.core.events import AgentAttached, ProgramCrashed
from tests.agent.reporting import Report, clean_environment, listening, reported_by, with_every_python, write
from tests.support.platforms.limits import linux_only, posix_only

LOOK = """\
import sys
modules = sorted(sys.modules)
path, hooks, cache = list(sys.path), len(sys.path_hooks), sorted(sys.path_importer_cache)
meta = [str(getattr(one, "__name__", type(one))) for one in sys.meta_path]
hook = sys.excepthook is sys.__excepthook__
import json, os, threading, traceback
descriptors = sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []
try:
    import broken
except ImportError:
    shown = traceback.format_exc()
print(json.dumps([modules, path, hooks, cache, meta, hook, threading.active_count(), descriptors, shown, sys.flags[:]]))
"""
NAMES = (
    "modules", "path", "path_hooks", "importer_cache", "meta_path", "excepthook", "threads", "descriptors", "traceback", "flags",
)  # fmt: skip


def alone(
    *arguments: str | Path, cwd: Path, python: str = sys.executable, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *map(str, arguments)],
        cwd=cwd,
        env=clean_environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@with_every_python
def test_what_a_program_finds_before_its_first_line_is_what_it_finds_without_the_agent(
    tmp_path: Path, python: str
) -> None:
    write(tmp_path, {"look.py": LOOK, "broken.py": "import nosuch\n"})
    bare = alone("look.py", cwd=tmp_path, python=python)
    report = reported_by("look.py", cwd=tmp_path, python=python)
    assert (report.code, report.err) == (bare.returncode, bare.stderr) == (0, "")
    ours, theirs = (dict(zip(NAMES, json.loads(text), strict=True)) for text in (report.out, bare.stdout))
    if "3.8" in python or "3.9" in python:
        del ours["excepthook"], theirs["excepthook"]  # on these it is the only way to hear of an uncaught exception
    assert ours == theirs
    assert str(tmp_path / "look.py") in report.files
    assert str(tmp_path / "broken.py") in report.files
    assert str(tmp_path / "nosuch.py") in report.missed


@posix_only
@with_every_python
def test_a_fork_under_warnings_as_errors_is_as_silent_as_without_the_agent(tmp_path: Path, python: str) -> None:
    write(
        tmp_path,
        {"forks.py": "import os\npid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)\nprint('forked')\n"},
    )
    report = reported_by("-W", "error", "-X", "dev", "forks.py", cwd=tmp_path, python=python)
    assert (report.code, report.out, report.err) == (0, "forked\n", "")


@with_every_python
def test_an_uncaught_exception_is_told_and_shown_as_ever(tmp_path: Path, python: str) -> None:
    write(tmp_path, {"fails.py": "import part\n", "part.py": "raise ValueError('so')\n"})
    bare = alone("fails.py", cwd=tmp_path, python=python)
    report = reported_by("fails.py", cwd=tmp_path, python=python)
    assert (report.code, report.out, report.err) == (1, bare.stdout, bare.stderr)
    assert report.crashes == ["ValueError"]


class TestTheUsersOwnSitecustomize:
    def run(self, tmp_path: Path, text: str) -> Report:
        write(
            tmp_path, {"own/sitecustomize.py": text, "app.py": "import sitecustomize\nprint(sitecustomize.__file__)\n"}
        )
        return reported_by("app.py", cwd=tmp_path, environment={"PYTHONPATH": str(tmp_path / "own")})

    def test_runs_and_is_the_one_that_is_imported(self, tmp_path: Path) -> None:
        report = self.run(tmp_path, "print('mine')\n")
        assert report.out.split() == ["mine", str(tmp_path / "own" / "sitecustomize.py")]
        assert str(tmp_path / "own" / "sitecustomize.py") in report.files

    def test_that_imports_much_is_reported_with_all_of_it(self, tmp_path: Path) -> None:
        write(tmp_path, {"own/helper.py": ""})
        report = self.run(tmp_path, "import asyncio, json, logging, helper\n")
        assert str(tmp_path / "own" / "helper.py") in report.files

    def test_that_raises_is_shown_as_without_the_agent(self, tmp_path: Path) -> None:
        text = "raise ValueError('mine')\n"
        report = self.run(tmp_path, text)
        bare = alone("app.py", cwd=tmp_path, PYTHONPATH=str(tmp_path / "own"))
        assert "ValueError: mine" in report.err
        assert (report.code, report.out, report.err) == (bare.returncode, bare.stdout, bare.stderr)

    def test_that_needs_what_is_not_there_is_shown_as_without_the_agent(self, tmp_path: Path) -> None:
        report = self.run(tmp_path, "import nosuch\n")
        bare = alone("app.py", cwd=tmp_path, PYTHONPATH=str(tmp_path / "own"))
        assert "No module named 'nosuch'" in report.err
        assert (report.code, report.err) == (bare.returncode, bare.stderr)

    def test_may_be_missing(self, tmp_path: Path) -> None:
        write(tmp_path, {"app.py": "import sys\nprint('sitecustomize' in sys.modules)\n"})
        assert reported_by("app.py", cwd=tmp_path).out == alone("app.py", cwd=tmp_path).stdout


#: The agent binds what it needs of ``os`` when it is imported. Its attachment may fail, as its caller knows, and then is over.
SABOTAGE = """\
import os, sys

def fail(*arguments, **named):
    raise ValueError("broken")

sys.path.insert(0, {inside!r})
kept, os.{name} = os.{name}, fail
import _reloader_agent
os.{name} = kept
try:
    _reloader_agent.attach({address!r})
except ValueError:
    pass
sys.path.remove({inside!r})
"""


@contextmanager
def full_pipe() -> Iterator[tuple[int, str, int]]:
    """A pipe that takes no more: its reading end, its address, and how many bytes are in it."""
    reader, writer = os.pipe()
    try:
        yield reader, f"/proc/{os.getpid()}/fd/{writer}:{os.fstat(writer).st_ino}", fill(writer)
    finally:
        os.close(reader)
        os.close(writer)


def fill(pipe: int) -> int:
    filled = 0
    if sys.platform != "win32":
        os.set_blocking(pipe, False)
        with suppress(BlockingIOError):
            while True:
                filled += os.write(pipe, b"\n" * 4096)
    return filled


class TestAFaultOfTheAgent:
    """The program prints 4 and exits with 0, whatever is wrong."""

    PROGRAM = "import os, part\nprint(2 + part.two)\n"

    def run(self, tmp_path: Path, value: str, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
        write(tmp_path, {"app.py": program, "part.py": "two = 2\n"})
        return alone("app.py", cwd=tmp_path, PYTHONPATH=AGENT_DIRECTORY, **{AGENT_VARIABLE: value})

    @pytest.mark.parametrize(
        "value",
        [
            "", "2", "nonsense", "2|||", "2|/nowhere:1|1|", "2|/nowhere:x|1|", "2|:0|1|", "1|/dev/null:0|1|", "|||", "2|/:0|1|",
            "9|a|b|c|d",
        ],
    )  # fmt: skip
    def test_a_value_that_means_nothing(self, tmp_path: Path, value: str) -> None:
        done = self.run(tmp_path, value)
        assert (done.returncode, done.stdout, done.stderr) == (0, "4\n", "")

    def test_no_value_at_all(self, tmp_path: Path) -> None:
        write(tmp_path, {"app.py": self.PROGRAM, "part.py": "two = 2\n"})
        done = alone("app.py", cwd=tmp_path, PYTHONPATH=AGENT_DIRECTORY)
        assert (done.returncode, done.stdout, done.stderr) == (0, "4\n", "")

    @posix_only
    def test_a_pipe_that_became_another_file_is_not_written_to(self, tmp_path: Path) -> None:
        other = tmp_path / "precious"
        other.write_text("content")
        done = self.run(tmp_path, f"2|{other}:{other.stat().st_ino + 1}|1|")
        assert (done.returncode, done.stdout, done.stderr) == (0, "4\n", "")
        assert other.read_text() == "content"

    def test_a_pipe_that_is_gone(self, tmp_path: Path) -> None:
        with listening() as (link, _):
            value = link.environment(1, {})[AGENT_VARIABLE]
        done = self.run(tmp_path, value)
        assert (done.returncode, done.stdout, done.stderr) == (0, "4\n", "")

    @linux_only
    def test_a_pipe_that_is_full_and_that_nobody_reads(self, tmp_path: Path) -> None:
        with full_pipe() as (_, address, _):
            done = self.run(tmp_path, f"2|{address}|1|")
        assert (done.returncode, done.stdout, done.stderr) == (0, "4\n", "")

    @linux_only
    def test_what_a_full_pipe_did_not_take_comes_with_the_next_report(self, tmp_path: Path) -> None:
        program = "import one, sys\nprint(flush=True)\nsys.stdin.read(1)\nimport two\n"
        write(tmp_path, {"app.py": program, "one.py": "", "two.py": ""})
        with full_pipe() as (reader, address, filled):
            with subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=tmp_path,
                env=clean_environment(PYTHONPATH=AGENT_DIRECTORY, **{AGENT_VARIABLE: f"2|{address}|1|"}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as child:
                assert child.stdout is not None
                child.stdout.readline()
                left = filled
                while left:
                    left -= len(os.read(reader, left))
                assert child.communicate(b".")[0] == b""
            report = os.read(reader, 65536).decode()
        for name in ("app.py", "one.py", "two.py"):
            assert os.fsencode(tmp_path / name).hex() in report

    @pytest.mark.parametrize("name", ["stat", "open", "write", "close", "fstat", "getpid", "fsencode"])
    def test_a_function_of_the_system_that_fails(self, tmp_path: Path, name: str) -> None:
        with listening() as (link, _):
            address = link.environment(1, {})[AGENT_VARIABLE]
            done = self.run(
                tmp_path, "", SABOTAGE.format(inside=AGENT_DIRECTORY, name=name, address=address) + self.PROGRAM
            )
        assert (done.returncode, done.stdout, done.stderr) == (0, "4\n", "")

    def test_a_search_path_that_holds_what_is_no_text(self, tmp_path: Path) -> None:
        program = "import sys\nsys.path[:0] = [None, 3, b'bytes']\n" + self.PROGRAM
        write(tmp_path, {"app.py": program + "try: import nosuch\nexcept ImportError: pass\n", "part.py": "two = 2\n"})
        report = reported_by("app.py", cwd=tmp_path)
        assert (report.code, report.out, report.err) == (0, "4\n", "")
        assert str(tmp_path / "part.py") in report.files
        assert str(tmp_path / "nosuch.py") in report.missed


@pytest.mark.parametrize("option", ["-I", "-S", "-E"])
def test_an_interpreter_that_takes_nothing_from_outside_runs_without_the_agent(tmp_path: Path, option: str) -> None:
    write(tmp_path, {"app.py": "print('runs')\n"})
    report = reported_by(option, "app.py", cwd=tmp_path)
    assert (report.code, report.out, report.err) == (0, "runs\n", "")
    assert report.events == []


def test_a_process_says_once_that_it_reports_and_whether_it_is_the_command_itself(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'])\n"})
    report = reported_by("app.py", cwd=tmp_path, run=7)
    hellos = report.all_of(AgentAttached)
    assert [(one.run, one.program) for one in hellos] == [(7, "app.py"), (7, "-c")]
    assert report.all_of(ProgramCrashed) == []
