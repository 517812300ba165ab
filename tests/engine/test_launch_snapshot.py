"""What a file held when the run was started, and whether it holds that again."""

from __future__ import annotations

from reloader.core.changes import MISSING, FileRecord, FileStat, PathKind
from reloader.engine.files.launch_snapshot import LaunchSnapshot

FILE = FileStat(PathKind.FILE, 1, 2, 3, 4)


def test_content_that_is_back_is_as_before() -> None:
    entries = {"a": FileRecord(FILE, 1)}
    since = LaunchSnapshot(entries)
    for digest, expected in ((2, False), (3, False), (1, True)):
        since.changes("a")
        entries["a"] = FileRecord(FILE._replace(mtime_ns=digest), digest)
        assert since.holds_same_content("a") is expected


def test_what_was_not_there_is_as_before_when_it_is_gone() -> None:
    entries: dict[str, FileRecord] = {}
    since = LaunchSnapshot(entries)
    since.changes("a")
    entries["a"] = FileRecord(FILE, 1)
    assert not since.holds_same_content("a")
    del entries["a"]
    assert since.holds_same_content("a")
    entries["a"] = FileRecord(MISSING)
    assert since.holds_same_content("a")


def test_content_that_nobody_has_read_is_never_as_before() -> None:
    entries = {"a": FileRecord(FILE)}
    since = LaunchSnapshot(entries)
    since.changes("a")
    assert not since.holds_same_content("a")


def test_what_the_run_has_read_since_is_not_as_before() -> None:
    entries = {"a": FileRecord(FILE, 1), "b": FileRecord(FILE, 1)}
    since = LaunchSnapshot(entries)
    since.changes("a")
    since.reads("a")
    since.reads("b")
    since.changes("a")
    since.changes("b")
    assert (since.holds_same_content("a"), since.holds_same_content("b")) == (False, True)


def test_with_the_next_launch_all_begins_anew() -> None:
    entries = {"a": FileRecord(FILE, 1)}
    since = LaunchSnapshot(entries)
    since.changes("a")
    entries["a"] = FileRecord(FILE, 2)
    since.begin()
    assert not since.holds_same_content("a")
    since.changes("a")
    assert since.holds_same_content("a")
