"""Who our descendants are, by what the kernel says."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux lists the children of a process", allow_module_level=True)

import os
import subprocess
from pathlib import Path

from reloader.system.posix import process_tree as descendants_module
from reloader.system.posix.process_tree import adopt_orphans, children, descendants
from tests.support.assertions.eventually import eventually

NESTED = "sleep 60 & echo $! >told; wait"


@pytest.fixture(autouse=True)
def orphans_come_to_us() -> None:
    """So that a test can bury its own."""
    adopt_orphans()


def test_children_of_children_are_descendants_and_not_children(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sh", "-c", NESTED], cwd=tmp_path, start_new_session=True) as outer:
        try:
            inner = told(tmp_path)
            assert outer.pid in children()
            assert inner not in children()
            assert {outer.pid, inner} <= set(descendants())
        finally:
            os.killpg(outer.pid, 9)
    gone(inner)


def test_the_descendants_of_bystanders_are_left_out(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sh", "-c", NESTED], cwd=tmp_path, start_new_session=True) as outer:
        try:
            inner = told(tmp_path)
            found = descendants(frozenset({outer.pid}))
            assert outer.pid not in found
            assert inner not in found
        finally:
            os.killpg(outer.pid, 9)
    gone(inner)


def test_zombies_count(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        stat = Path(f"/proc/{process.pid}/stat")
        eventually(lambda: ") Z " in stat.read_text(), what="the process ends")
        assert process.pid in children()
        assert process.pid in descendants()
    assert process.pid not in children()


def test_orphans_become_children_of_the_process_that_adopts_them(tmp_path: Path) -> None:
    orphan_of = "sleep 60 & echo $! >told"
    with subprocess.Popen(["/bin/sh", "-c", orphan_of], cwd=tmp_path):
        orphan = told(tmp_path)
    assert orphan in children()
    os.kill(orphan, 9)
    assert os.waitpid(orphan, 0)[0] == orphan


def test_a_process_that_ends_meanwhile_has_no_children() -> None:
    with subprocess.Popen(["true"]) as process:
        pass
    assert descendants_module._children(process.pid) == []
    assert descendants_module._children_of_thread(f"/proc/{process.pid}/task/{process.pid}/children") == []


def told(folder: Path) -> int:
    """The pid that a shell wrote there, of one process and no other that would have to be buried."""
    path = folder / "told"
    return int(eventually(lambda: path.exists() and path.read_text().strip(), what="a pid") or "0")


def gone(pid: int) -> None:
    """Until an orphan is gone that may have become ours."""

    def is_gone() -> bool:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return not Path(f"/proc/{pid}").exists()
        return False

    eventually(is_gone, what="the orphan is gone")
