"""A onefile build is two processes: who kills the one that can be seen means both."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip(
        "on Windows the job object of a run is closed with the program, whatever ended it", allow_module_level=True
    )

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from reloader.core.events import StopRequested
from reloader.system import onefile
from reloader.system.onefile import is_unpacked
from tests.support.platforms.limits import linux_only
from tests.support.programs.announcements import FACT_TIMEOUT, Announcements
from tests.support.programs.processes import reaping_orphans
from tests.support.sessions.program import environment_of_program

#: What PyInstaller's bootloader does: it starts the program as a child of its own, and waits.
BOOTLOADER = """
import subprocess, sys
program = "import sys; sys._MEIPASS = '/tmp/_MEI-made-up'; from reloader.cli.main import main; sys.exit(main())"
sys.exit(subprocess.call([sys.executable, "-c", program, *sys.argv[1:]]))
"""


@pytest.fixture
def programs() -> Iterator[Announcements]:
    made = Announcements()
    with reaping_orphans():
        yield made
        made.close()


@pytest.mark.parametrize(
    ("bundle", "unpacked"),
    [(None, False), ("/elsewhere/_MEI1", True), ("{beside}/_internal", False), ("{beside}", False)],
)
def test_only_what_was_unpacked_elsewhere_has_a_bootloader(
    bundle: str | None, unpacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bundle is not None:
        beside = os.path.dirname(os.path.realpath(sys.executable))
        monkeypatch.setattr(sys, "_MEIPASS", bundle.format(beside=beside), raising=False)
    assert is_unpacked() is unpacked


@linux_only
@pytest.mark.parametrize("through", [(), ("nohup",)])
def test_the_session_ends_with_the_bootloader(
    programs: Announcements, tmp_path: Path, through: tuple[str, ...]
) -> None:
    with subprocess.Popen(
        [*through, sys.executable, "-c", BOOTLOADER, "--", *programs.command("polite")],
        cwd=tmp_path,
        env=environment_of_program(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as visible:
        started = programs.wait_for("started", "polite")
        visible.kill()
        assert programs.wait_for("asked", "polite")["signal"] == signal.SIGTERM
        programs.wait_for_end_of(started)
        assert visible.wait(FACT_TIMEOUT) == -signal.SIGKILL
        assert visible.stderr is not None
        visible.stderr.read()  # which ends with the last of them


@linux_only
def test_a_bootloader_that_ended_before_is_noticed() -> None:
    posted: list[object] = []
    assert onefile._is_our_program(os.getpid())
    assert not onefile._is_our_program(_pid_of_nobody())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onefile, "_is_our_program", lambda pid: False)
        patch.setattr(onefile, "_request_parent_death_signal", lambda number: None)
        onefile.end_with_bootloader(posted.append)
    assert posted == [StopRequested(signal.SIGHUP)]


def _pid_of_nobody() -> int:
    with subprocess.Popen(["true"]) as gone:
        return gone.pid
