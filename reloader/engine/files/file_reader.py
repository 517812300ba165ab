"""One look at one file: what stat says and, where the content is what counts, a digest of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reloader.core.changes import CONTENT_LIMIT, FileRecord, FileStat, PathKind
from reloader.interfaces import Disk

#: A stamp younger than this, in nanoseconds, may hide a second write: some file systems count in steps of two seconds.
YOUNG = 2_000_000_000


class FileReader:
    """Looks at files. ``by_content`` says that files up to 1 MiB are read."""

    def __init__(self, disk: Disk, *, by_content: bool) -> None:
        self._disk = disk
        self.by_content = by_content

    def glance(self, path: str) -> FileStat:
        return as_file(self._disk.stat(path))

    def look(self, path: str) -> FileRecord:
        """Stamp and digest of the same moment; the stamp alone where the content does not count or cannot be read."""
        stamp = self.glance(path)
        read = self._disk.digest(path) if self._is_readable(stamp) else None
        return FileRecord(*read) if read is not None else FileRecord(stamp)

    def can_read(self, entry: FileRecord) -> bool:
        """Whether the content of this file counts and is not known yet."""
        return entry.digest is None and self._is_readable(entry.stat)

    def is_racy(self, entry: FileRecord | None) -> bool:
        """Whether a hint with an unchanged stamp deserves a look at the content: the clock of a disk is coarse (git: "racy")."""
        return entry is not None and self._is_readable(entry.stat) and self.is_recent(entry.stat)

    def is_recent(self, stamp: FileStat) -> bool:
        return self._disk.now_ns() - max(stamp.mtime_ns, stamp.ctime_ns) < YOUNG

    def recent_among(self, paths: Iterable[str], entries: Mapping[str, FileRecord]) -> list[str]:
        """Those of ``paths`` whose stamp may hide a second write."""
        horizon = self._disk.now_ns() - YOUNG
        looks = ((path, entries[path].stat) for path in paths)
        return [path for path, stamp in looks if stamp.mtime_ns > horizon or stamp.ctime_ns > horizon]

    def _is_readable(self, stamp: FileStat) -> bool:
        return self.by_content and stamp.kind is PathKind.FILE and stamp.size <= CONTENT_LIMIT


def as_file(stamp: FileStat) -> FileStat:
    """What is not a regular file has no content and no time that could count: it is there, or it is not."""
    return stamp if stamp.kind in (PathKind.FILE, PathKind.MISSING) else FileStat(stamp.kind)


def is_same_content(before: FileRecord, after: FileRecord) -> bool:
    """Two looks at the same content. Content that nobody has read is not the same as anything: never lose an edit."""
    return before.digest is not None and before.digest == after.digest
