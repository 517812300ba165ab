"""What the disk looked like when it was last looked at: the measure of every change.

Backends only hint. A path has changed when a look at it differs from the baseline, and the look becomes the baseline. It is
taken before the first launch and kept for life.
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

#: So many young files are read at once; of a tree that was just checked out the rest is read in idle time.
READ_AT_ONCE = 500

Progress = Callable[[int], None]

#: What is at a path, or is not, without being a watched file.
_NO_FILE = (PathKind.MISSING, PathKind.OWN_OUTPUT)


class Baseline:
    """The last look at every file that counts. Owned by the engine's thread."""

    def __init__(self, disk: Disk, watch_set: WatchSet, *, by_content: bool, follow_symlinks: bool) -> None:
        self._disk = disk
        self._watch_set = watch_set
        self._eyes = FileReader(disk, by_content=by_content)
        self._walk = Walk(watch_set, disk.list, disk.real_path, os.sep, follow_symlinks)
        self._entries: dict[str, FileRecord] = {}
        self._folders: dict[str, list[str]] = {}  # of sets, most would be bigger than what they hold
        self._dependents: defaultdict[str, set[str]] = defaultdict(set)
        self._unread: list[str] = []
        self._same_content: list[str] = []
        self.launch_snapshot = LaunchSnapshot(self._entries)

    @property
    def entries(self) -> Mapping[str, FileRecord]:
        """What is known of each file, also of one that is missing. To be looked at only."""
        return self._entries

    @property
    def folders(self) -> Mapping[str, Sequence[str]]:
        """The directories that count, with the files in them. To be looked at only."""
        return self._folders

    @property
    def files(self) -> int:
        """The number of watched files."""
        return sum(1 for _ in self._watched())

    def watched(self) -> tuple[str, ...]:
        """The watched files, in order: those that exist and whose change would restart the program now."""
        return tuple(sorted(self._watched()))

    def _watched(self) -> Iterator[str]:
        """Yield the watched files. Files that the program does not import stay known, and are left out."""
        is_explicit, allows = self._watch_set.is_explicit, self._watch_set.imports.allows
        members = {path for paths in self._folders.values() for path in paths}
        for path, entry in self._entries.items():
            if entry.stat.kind not in _NO_FILE and (is_explicit(path) or (path in members and allows(path))):
                yield path

    @property
    def directories(self) -> int:
        return len(self._folders)

    def scan(self, progress: Progress, folders: Iterable[ListedDirectory] | None = None) -> None:
        """Look at everything for the first time. ``progress`` is called with the number of files, directory by directory.

        ``folders`` are all directories that count, if a watcher has listed them just now.
        """
        for path in self._watch_set.explicit_paths():
            self._depend(path)
            self._record(self._source(path), self._eyes.look(path))
        for folder in folders if folders is not None else self._walk.from_roots():
            members = self._folders[folder.path] = []
            for path in self._members(folder):
                stamp = self._disk.stat(path)
                if stamp.kind is PathKind.FILE:
                    members.append(path)
                    self._record(path, FileRecord(stamp))
            progress(len(self._entries))
        self._read_young()

    def examine(self, hints: Iterable[str]) -> list[PathChange]:
        """Look where something may have happened, and return what differs from the last look."""
        changes: list[PathChange] = []
        for path in dict.fromkeys(place for hint in hints for place in self._places_of(hint)):
            changes += self._examine(path)
        return changes

    def sort(self, hints: Iterable[str]) -> tuple[list[str], list[str]]:
        """Hints at what looks different from the last look, and at files that look the same but deserve a second one.

        A hint that looks the same must not keep a batch open: the stat backend gives one with each scan of a young file.
        """
        stirred: list[str] = []
        same: list[str] = []
        for path in hints:
            entry = self._entries.get(path)
            if entry is not None:
                is_same = path not in self._dependents and entry.stat == self._disk.stat(path)
            else:
                is_same = self._disk.stat(path).kind is PathKind.OWN_OUTPUT  # written all the time, and never watched
            (same if is_same else stirred).append(path)
        return stirred, same

    def drain_unchanged(self) -> tuple[str, ...]:
        """Files that were touched or written since the last call, and hold what they held before."""
        unchanged, self._same_content = tuple(dict.fromkeys(self._same_content)), []
        return unchanged

    def examine_all(self) -> list[PathChange]:
        """Look at everything again: events were lost, or the rules have changed."""
        changes = self.examine(self._watch_set.explicit_paths())
        for root in self._watch_set.roots:
            changes += self._examine(root)
        return changes

    def differing_from(self, later: Baseline) -> list[str]:
        """Where the disk looked different to ``later``, which may be that of another watch set."""
        known, seen, none = self._entries, later.entries, FileRecord(MISSING)
        differing = [path for path, entry in known.items() if seen.get(path, none).stat != entry.stat]
        return [*differing, *(path for path in seen if path not in known)]

    def learn(self, path: str, stamp: FileStat) -> list[PathChange]:
        """A running program has read ``path`` when it had this stamp: that is what later looks are measured by.

        Returns the change if the file is another by now. A stamp that is known keeps the content that is known with it.
        """
        entry = self._entries.get(path)
        if entry is not None and entry.stat == stamp == self._disk.stat(path):
            return []
        self._depend(path)
        look = self._eyes.look(path)
        if look.stat == stamp:
            self._entries[path] = look
            return [PathChange(path, ChangeKind.MODIFIED)] if entry and _may_be_hidden(path, entry.stat, stamp) else []
        self._record(path, FileRecord(stamp, entry.digest if entry is not None and entry.stat == stamp else None))
        return self._compared(path, look.stat)

    def expect(self, path: str) -> list[PathChange]:
        """A file that does not exist counts from now on. Returns the change if it has appeared meanwhile."""
        if path in self._entries:
            return []
        self._depend(path)
        return self._compared(path, self._eyes.glance(path))

    def read_ahead(self, until: float, clock: Clock) -> tuple[bool, list[str]]:
        """Read contents, so that a later touch or chmod can be told from a change, but not beyond the moment ``until``.

        Returns whether all are read, and the paths that were found to differ meanwhile: a hint for them is under way, or
        was missed.
        """
        changed: list[str] = []
        while self._unread and clock() < until:
            path = self._unread.pop()
            entry = self._entries.get(path)
            if entry is not None and self._eyes.can_read(entry):
                read = self._disk.digest(path)
                if read is not None and read[0] == entry.stat:
                    entry.digest = read[1]
                else:
                    changed.append(path)
        return not self._unread, changed

    # Looking

    def _places_of(self, hint: str) -> Iterator[str]:
        """The hinted path, what is reached through it, and what would lie below it."""
        yield self._source(hint)
        yield from self._dependents.get(hint, ())
        if hint in self._entries:
            return  # a file, below which nothing lies
        for path in (*self._watch_set.explicit_paths(), *self._watch_set.roots):
            if path != hint and is_within(path, hint, os.sep):
                yield path

    def _examine(self, path: str) -> list[PathChange]:
        stamp = self._disk.stat(path)
        if self._watch_set.is_explicit(path):
            return self._compared(path, as_file(stamp))
        if stamp.kind is PathKind.DIRECTORY:
            return [*self._compared_if_known(path, MISSING), *self._examine_tree(path)]
        gone = self._forget_folder(path)
        is_file = stamp.kind is PathKind.FILE and self._watch_set.is_watched(path)
        if is_file and path not in self._entries:
            self._join_folder(path)
            return [*gone, *self._compared(path, stamp)]
        return [*gone, *self._compared_if_known(path, stamp if is_file else MISSING)]

    def _examine_tree(self, directory: str) -> list[PathChange]:
        """Compare all that lies in ``directory``; what was known there and is not met is gone, or counts no more."""
        changes: list[PathChange] = []
        known = {path for folder in self._known_folders(directory) for path in self._folders[folder]}
        left_over = set(self._known_folders(directory))
        for folder in self._walk.below(directory):
            left_over.discard(folder.path)
            members = self._folders.setdefault(folder.path, [])
            for path in self._members(folder):
                stamp = self._disk.stat(path)
                if stamp.kind is PathKind.FILE:
                    if path in known:
                        known.discard(path)
                    else:
                        members.append(path)
                    changes += self._compared(path, stamp)
        for path in known:
            changes += self._compared_if_known(path, MISSING)
        for folder_path in left_over:
            del self._folders[folder_path]
        return changes

    def _compared(self, path: str, stamp: FileStat) -> list[PathChange]:
        """The change at ``path``, if there is one; the look is kept either way."""
        entry = self._entries.get(path)
        before = entry.stat if entry is not None else MISSING
        verdict = compare(before, stamp, by_content=self._eyes.by_content)
        if verdict is Comparison.SAME and not self._eyes.is_racy(entry):
            return []
        look = self._eyes.look(path) if stamp.kind is PathKind.FILE else FileRecord(stamp)
        if verdict is not Comparison.DIFFERENT and entry is not None and is_same_content(entry, look):
            entry.stat, entry.digest = look.stat, look.digest
            if verdict is not Comparison.SAME:
                self._same_content.append(path)
            return []
        self.launch_snapshot.changes(path)
        self._record(path, look)
        self._depend(path)  # if it is a link, it may lead elsewhere now
        return [PathChange(path, kind_of_change(before, look.stat))]

    def _compared_if_known(self, path: str, stamp: FileStat) -> list[PathChange]:
        if path not in self._entries:
            return []
        if stamp.kind is not PathKind.MISSING:
            return self._compared(path, stamp)
        self.launch_snapshot.changes(path)
        del self._entries[path]
        members = self._folders.get(os.path.dirname(path), [])
        if path in members:
            members.remove(path)
        return [PathChange(path, ChangeKind.REMOVED)] if self._watch_set.is_watched(path) else []

    # Keeping

    def _read_young(self) -> None:
        """A second write may hide behind the stamp of a file that was written a moment ago, unless its content is known."""
        for path in self._eyes.recent_among(self._unread, self._entries)[:READ_AT_ONCE]:
            self._entries[path] = self._eyes.look(path)

    def _record(self, path: str, entry: FileRecord) -> None:
        self._entries[path] = entry
        if self._eyes.can_read(entry):
            self._unread.append(path)

    def _join_folder(self, path: str) -> None:
        members = self._folders.setdefault(os.path.dirname(path), [])
        if path not in members:
            members.append(path)

    def _forget_folder(self, path: str) -> list[PathChange]:
        """A directory is gone: so is all that was known below it."""
        changes: list[PathChange] = []
        for folder in self._known_folders(path):
            for member in sorted(self._folders[folder]):
                changes += self._compared_if_known(member, MISSING)
            del self._folders[folder]
        return changes

    def _known_folders(self, directory: str) -> list[str]:
        if directory not in self._folders and directory not in self._watch_set.roots:
            return []
        return [folder for folder in self._folders if is_within(folder, directory, os.sep)]

    def _members(self, folder: ListedDirectory) -> Iterator[str]:
        for path in (*folder.links, folder.path) if folder.is_linked else folder.links:
            self._depend(path)
        for path in folder.files:
            if not path.endswith(BYTECODE_SUFFIXES) or self._source(path) == path:
                yield path

    def _depend(self, path: str) -> None:
        """Remember through which links ``path`` leads, and where: news of those are news of it."""
        for place in (*self._disk.links_along(path), self._disk.real_path(path)):
            if place != path:
                self._dependents[place].add(path)

    def _source(self, path: str) -> str:
        """The source instead of the bytecode, where there is one that counts; other bytecode stands for itself."""
        source = source_path(path)
        if source is None or not self._watch_set.is_watched(source):
            return path
        return source if self._disk.stat(source).kind is PathKind.FILE else path


def _may_be_hidden(path: str, before: FileStat, now: FileStat) -> bool:
    """Whether Python may have run the bytecode of ``before`` although the source was ``now`` what it imported.

    It compares whole seconds and the size (PEP 552). The restart that follows finds the cache dropped.
    """
    same_second = before.mtime_ns // 1_000_000_000 == now.mtime_ns // 1_000_000_000
    return path.endswith(".py") and before != now and same_second and before.size == now.size
