"""The last known state of every watched file, against which every change is measured.

Backends only hint. A path has changed if its present state differs from the baseline, which then takes that state over. The
baseline is scanned before the first launch and kept up to date for the rest of the session.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from reloader.core.changes import (
    MISSING,
    ChangeKind,
    Comparison,
    FileRecord,
    FileStat,
    PathChange,
    PathKind,
    compare,
    kind_of_change,
)
from reloader.core.paths.containment import is_within
from reloader.core.paths.walk import ListedDirectory, Walk
from reloader.core.paths.watch_set import WatchSet
from reloader.core.python_names import BYTECODE_SUFFIXES, source_path
from reloader.engine.files.file_reader import FileReader, as_file, is_same_content
from reloader.engine.files.launch_snapshot import LaunchSnapshot
from reloader.interfaces import Clock, Disk

#: Called with the number of files found so far.
Progress = Callable[[int], None]

#: Kinds of paths that are never watched files: nothing is there, or our own output is.
_NO_FILE = (PathKind.MISSING, PathKind.OWN_OUTPUT)


class Baseline:
    """Owned by the engine's thread."""

    def __init__(self, disk: Disk, watch_set: WatchSet, *, by_content: bool, follow_symlinks: bool) -> None:
        self._disk = disk
        self._watch_set = watch_set
        self._walk = Walk(watch_set, disk.list, disk.real_path, os.sep, follow_symlinks)
        self._records: dict[str, FileRecord] = {}
        self._folders: dict[str, list[str]] = {}  # lists, since most sets would be bigger than their contents
        self._dependents: defaultdict[str, set[str]] = defaultdict(set)
        self._unchanged: list[str] = []
        self._reader = FileReader(disk, self._records, by_content=by_content)
        self.launch_snapshot = LaunchSnapshot(self._records)

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """The record of each known file, also of one that is missing. Read-only."""
        return self._records

    @property
    def folders(self) -> Mapping[str, Sequence[str]]:
        """The watched directories, each with the files in it. Read-only."""
        return self._folders

    @property
    def files(self) -> int:
        """The number of watched files."""
        return sum(1 for _ in self._watched())

    @property
    def directories(self) -> int:
        """The number of watched directories."""
        return len(self._folders)

    def watched(self) -> tuple[str, ...]:
        """Return the watched files, sorted: those that exist and whose change would restart the program now."""
        return tuple(sorted(self._watched()))

    def _watched(self) -> Iterator[str]:
        """Yield the watched files. Files that the program does not import stay known, and are left out."""
        is_explicit, allows = self._watch_set.is_explicit, self._watch_set.imports.allows
        members = {path for paths in self._folders.values() for path in paths}
        for path, record in self._records.items():
            if record.stat.kind not in _NO_FILE and (is_explicit(path) or (path in members and allows(path))):
                yield path

    def scan(self, progress: Progress, folders: Iterable[ListedDirectory] | None = None) -> None:
        """Record every file for the first time, and call ``progress`` after each directory.

        ``folders`` are all watched directories, if a watcher has just listed them.
        """
        for path in self._watch_set.explicit_paths():
            self._add_dependencies(path)
            self._record(self._source(path), self._reader.read(path))
        for folder in folders if folders is not None else self._walk.from_roots():
            members = self._folders[folder.path] = []
            for path in self._members(folder):
                stat = self._disk.stat(path)
                if stat.kind is PathKind.FILE:
                    members.append(path)
                    self._record(path, FileRecord(stat))
            progress(len(self._records))
        self._reader.read_recent()

    def read_ahead(self, until: float, clock: Clock) -> tuple[bool, list[str]]:
        """Read contents up to the moment ``until``. Return True if all are read, and the paths that differ from the record."""
        return self._reader.read_ahead(until, clock)

    # Comparing

    def examine(self, hints: Iterable[str]) -> list[PathChange]:
        """Compare all paths that the ``hints`` may concern, and return the changes."""
        changes: list[PathChange] = []
        for path in dict.fromkeys(path for hint in hints for path in self._concerned_by(hint)):
            changes += self._examine(path)
        return changes

    def examine_all(self) -> list[PathChange]:
        """Compare everything: events were lost, or the watch rules have changed."""
        changes = self.examine(self._watch_set.explicit_paths())
        for root in self._watch_set.roots:
            changes += self._examine(root)
        return changes

    def partition(self, hints: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the hints whose stat result differs from the record, and those that have the same.

        The latter must not keep a batch open: the stat backend hints at a recently written file on each scan. They are
        worth a comparison of contents all the same.
        """
        differing: list[str] = []
        same: list[str] = []
        for path in hints:
            record = self._records.get(path)
            if record is not None:
                is_same = path not in self._dependents and record.stat == self._disk.stat(path)
            else:
                is_same = self._disk.stat(path).kind is PathKind.OWN_OUTPUT  # written all the time, and never watched
            (same if is_same else differing).append(path)
        return differing, same

    def drain_unchanged(self) -> tuple[str, ...]:
        """Return the files that were touched or written since the last call and have the same content as before."""
        unchanged, self._unchanged = tuple(dict.fromkeys(self._unchanged)), []
        return unchanged

    def differing_from(self, later: Baseline) -> list[str]:
        """Return the paths whose stat result in ``later`` differs. The other baseline may have another watch set."""
        known, seen, none = self._records, later.records, FileRecord(MISSING)
        differing = [path for path, record in known.items() if seen.get(path, none).stat != record.stat]
        return [*differing, *(path for path in seen if path not in known)]

    def add_read(self, path: str, stat: FileStat) -> list[PathChange]:
        """Record ``path`` as the running program read it, when the file had this ``stat``. Later changes are measured by that.

        Return the change if the file differs by now. A digest that is known for the same stat result is kept.
        """
        record = self._records.get(path)
        if record is not None and record.stat == stat == self._disk.stat(path):
            return []
        self._add_dependencies(path)
        present = self._reader.read(path)
        if present.stat == stat:
            self._records[path] = present
            is_hidden = record is not None and _may_be_hidden(path, record.stat, stat)
            return [PathChange(path, ChangeKind.MODIFIED)] if is_hidden else []
        self._record(path, FileRecord(stat, record.digest if record is not None and record.stat == stat else None))
        return self._compare(path, present.stat)

    def add_missing(self, path: str) -> list[PathChange]:
        """Watch ``path``, which the program did not find. Return the change if the file has appeared meanwhile."""
        if path in self._records:
            return []
        self._add_dependencies(path)
        return self._compare(path, self._reader.stat(path))

    def _concerned_by(self, hint: str) -> Iterator[str]:
        """Yield the hinted path, the paths that lead through it, and the explicit paths and roots below it."""
        yield self._source(hint)
        yield from self._dependents.get(hint, ())
        if hint in self._records:
            return  # a file: nothing is below it
        for path in (*self._watch_set.explicit_paths(), *self._watch_set.roots):
            if path != hint and is_within(path, hint, os.sep):
                yield path

    def _examine(self, path: str) -> list[PathChange]:
        stat = self._disk.stat(path)
        if self._watch_set.is_explicit(path):
            return self._compare(path, as_file(stat))
        if stat.kind is PathKind.DIRECTORY:
            return [*self._compare_if_known(path, MISSING), *self._examine_tree(path)]
        removed = self._remove_folder(path)
        is_file = stat.kind is PathKind.FILE and self._watch_set.is_watched(path)
        if is_file and path not in self._records:
            self._add_to_folder(path)
            return [*removed, *self._compare(path, stat)]
        return [*removed, *self._compare_if_known(path, stat if is_file else MISSING)]

    def _examine_tree(self, directory: str) -> list[PathChange]:
        """Compare everything below ``directory``. Known files that the walk does not find are missing or no longer watched."""
        changes: list[PathChange] = []
        not_found = {path for folder in self._known_folders(directory) for path in self._folders[folder]}
        folders_not_found = set(self._known_folders(directory))
        for folder in self._walk.below(directory):
            folders_not_found.discard(folder.path)
            members = self._folders.setdefault(folder.path, [])
            for path in self._members(folder):
                stat = self._disk.stat(path)
                if stat.kind is PathKind.FILE:
                    if path in not_found:
                        not_found.discard(path)
                    else:
                        members.append(path)
                    changes += self._compare(path, stat)
        for path in not_found:
            changes += self._compare_if_known(path, MISSING)
        for folder_path in folders_not_found:
            del self._folders[folder_path]
        return changes

    def _compare(self, path: str, stat: FileStat) -> list[PathChange]:
        """Return the change at ``path``, if there is one, and update the record."""
        record = self._records.get(path)
        before = record.stat if record is not None else MISSING
        comparison = compare(before, stat, by_content=self._reader.by_content)
        if comparison is Comparison.SAME and not self._reader.is_racy(record):
            return []
        present = self._reader.read(path) if stat.kind is PathKind.FILE else FileRecord(stat)
        if comparison is not Comparison.DIFFERENT and record is not None and is_same_content(record, present):
            record.stat, record.digest = present.stat, present.digest
            if comparison is not Comparison.SAME:
                self._unchanged.append(path)
            return []
        self.launch_snapshot.note_change(path)
        self._record(path, present)
        self._add_dependencies(path)  # if it is a link, it may lead elsewhere now
        return [PathChange(path, kind_of_change(before, present.stat))]

    def _compare_if_known(self, path: str, stat: FileStat) -> list[PathChange]:
        if path not in self._records:
            return []
        if stat.kind is not PathKind.MISSING:
            return self._compare(path, stat)
        self.launch_snapshot.note_change(path)
        del self._records[path]
        members = self._folders.get(os.path.dirname(path), [])
        if path in members:
            members.remove(path)
        return [PathChange(path, ChangeKind.REMOVED)] if self._watch_set.is_watched(path) else []

    # Recording

    def _record(self, path: str, record: FileRecord) -> None:
        self._records[path] = record
        if self._reader.needs_digest(record):
            self._reader.unread.append(path)

    def _add_to_folder(self, path: str) -> None:
        members = self._folders.setdefault(os.path.dirname(path), [])
        if path not in members:
            members.append(path)

    def _remove_folder(self, path: str) -> list[PathChange]:
        """Remove a directory that no longer exists, and return the removal of every file below it."""
        changes: list[PathChange] = []
        for folder in self._known_folders(path):
            for member in sorted(self._folders[folder]):
                changes += self._compare_if_known(member, MISSING)
            del self._folders[folder]
        return changes

    def _known_folders(self, directory: str) -> list[str]:
        if directory not in self._folders and directory not in self._watch_set.roots:
            return []
        return [folder for folder in self._folders if is_within(folder, directory, os.sep)]

    def _members(self, folder: ListedDirectory) -> Iterator[str]:
        for path in (*folder.links, folder.path) if folder.is_linked else folder.links:
            self._add_dependencies(path)
        for path in folder.files:
            if not path.endswith(BYTECODE_SUFFIXES) or self._source(path) == path:
                yield path

    def _add_dependencies(self, path: str) -> None:
        """Remember the links that ``path`` leads through, and its target: a hint at one of them concerns ``path``."""
        for location in (*self._disk.links_along(path), self._disk.real_path(path)):
            if location != path:
                self._dependents[location].add(path)

    def _source(self, path: str) -> str:
        """Return the watched source file of a bytecode file, if there is one; else ``path`` itself."""
        source = source_path(path)
        if source is None or not self._watch_set.is_watched(source):
            return path
        return source if self._disk.stat(source).kind is PathKind.FILE else path


def _may_be_hidden(path: str, before: FileStat, now: FileStat) -> bool:
    """Return True if Python may have run the bytecode of ``before`` although it imported the source of ``now``.

    Python compares whole seconds and the size (PEP 552). The restart that follows finds the cache dropped.
    """
    same_second = before.mtime_ns // 1_000_000_000 == now.mtime_ns // 1_000_000_000
    return path.endswith(".py") and before != now and same_second and before.size == now.size
