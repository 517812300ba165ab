"""What changed: one path at a time, and the batch in which paths are served together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType


class ChangeKind(Enum):
    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class PathChange:
    """One difference between the disk and what was known of it."""

    path: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """Changes that are served by one restart, in the order in which they were seen."""

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
    """A file that appeared and was then written is still a new file; one that came back was modified."""
    if before is ChangeKind.ADDED and after is ChangeKind.MODIFIED:
        return ChangeKind.ADDED
    if before is ChangeKind.REMOVED and after is ChangeKind.ADDED:
        return ChangeKind.MODIFIED
    return after
