"""Mounts below the watched directory, in a private mount namespace that needs no privileges."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs.projects import project, save
from tests.support.sessions.program import Reloader
from tests.support.watching.backends import needs_watchdog

ALONE = ("unshare", "--user", "--map-root-user", "--mount")


def _may_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return (
        subprocess.run([*ALONE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode
        == 0
    )


pytestmark = [
    pytest.mark.skipif(not _may_mount(), reason="this system lets no user have a mount namespace of their own"),
    needs_watchdog,
]
#: Says which files there are; unmounts what is mounted at a word.
LISTING = """\
echo "here: $(cat mounted/* 2>/dev/null)"
while read -r word; do
    [ "$word" != unmount ] || umount -l mounted
done
"""


def session(tmp_path: Path, mount: str) -> Reloader:
    """A session in a project with a directory ``mounted``, after the shell command ``mount``."""
    here = tmp_path / "project"
    config = project(here, {"tell.sh": LISTING}, command=["sh", "tell.sh"], backend="auto")
    (here / "mounted").mkdir()
    setting = f'{mount} && exec "$@"'
    return Reloader("--config", config, cwd=here, through=[*ALONE, "sh", "-ec", setting, "sh"])


def test_an_edit_of_the_source_of_a_bind_mount_causes_a_restart(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere" / "file.txt", "first")
    with session(tmp_path, f"mount --bind '{tmp_path}/elsewhere' mounted") as reloader:
        reloader.wait_for_line("here: first")
        save(tmp_path / "elsewhere" / "file.txt", "second")
        reloader.wait_for_line("here: second")
        assert reloader.runs_up_to(2) == [1, 2]


def test_unmounted_files_are_removed_files(tmp_path: Path) -> None:
    with session(tmp_path, "mount -t tmpfs tmpfs mounted && echo first >mounted/file.txt") as reloader:
        reloader.wait_for_line("here: first")
        reloader.say("unmount\n")
        reloader.wait_for_line("here: ")
        changed = reloader.wait_for("changed")
        assert [(Path(one["path"]).name, one["kind"]) for one in changed["batch"]] == [("file.txt", "removed")]


def test_an_unmount_without_an_event_is_found_by_the_rescan(tmp_path: Path) -> None:
    """The file system stays mounted elsewhere, so the kernel reports nothing."""
    save(tmp_path / "elsewhere" / "file.txt", "first")
    with session(tmp_path, f"mount --bind '{tmp_path}/elsewhere' mounted") as reloader:
        reloader.wait_for_line("here: first")
        reloader.say("unmount\n")
        missed = reloader.wait_for("events_missed")
        assert [Path(path).name for path in missed["paths"]] == ["file.txt"]
        reloader.wait_for_line("here: ")


def test_a_mount_with_unreliable_events_is_polled(tmp_path: Path) -> None:
    """Files of proc have no events. It stands for all such file systems."""
    here = tmp_path / "project"
    config = project(
        here, {"tell.sh": LISTING, "app.py": ""}, command=["sh", "tell.sh"], backend="auto", watch=["*.py"]
    )
    (here / "mounted").mkdir()
    setting = 'mount --rbind /proc/self/attr mounted && exec "$@"'
    with Reloader("--config", config, cwd=here, through=[*ALONE, "sh", "-ec", setting, "sh"]) as reloader:
        polling = reloader.wait_for("polling")
        assert (polling["directory"], polling["file_system"]) == (str(here / "mounted"), "proc")
        reloader.wait_for_line("here: ")
        save(here / "app.py", "VALUE = 1\n")
        assert reloader.runs_up_to(2) == [1, 2]
