"""What ``stat`` says of one path, and when two such answers mean a change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from reloader.core.changes import ChangeKind


class PathKind(IntEnum):
    MISSING = 0
    FILE = 1
    DIRECTORY = 2
    OTHER = 3  # a socket, a pipe, a device: never counts


class Stamp(NamedTuple):
    """One look at a path, symlinks followed. Times are nanoseconds; ``ctime_ns`` is 0 where a system has none."""

    kind: PathKind
    mtime_ns: int = 0
    size: int = 0
    inode: int = 0
    ctime_ns: int = 0

    def agrees_with(self, other: Stamp) -> bool:
        """Whether all but the ctime is the same. An older mtime is as different as a newer one (``git checkout``, ``cp -p``)."""
        return self[:4] == other[:4]


MISSING = Stamp(PathKind.MISSING)

#: Of files up to this size, in bytes, the content decides; of larger ones the stamp.
CONTENT_LIMIT = 1 << 20


@dataclass(slots=True)
class Entry:
    """What is known of one file that counts: its stamp and, once somebody had the time to read it, its digest."""

    stamp: Stamp
    digest: int | None = None


class Comparison(IntEnum):
    """What two looks at a path say before anybody has read the file."""

    SAME = 0
    DIFFERENT = 1
    ASK_CONTENT = 2


def compare(before: Stamp, after: Stamp, *, by_content: bool) -> Comparison:
    """Compare two looks at one path.

    The content is to be asked where only stat's numbers differ, and where nothing but the ctime does: new content with
    restored times looks like a ``chmod`` until it is read.
    """
    if before == after:
        return Comparison.SAME
    both_are_files = before.kind is PathKind.FILE and after.kind is PathKind.FILE
    can_ask = by_content and both_are_files and max(before.size, after.size) <= CONTENT_LIMIT
    if before.agrees_with(after):
        return Comparison.ASK_CONTENT if can_ask else Comparison.SAME
    if can_ask and before.size == after.size:
        return Comparison.ASK_CONTENT
    return Comparison.DIFFERENT


def kind_of_change(before: Stamp, after: Stamp) -> ChangeKind:
    if before.kind is PathKind.MISSING:
        return ChangeKind.ADDED
    if after.kind is PathKind.MISSING:
        return ChangeKind.REMOVED
    return ChangeKind.MODIFIED
