"""What a file held when the run was started, and whether it holds that again."""

from __future__ import annotations

from reloader.core.changes import MISSING, FileRecord, FileStat, PathKind
from reloader.engine.files.launch_snapshot import LaunchSnapshot

FILE = FileStat(PathKind.FILE, 1, 2, 3, 4)


def test_content_that_is_restored_is_reverted() -> None:
    entries = {"a": FileRecord(FILE, 1)}
    snapshot = LaunchSnapshot(entries)
    for digest, expected in ((2, False), (3, False), (1, True)):
        snapshot.note_change("a")
        entries["a"] = FileRecord(FILE._replace(mtime_ns=digest), digest)
        assert snapshot.is_reverted("a") is expected


def test_a_new_file_that_is_removed_is_reverted() -> None:
    entries: dict[str, FileRecord] = {}
    snapshot = LaunchSnapshot(entries)
    snapshot.note_change("a")
    entries["a"] = FileRecord(FILE, 1)
    assert not snapshot.is_reverted("a")
    del entries["a"]
    assert snapshot.is_reverted("a")
    entries["a"] = FileRecord(MISSING)
    assert snapshot.is_reverted("a")


def test_content_that_was_not_read_is_never_reverted() -> None:
    entries = {"a": FileRecord(FILE)}
    snapshot = LaunchSnapshot(entries)
    snapshot.note_change("a")
    assert not snapshot.is_reverted("a")


def test_a_file_that_the_run_has_read_since_is_not_reverted() -> None:
    entries = {"a": FileRecord(FILE, 1), "b": FileRecord(FILE, 1)}
    snapshot = LaunchSnapshot(entries)
    snapshot.note_change("a")
    snapshot.note_read("a")
    snapshot.note_read("b")
    snapshot.note_change("a")
    snapshot.note_change("b")
    assert (snapshot.is_reverted("a"), snapshot.is_reverted("b")) == (False, True)


def test_the_next_launch_resets_it() -> None:
    entries = {"a": FileRecord(FILE, 1)}
    snapshot = LaunchSnapshot(entries)
    snapshot.note_change("a")
    entries["a"] = FileRecord(FILE, 2)
    snapshot.reset()
    assert not snapshot.is_reverted("a")
    snapshot.note_change("a")
    assert snapshot.is_reverted("a")
