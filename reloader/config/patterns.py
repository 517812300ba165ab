"""Anchors ``watch`` patterns: the directory that each is relative to, and the root that has to be watched for it.

Pure, for any platform: the path rules are chosen by its name, and the disk is asked through functions.
"""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

from reloader.config.discovery import below_home
from reloader.config.messages import quoted
from reloader.core.paths.containment import is_within, minimal_roots
from reloader.core.paths.filters import PatternError

_WILDCARDS = frozenset("*?[\\")
_DRIVE = re.compile(r"([A-Za-z]:|//[^/]+/[^/]+)/(.*)", re.DOTALL)


def _no_directory(path: str) -> bool:
    return False


def _same_path(path: str) -> str:
    return path


@dataclass(frozen=True, slots=True)
class PathContext:
    """The directories that relative and ``~`` paths start from. ``base`` and ``home`` are absolute.

    ``real_path`` resolves symlinks.
    """

    platform: str
    base: str
    home: str
    is_directory: Callable[[str], bool] = _no_directory
    real_path: Callable[[str], str] = _same_path

    @property
    def paths(self) -> ModuleType:
        return ntpath if self.platform == "win32" else posixpath

    def absolute(self, path: str) -> str:
        """Return ``path`` relative to the base, or to the home directory after a ``~``, normalised."""
        below = below_home(path, "/\\" if self.platform == "win32" else "/")
        start, rest = (self.base, path) if below is None else (self.home, below)
        return str(self.paths.normpath(self.paths.join(self.base, start, rest)))

    def contains(self, directory: str, path: str) -> bool:
        """Return True if ``path`` is ``directory`` or lies below it."""
        return is_within(self.paths.normcase(path), self.paths.normcase(directory), self.paths.sep)

    def is_home(self, directory: str) -> bool:
        return bool(self.paths.normcase(self.real_path(directory)) == self.paths.normcase(self.real_path(self.home)))


@dataclass(frozen=True, slots=True)
class AnchoredPattern:
    """``pattern`` is relative to ``base``. All that it can match lies below ``root``, or is ``root``."""

    base: str
    pattern: str
    root: str


def anchor(text: str, context: PathContext) -> AnchoredPattern:
    """Split a pattern into its directory and the rest. Raises PatternError for ``..`` after a wildcard.

    A leading ``/`` is the root of the disk, as in ``extra_files``; ``./`` is the base. A slash at the end anchors too:
    ``templates/`` is one directory, and ``**/templates/`` is any of that name.
    """
    negation = "!" if text.startswith("!") else ""
    body = text[len(negation) :]
    if "/" not in body and body not in ("~", ".", ".."):
        return AnchoredPattern(context.base, text, context.base)
    start, rest = _start(body, context)
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    directory = _descend(start, parts, context)
    if ".." in parts:
        raise PatternError(f"{quoted(text)} has '..' after a wildcard: write '..' at the start only")
    directory_only = "/" if body.endswith("/") and parts else ""
    pattern = "/".join(parts or ["**"]) + directory_only
    root = _root(directory, parts, bool(directory_only), context)
    return _relative_to_base(directory, negation, pattern, root, context)


def outermost(roots: Iterable[str], context: PathContext) -> tuple[str, ...]:
    """Return the roots that do not lie inside another one, in the order of ``roots``."""
    by_case = {context.paths.normcase(root): root for root in roots}
    outer = minimal_roots(by_case, context.paths.sep)
    return tuple(root for case, root in by_case.items() if case in outer)


def is_whole_disk(root: str, context: PathContext) -> bool:
    return context.paths.splitdrive(root)[1].strip("/\\") == "" if context.platform == "win32" else not root.strip("/")


def _start(body: str, context: PathContext) -> tuple[str, str]:
    """Return the directory that a pattern starts from, and the rest of the pattern."""
    below = below_home(body)
    if below is not None:
        return context.home, below
    drive = _DRIVE.fullmatch(body) if context.platform == "win32" else None
    if drive:
        return context.paths.normpath(drive[1] + "/"), drive[2]
    if body.startswith("/"):
        return context.paths.join(context.paths.splitdrive(context.base)[0], context.paths.sep), body
    return context.base, body


def _descend(directory: str, parts: list[str], context: PathContext) -> str:
    """Return the deepest directory without wildcards. Remove its names from ``parts``, but keep the last unless ``..``."""
    while parts and (len(parts) > 1 or parts[0] == "..") and _WILDCARDS.isdisjoint(parts[0]):
        directory = context.paths.normpath(context.paths.join(directory, parts.pop(0)))
    return directory


def _root(directory: str, parts: list[str], directory_only: bool, context: PathContext) -> str:
    if len(parts) != 1 or not _WILDCARDS.isdisjoint(parts[0]):
        return directory
    path = str(context.paths.join(directory, parts[0]))
    return path if directory_only or context.is_directory(path) else directory


def _relative_to_base(directory: str, negation: str, pattern: str, root: str, context: PathContext) -> AnchoredPattern:
    """Make a pattern relative to the config's base where possible, so that one list of patterns keeps its order."""
    base = directory
    if context.contains(context.base, directory):
        below = directory[len(context.base) :].replace(context.paths.sep, "/").strip("/")
        if _WILDCARDS.isdisjoint(below):
            base, pattern = context.base, f"{below}/{pattern}".lstrip("/")
    slash = "" if "/" in pattern.rstrip("/") else "/"
    return AnchoredPattern(base, negation + slash + pattern, root)
