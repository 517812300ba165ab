"""Reads the disk: stat, digests, listings. It decides nothing, and raises for no path."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from reloader.core.changes import MISSING, FileStat, PathKind
from reloader.core.paths.filters import DirectoryFacts, Rule, RuleSet

#: False on Windows, where ``st_ctime`` is the time of creation and not that of the last change of the inode.
HAS_CTIME = sys.platform != "win32"
_KINDS = {stat.S_IFREG: PathKind.FILE, stat.S_IFDIR: PathKind.DIRECTORY}
_OWN_OUTPUT = FileStat(PathKind.OWN_OUTPUT)
IGNORES_CASE = sys.platform == "win32"


class RealDisk:
    """The disk itself. With ``gitignore`` the facts of a directory include its ``.gitignore``.

    ``on_listed`` is called with the number of entries of each directory that is listed. ``own_output`` holds files by device
    and inode. They are never watched: the report of a change there would be the next change.
    """

    def __init__(
        self,
        *,
        gitignore: bool = True,
        on_listed: Callable[[int], None] = lambda entries: None,
        own_output: AbstractSet[tuple[int, int]] = frozenset(),
    ) -> None:
        self._gitignore = gitignore
        self._on_listed = on_listed
        self._own_output = own_output

    def stat(self, path: str) -> FileStat:
        try:
            found = os.stat(path)
        except (OSError, ValueError):  # missing, unreadable, or a name that system calls reject
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
        return file_stat(found)

    def digest(self, path: str) -> tuple[FileStat, int] | None:
        """Digest by the SipHash of Python, whose key is that of this process: a digest must not leave it."""
        try:
            with open(path, "rb", buffering=0) as file:
                before = file_stat(os.fstat(file.fileno()))
                content = file.read()
                after = file_stat(os.fstat(file.fileno()))
        except (OSError, ValueError):
            return None
        if before.kind is not PathKind.FILE or before != after:
            return None  # it is being written: the next hint asks again
        return after, hash(content)

    def list(self, directory: str) -> Sequence[tuple[str, bool, bool]]:
        try:
            with os.scandir(directory) as entries:
                found = [(entry.name, _is_directory(entry), entry.is_symlink()) for entry in entries]
        except OSError:
            return ()  # gone, or unreadable
        self._on_listed(len(found))
        return found

    def directory_facts(self, directory: str) -> DirectoryFacts:
        gitignore = read_gitignore(os.path.join(directory, ".gitignore"), directory) if self._gitignore else None
        return DirectoryFacts(gitignore, os.path.exists(os.path.join(directory, "pyvenv.cfg")))

    def real_path(self, path: str) -> str:
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):  # a link was removed meanwhile, or the name is invalid
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


def file_stat(result: os.stat_result) -> FileStat:
    kind = _KINDS.get(stat.S_IFMT(result.st_mode), PathKind.OTHER)
    mtime_ns, ctime_ns = result.st_mtime_ns, result.st_ctime_ns if HAS_CTIME else 0
    # Both times of most files are equal. One shared number saves memory for thousands of files.
    return FileStat(kind, mtime_ns, result.st_size, result.st_ino, mtime_ns if mtime_ns == ctime_ns else ctime_ns)


def read_gitignore(path: str, base: str) -> RuleSet | None:
    """Return the rules of a gitignore file, or None if it has none. Invalid lines are skipped, as git does."""
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
        return False  # a link whose target may not be read


def _collect_links(path: str, links: list[str], depth: int) -> None:
    """Walk down ``path`` and, at each link, down its target too. It gives up after 40 links, as the kernel does."""
    parent, name = os.path.split(path)
    if not name or depth > 40:
        return
    _collect_links(parent, links, depth)
    try:
        target = os.readlink(path)
    except (OSError, ValueError):
        return  # not a link
    if path not in links:
        links.append(path)
        _collect_links(os.path.normpath(os.path.join(parent, target)), links, depth + 1)
