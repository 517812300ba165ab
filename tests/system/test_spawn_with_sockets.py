"""A run that is handed sockets: what it finds, under which numbers, and that nothing else of it has changed."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there are no sockets for the runs on Windows", allow_module_level=True)

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reloader.core.addresses import Address, ListeningSocket, SocketSpec
from reloader.core.events import RunEnded
from reloader.core.outcome import Exited, Signalled
from reloader.interfaces import ChildNotLaunched
from reloader.system import Sockets
from reloader.system.posix import spawn
from reloader.system.posix.process_host import ProcessHost
from reloader.system.posix.process_tree import PosixChild
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only

TELL = """\
import json, os, socket, sys
def described(fd):
    try: return socket.socket(fileno=os.dup(fd)).getsockname()
    except OSError: return None
told = {"pid": os.getpid(), "argv": sys.orig_argv, "environment": dict(os.environ),
        "sockets": {fd: described(fd) for fd in map(int, os.listdir("/dev/fd")) if fd > 2}}
with open("told~", "w") as file: json.dump(told, file)
os.replace("told~", "told")
"""


class Runs:
    """Runs in ``directory`` that are handed two sockets."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._sockets = Sockets()
        self.pending = self._sockets.open([SocketSpec(Address("127.0.0.1", 0), "a test")] * 2)
        self.host = ProcessHost(lambda event: None, sockets=self._sockets)

    def launch(self, *argv: str, environment: Mapping[str, str] | None = None) -> PosixChild:
        given = dict(os.environ) if environment is None else environment
        child = self.host.launch(argv, cwd=str(self.directory), environment=given, run=1)
        assert isinstance(child, PosixChild), child.why
        return child

    def tells(self, *argv: str, **more: str) -> dict[str, Any]:
        """What a run of Python finds; it has ended then."""
        child = self.launch(*argv, "-c", TELL, environment={**os.environ, **more})
        assert self.end() == RunEnded(1, Exited(0))
        told: dict[str, Any] = json.loads((self.directory / "told").read_text())
        assert told["pid"] == child.pid
        return told

    def end(self) -> RunEnded:
        def ended() -> list[RunEnded]:
            return [one for one in self.host.collect(time.monotonic()) if isinstance(one, RunEnded)]

        return eventually(ended, what="the end of the run")[0]

    def close(self) -> None:
        self.host.close()
        self._sockets.close()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.close()


def test_the_sockets_have_the_numbers_from_3_on_and_there_are_no_others(runs: Runs) -> None:
    found = {int(fd): where for fd, where in runs.tells(sys.executable)["sockets"].items() if where is not None}
    assert {fd: Address(*where) for fd, where in found.items()} == dict(map(_by_number, runs.pending))


def _by_number(one: ListeningSocket) -> tuple[int, object]:
    return one.descriptor, one.address


def test_the_program_has_the_pid_of_listen_pid_and_its_own_name(runs: Runs) -> None:
    told = runs.tells("python3", PATH=f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}")
    assert told["environment"]["LISTEN_PID"] == str(told["pid"])
    assert told["argv"][0] == "python3"


def test_a_relative_path_is_that_of_the_directory_of_the_run(runs: Runs) -> None:
    (runs.directory / "interpreter").symlink_to(sys.executable)
    assert runs.tells("./interpreter")["argv"][0] == "./interpreter"


def test_variables_arrive_whatever_they_are_called_and_hold(runs: Runs) -> None:
    odd = {"a.b": "1 2", "-x": "y", "LINES": "a\nb", "QUOTED": "'\"$HOME", "BYTES": "\udcff", "EMPTY": ""}
    told = runs.tells(sys.executable, **odd)["environment"]
    assert {name: told.get(name) for name in odd} == odd


def test_words_arrive_as_they_are(runs: Runs) -> None:
    words = ("", "a b", "$HOME", "*", "'", "--", "-x")
    runs.launch(sys.executable, "-c", "import sys, json; json.dump(sys.argv[1:], open('words', 'w'))", *words)
    assert runs.end() == RunEnded(1, Exited(0))
    assert json.loads((runs.directory / "words").read_text()) == list(words)


def test_a_missing_command_is_known_before_the_start(runs: Runs) -> None:
    answer = runs.host.launch(["no-such-program"], cwd=str(runs.directory), environment=os.environ, run=1)
    assert isinstance(answer, ChildNotLaunched)
    assert answer.exit_code == 127


def test_a_command_that_is_not_executable_exits_as_in_a_shell(runs: Runs, capfd: pytest.CaptureFixture[str]) -> None:
    broken = runs.directory / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    runs.launch("./broken")
    outcome = runs.end().outcome
    assert isinstance(outcome, Exited)
    assert outcome.code in (126, 127)
    assert "broken" in capfd.readouterr().err


def test_without_a_shell_nothing_is_started_and_the_reason_is_known(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawn, "_SHELL", "/there/is/no/shell")
    answer = runs.host.launch([sys.executable], cwd=str(runs.directory), environment=os.environ, run=1)
    assert isinstance(answer, ChildNotLaunched)
    why = "/there/is/no/shell cannot be started, which passes on the sockets: No such file or directory"
    assert (answer.exit_code, answer.why) == (126, why)


def test_a_missing_directory_is_reported_as_without_sockets(runs: Runs) -> None:
    gone = str(runs.directory / "gone")
    answer = runs.host.launch([sys.executable], cwd=gone, environment=os.environ, run=1)
    assert isinstance(answer, ChildNotLaunched)
    assert answer.why.endswith("its interpreter or its directory is missing")


def test_a_stop_signal_reaches_the_program_itself(runs: Runs) -> None:
    child = runs.launch(sys.executable, "-c", "open('up', 'w').close(); import signal; signal.pause()")
    eventually((runs.directory / "up").exists, what="it is up")
    child.stop(signal.SIGTERM)
    assert runs.end().outcome == Signalled(signal.SIGTERM)


@linux_only
def test_no_other_process_inherits_the_sockets(runs: Runs) -> None:
    runs.launch(sys.executable, "-c", "open('up', 'w').close(); import signal; signal.pause()")
    eventually((runs.directory / "up").exists, what="it is up")
    inodes = {f"socket:[{os.fstat(fd).st_ino}]" for fd in runs._sockets.refreshed()}
    child = runs.host._child
    assert child is not None
    holders = {pid for pid in _processes() if inodes & _open_in(pid)}
    assert holders == {os.getpid(), child.pid}
    child.kill()
    runs.end()


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _open_in(pid: int) -> set[str]:
    found = set()
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            found.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    except OSError:
        return found
    return found
