"""As the first process of a container, the program reaps all orphans and gets only the signals that it handles."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from tests.support.assertions.eventually import eventually
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader, is_onefile

if sys.platform != "linux":
    pytest.skip("only Linux has namespaces of processes", allow_module_level=True)

#: A container as far as processes go: with pids of its own, and nobody left in it when the first one ends.
CONTAINER = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc")
#: So long ``docker stop`` waits before it kills, in seconds.
PATIENCE_OF_DOCKER = 10.0

BEGIN = """\
import os, select, signal, subprocess, sys
def say(*words): print(*words, flush=True)
def stay():
    while True: select.select([], [], [], 1)
"""
STAY = BEGIN + "say('ready'); stay()\n"
STUBBORN = BEGIN + "signal.signal(signal.SIGTERM, signal.SIG_IGN); say('ready'); stay()\n"
LISTENING = BEGIN + "signal.signal(signal.SIGUSR2, lambda number, frame: say('got SIGUSR2')); say('ready'); stay()\n"
ORPHANING = (
    BEGIN
    + """\
for _ in range(5):
    subprocess.run(["sh", "-c", "sleep 0.01 &"], check=True)
say("ready")
stay()
"""
)


def refusal() -> str | None:
    """Return the reason why no container can run here, or None."""
    try:
        done = subprocess.run([*CONTAINER, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no unshare(1)"
    return None if done.returncode == 0 else f"the kernel refuses a namespace of processes: {done.stderr.strip()}"


WHY_NOT = refusal()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


class Contained(Reloader):
    """A session in a container. Its process is that of the container, and the program is the child."""

    @property
    def program(self) -> psutil.Process:
        (program,) = eventually(psutil.Process(self.pid).children, what="the first process of the container")
        return program

    def signal(self, number: int) -> None:
        self.program.send_signal(number)


def contained(tmp_path: Path, text: str, **config: object) -> Contained:
    return Contained("--config", project(tmp_path, {"app.py": text}, command=python("app.py"), **config),
                     cwd=tmp_path, through=CONTAINER)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_command_and_the_container(tmp_path: Path, number: signal.Signals) -> None:
    with contained(tmp_path, STAY) as reloader:
        reloader.wait_for_line("ready")
        reloader.signal(number)
        assert reloader.wait_for_exit() == 128 + number
        assert reloader.wait_for("ended")["stopped"]


def test_it_kills_a_stubborn_command_before_docker_kills_the_container(tmp_path: Path) -> None:
    with contained(tmp_path, STUBBORN) as reloader:
        reloader.wait_for_line("ready")
        reloader.signal(signal.SIGTERM)
        assert reloader.wait_for_exit(within=PATIENCE_OF_DOCKER) == 137
        steps = reloader.wait_for("ended")["steps"]
        assert [step["kind"] for step in steps] == ["asked", "killed", "gone"]


def test_sigusr1_restarts_and_sigusr2_is_forwarded(tmp_path: Path) -> None:
    with contained(tmp_path, LISTENING) as reloader:
        reloader.wait_for_line("ready")
        reloader.signal(signal.SIGUSR2)
        reloader.wait_for_line("got SIGUSR2")
        reloader.signal(signal.SIGUSR1)
        reloader.wait_for("launched", run=2)
        reloader.wait_for_line("ready")
        reloader.signal(signal.SIGTERM)
        assert reloader.wait_for_exit() == 143


@pytest.mark.skipif(is_onefile(), reason="the first process is PyInstaller's bootloader, which buries nobody")
@pytest.mark.parametrize("ends", [False, True])
def test_orphans_are_reaped_even_between_runs(tmp_path: Path, ends: bool) -> None:
    text = ORPHANING.replace("stay()\n", "sys.exit(1)\n") if ends else ORPHANING
    with contained(tmp_path, text, on_exit="wait") as reloader:
        reloader.wait_for_line("ready")
        if ends:
            reloader.wait_for("waiting_for_change")
        end = tmp_path / "end"
        os.mkfifo(end)
        orphan = let_in(reloader, "cat", str(end))
        end.write_text("")  # that cat ends is the only news there is
        eventually(lambda: not orphan.is_running(), what="the orphan is buried")
        eventually(lambda: not any(map(is_zombie, reloader.program.children())), what="no zombie is left")
        reloader.signal(signal.SIGTERM)
        assert reloader.wait_for_exit() == 143


def let_in(reloader: Contained, *command: str) -> psutil.Process:
    """Start a process from outside that becomes an orphan, as by ``docker exec``."""
    enter = ["nsenter", "--user", "--preserve-credentials", "--pid", "--target", str(reloader.program.pid)]
    subprocess.run([*enter, "sh", "-c", f"{shlex.join(command)} & exit 0"], check=True)
    (guest,) = eventually(
        lambda: [one for one in reloader.program.children() if is_there(one, command)], what=f"{command[0]} runs"
    )
    return guest


def is_there(process: psutil.Process, command: Sequence[str]) -> bool:
    """Return True if the process has become ``command`` and runs."""
    try:
        return process.cmdline() == [*command]
    except psutil.NoSuchProcess:  # also a zombie
        return False


def is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_other_processes_in_the_container_survive_a_restart(tmp_path: Path) -> None:
    with contained(tmp_path, STAY) as reloader:
        reloader.wait_for_line("ready")
        guest = let_in(reloader, "sleep", "1000")
        save(tmp_path / "app.py", STAY + "# edited\n")
        reloader.wait_for("launched", run=2)
        reloader.wait_for_line("ready")
        assert guest.is_running()
        reloader.signal(signal.SIGTERM)
        assert reloader.wait_for_exit() == 143
