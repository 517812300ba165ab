"""Changes: of one path, of a batch of paths, and how two states of a file compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import NamedTuple


class ChangeKind(Enum):
    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class PathChange:
    """One difference between the disk and the baseline."""

    path: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """The changes of one restart, in the order in which they were seen."""

    kinds: Mapping[str, ChangeKind] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, changes: Iterable[PathChange]) -> ChangeBatch:
        kinds: dict[str, ChangeKind] = {}
        for change in changes:
            kinds[change.path] = _combined(kinds.get(change.path), change.kind)
        return cls(MappingProxyType(kinds))

    def merged_with(self, later: ChangeBatch) -> ChangeBatch:
        return ChangeBatch.of([*self, *later])

    @property
    def first(self) -> PathChange:
        """The change that was seen first. Raises StopIteration on an empty batch."""
        return next(iter(self))

    def __iter__(self) -> Iterator[PathChange]:
        return (PathChange(path, kind) for path, kind in self.kinds.items())

    def __len__(self) -> int:
        return len(self.kinds)


def _combined(before: ChangeKind | None, after: ChangeKind) -> ChangeKind:
    """Merge two kinds: a new file that is then written is still added; one that was removed and came back is modified."""
    if before is ChangeKind.ADDED and after is ChangeKind.MODIFIED:
        return ChangeKind.ADDED
    if before is ChangeKind.REMOVED and after is ChangeKind.ADDED:
        return ChangeKind.MODIFIED
    return after


class PathKind(IntEnum):
    MISSING = 0
    FILE = 1
    DIRECTORY = 2
    OTHER = 3  # a socket, a pipe, a device: never watched
    OWN_OUTPUT = 4  # a file that reloader's own output is written to: never watched


class FileStat(NamedTuple):
    """The result of stat() on a path, symlinks followed. Times are nanoseconds; without a ctime ``ctime_ns`` is 0."""

    kind: PathKind
    mtime_ns: int = 0
    size: int = 0
    inode: int = 0
    ctime_ns: int = 0

    def equals_except_ctime(self, other: FileStat) -> bool:
        """Return True if only the ctime differs. An older mtime also counts as different (``git checkout``, ``cp -p``)."""
        return self[:4] == other[:4]


MISSING = FileStat(PathKind.MISSING)

#: Files up to this size, in bytes, are compared by content, larger ones by their FileStat.
CONTENT_LIMIT = 1 << 20


@dataclass(slots=True)
class FileRecord:
    """The baseline's record of a watched file: its stat and, after it was read, the digest of its content."""

    stat: FileStat
    digest: int | None = None


class Comparison(IntEnum):
    """The result of a comparison by stat alone, before the file is read."""

    SAME = 0
    DIFFERENT = 1
    ASK_CONTENT = 2


def compare(before: FileStat, after: FileStat, *, by_content: bool) -> Comparison:
    """Compare two results of stat() for one path.

    The content decides if the size is the same. That includes a difference in the ctime alone: new content with restored times
    looks like a ``chmod`` until the file is read.
    """
    if before == after:
        return Comparison.SAME
    both_are_files = before.kind is PathKind.FILE and after.kind is PathKind.FILE
    can_ask = by_content and both_are_files and max(before.size, after.size) <= CONTENT_LIMIT
    if before.equals_except_ctime(after):
        return Comparison.ASK_CONTENT if can_ask else Comparison.SAME
    if can_ask and before.size == after.size:
        return Comparison.ASK_CONTENT
    return Comparison.DIFFERENT


def kind_of_change(before: FileStat, after: FileStat) -> ChangeKind:
    if before.kind is PathKind.MISSING:
        return ChangeKind.ADDED
    if after.kind is PathKind.MISSING:
        return ChangeKind.REMOVED
    return ChangeKind.MODIFIED
