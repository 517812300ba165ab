"""Looks at the disk: stamps, digests, listings. It decides nothing, and raises for no path."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from reloader.core.changes import MISSING, FileStat, PathKind
from reloader.core.paths.filters import DirectoryFacts, Rule, RuleSet

#: Windows keeps the time of creation where others keep the time of the last change of the inode.
HAS_CTIME = sys.platform != "win32"
_KINDS = {stat.S_IFREG: PathKind.FILE, stat.S_IFDIR: PathKind.DIRECTORY}
_OWN_OUTPUT = FileStat(PathKind.OWN_OUTPUT)
IGNORES_CASE = sys.platform == "win32"


class RealDisk:
    """The disk itself. ``gitignore`` says whether the facts of a directory include its ``.gitignore``.

    ``listed`` is called with the number of entries whenever a directory was listed. ``own_output`` holds files by device
    and inode, which are never watched: each change that is reported there would be the next change.
    """

    def __init__(
        self,
        *,
        gitignore: bool = True,
        listed: Callable[[int], None] = lambda entries: None,
        own_output: AbstractSet[tuple[int, int]] = frozenset(),
    ) -> None:
        self._gitignore = gitignore
        self._listed = listed
        self._own_output = own_output

    def stat(self, path: str) -> FileStat:
        try:
            found = os.stat(path)
        except (OSError, ValueError):  # missing, unreadable, or a name that no system call takes
            return MISSING
        return self._stat_of(found)

    def is_unchanged(self, path: str, known: FileStat) -> bool:
        kind, mtime_ns, size, inode, ctime_ns = known
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return kind is PathKind.MISSING
        if kind is not PathKind.FILE or not stat.S_ISREG(found.st_mode):
            return kind is self._stat_of(found).kind
        is_same = found.st_mtime_ns == mtime_ns and found.st_size == size and found.st_ino == inode
        return is_same and (found.st_ctime_ns == ctime_ns or not HAS_CTIME)

    def _stat_of(self, found: os.stat_result) -> FileStat:
        if self._own_output and (found.st_dev, found.st_ino) in self._own_output:
            return _OWN_OUTPUT
        return stamp_of(found)

    def digest(self, path: str) -> tuple[FileStat, int] | None:
        """The digest is Python's own SipHash with the key of this process: it never leaves us."""
        try:
            with open(path, "rb", buffering=0) as file:
                before = stamp_of(os.fstat(file.fileno()))
                content = file.read()
                after = stamp_of(os.fstat(file.fileno()))
        except (OSError, ValueError):
            return None
        if before.kind is not PathKind.FILE or before != after:
            return None  # somebody is writing: the next hint will ask again
        return after, hash(content)

    def list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        try:
            with os.scandir(directory) as entries:
                found = [(entry.name, _is_directory(entry), entry.is_symlink()) for entry in entries]
        except OSError:
            return ()  # gone, or not ours to read
        self._listed(len(found))
        return found

    def directory_facts(self, directory: str) -> DirectoryFacts:
        gitignore = read_rules(os.path.join(directory, ".gitignore"), directory) if self._gitignore else None
        return DirectoryFacts(gitignore, os.path.exists(os.path.join(directory, "pyvenv.cfg")))

    def real_path(self, path: str) -> str:
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):  # a link was removed between two looks at it, or it is no name that can be
            return path

    def now_ns(self) -> int:
        return time.time_ns()

    def seconds_since_write(self, path: str) -> float:
        """Return how long ago ``path`` was written, by its own time."""
        return (self.now_ns() - self.stat(path).mtime_ns) / 1e9

    def links_along(self, path: str) -> Sequence[str]:
        links: list[str] = []
        _collect_links(os.path.abspath(path), links, depth=0)
        return links


def stamp_of(result: os.stat_result) -> FileStat:
    kind = _KINDS.get(stat.S_IFMT(result.st_mode), PathKind.OTHER)
    mtime_ns, ctime_ns = result.st_mtime_ns, result.st_ctime_ns if HAS_CTIME else 0
    # Most files have never been anything but written: then one number is kept for both times, for thousands of files.
    return FileStat(kind, mtime_ns, result.st_size, result.st_ino, mtime_ns if mtime_ns == ctime_ns else ctime_ns)


def read_rules(path: str, base: str) -> RuleSet | None:
    """The rules of a gitignore file, or None if there are none. Lines that mean nothing are passed over, as git does."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except (OSError, ValueError):
        return None
    numbered = (Rule(line, path, number) for number, line in enumerate(lines, 1))
    rules = RuleSet(base, (rule for rule in numbered if rule.pattern.strip()), lenient=True, ignore_case=IGNORES_CASE)
    return rules or None


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link whose target may not be looked at


def _collect_links(path: str, links: list[str], depth: int) -> None:
    """Walk down ``path`` and, at each link, down its target too. The kernel gives up after 40 links, and so does this."""
    parent, name = os.path.split(path)
    if not name or depth > 40:
        return
    _collect_links(parent, links, depth)
    try:
        target = os.readlink(path)
    except (OSError, ValueError):
        return  # no link
    if path not in links:
        links.append(path)
        _collect_links(os.path.normpath(os.path.join(parent, target)), links, depth + 1)
