"""Reads files: their stat result and, where contents are compared, a digest, at once or ahead of time."""

from __future__ import annotations

from reloader.core.changes import CONTENT_LIMIT, FileRecord, FileStat, PathKind
from reloader.interfaces import Clock, Disk

#: Nanoseconds. A file that was written more recently may have a second write with the same times: some file systems count in
#: steps of two seconds. git calls such a file racy.
RECENT = 2_000_000_000
#: The number of recent files that are read during the scan. After a fresh checkout, the rest is read in idle time.
MAX_READ_IN_SCAN = 500


class FileReader:
    """Owned by the engine's thread. ``records`` is the baseline's record of each file.

    With ``by_content``, files up to 1 MiB are read. ``unread`` are the paths whose contents are to be read ahead.
    """

    def __init__(self, disk: Disk, records: dict[str, FileRecord], *, by_content: bool) -> None:
        self._disk = disk
        self._records = records
        self.by_content = by_content
        self.unread: list[str] = []

    def stat(self, path: str) -> FileStat:
        return as_file(self._disk.stat(path))

    def read(self, path: str) -> FileRecord:
        """Return stat result and digest of the same moment. The digest is None if contents do not matter or cannot be read."""
        stat = self.stat(path)
        content = self._disk.digest(path) if self._is_readable(stat) else None
        return FileRecord(*content) if content is not None else FileRecord(stat)

    def needs_digest(self, record: FileRecord) -> bool:
        """Return True if the content matters and has not been read."""
        return record.digest is None and self._is_readable(record.stat)

    def is_racy(self, record: FileRecord | None) -> bool:
        """Return True if the content may have changed although stat says the same: the clock of a disk is coarse."""
        return record is not None and self._is_readable(record.stat) and self._is_recent(record.stat)

    def read_recent(self) -> None:
        """Read the recently written files among ``unread``, since only a digest reveals a second write to them."""
        horizon = self._disk.now_ns() - RECENT
        stats = ((path, self._records[path].stat) for path in self.unread)
        recent = [path for path, stat in stats if stat.mtime_ns > horizon or stat.ctime_ns > horizon]
        for path in recent[:MAX_READ_IN_SCAN]:
            self._records[path] = self.read(path)

    def read_ahead(self, until: float, clock: Clock) -> tuple[bool, list[str]]:
        """Read contents up to the moment ``until``, so that a later touch or chmod can be told from a change.

        Return True if nothing is left to read, and the paths that differ from their record. A hint for those is under way,
        or was missed.
        """
        differing: list[str] = []
        while self.unread and clock() < until:
            path = self.unread.pop()
            record = self._records.get(path)
            if record is not None and self.needs_digest(record):
                content = self._disk.digest(path)
                if content is not None and content[0] == record.stat:
                    record.digest = content[1]
                else:
                    differing.append(path)
        return not self.unread, differing

    def _is_recent(self, stat: FileStat) -> bool:
        return self._disk.now_ns() - max(stat.mtime_ns, stat.ctime_ns) < RECENT

    def _is_readable(self, stat: FileStat) -> bool:
        return self.by_content and stat.kind is PathKind.FILE and stat.size <= CONTENT_LIMIT


def as_file(stat: FileStat) -> FileStat:
    """Return ``stat`` of a regular file as it is. Of anything else only the kind matters: it exists, or it does not."""
    return stat if stat.kind in (PathKind.FILE, PathKind.MISSING) else FileStat(stat.kind)


def is_same_content(before: FileRecord, after: FileRecord) -> bool:
    """Return True if both digests are known and equal. Unread content equals nothing, so that no edit is lost."""
    return before.digest is not None and before.digest == after.digest
