"""Where a ``watch`` pattern applies: the directory that it is relative to, and the root that has to be watched for it.

Pure, for any platform: ``posixpath`` or ``ntpath`` is chosen by its name, and the disk is asked through a function.
"""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

from reloader.config.messages import quoted
from reloader.core.paths.containment import is_within
from reloader.core.paths.filters import PatternError

_WILD = frozenset("*?[\\")
_DRIVE = re.compile(r"([A-Za-z]:|//[^/]+/[^/]+)/(.*)", re.DOTALL)


def _no_directory(path: str) -> bool:
    return False


def _itself(path: str) -> str:
    return path


@dataclass(frozen=True, slots=True)
class PathContext:
    """What relative and ``~`` paths are relative to. ``base`` and ``home`` are absolute; ``real`` resolves symlinks."""

    platform: str
    base: str
    home: str
    is_directory: Callable[[str], bool] = _no_directory
    real: Callable[[str], str] = _itself

    @property
    def paths(self) -> ModuleType:
        return ntpath if self.platform == "win32" else posixpath

    def absolute(self, path: str) -> str:
        """``path`` relative to the base, with ``~`` for the home directory, normalised."""
        if path == "~" or path.startswith(("~/", "~\\") if self.platform == "win32" else "~/"):
            path = self.paths.join(self.home, path[2:])
        return str(self.paths.normpath(self.paths.join(self.base, path)))

    def holds(self, directory: str, path: str) -> bool:
        """Whether ``path`` is ``directory`` or lies below it."""
        directory, path = self.paths.normcase(directory), self.paths.normcase(path)
        return is_within(path, directory, self.paths.sep)

    def is_home(self, directory: str) -> bool:
        return bool(self.paths.normcase(self.real(directory)) == self.paths.normcase(self.real(self.home)))


@dataclass(frozen=True, slots=True)
class AnchoredPattern:
    """``pattern`` is relative to ``base``; what it can match lies below ``root``, or is it."""

    base: str
    pattern: str
    root: str


def anchor(text: str, context: PathContext) -> AnchoredPattern:
    """Split a pattern into its directory and the rest.

    A leading ``/`` is the disk's, as in ``extra_files``; ``./`` is the base. A slash at the end anchors too: ``templates/``
    is one directory, and ``**/templates/`` is any of that name. Raises PatternError for ``..`` after a wildcard.
    """
    negation = "!" if text.startswith("!") else ""
    body = text[len(negation) :]
    if "/" not in body and body not in ("~", ".", ".."):
        return AnchoredPattern(context.base, text, context.base)
    start, rest = _start(body, context)
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    directory = _descend(start, parts, context)
    if ".." in parts:
        raise PatternError(f"{quoted(text)} goes up after a wildcard: write '..' in front only")
    directory_only = "/" if body.endswith("/") and parts else ""
    pattern = "/".join(parts or ["**"]) + directory_only
    root = _root(directory, parts, bool(directory_only), context)
    return _relative_to_base(directory, negation, pattern, root, context)


def minimal_roots(roots: Iterable[str], context: PathContext) -> tuple[str, ...]:
    """The roots of which none lies inside another, in order of mention."""
    every = {context.paths.normcase(root): root for root in roots}
    return tuple(
        root
        for case, root in every.items()
        if not any(context.holds(other, root) for other_case, other in every.items() if other_case != case)
    )


def is_whole_disk(root: str, context: PathContext) -> bool:
    return context.paths.splitdrive(root)[1].strip("/\\") == "" if context.platform == "win32" else not root.strip("/")


def _start(body: str, context: PathContext) -> tuple[str, str]:
    if body == "~" or body.startswith("~/"):
        return context.home, body[2:]
    drive = _DRIVE.fullmatch(body) if context.platform == "win32" else None
    if drive:
        return context.paths.normpath(drive[1] + "/"), drive[2]
    if body.startswith("/"):
        return context.paths.join(context.paths.splitdrive(context.base)[0], context.paths.sep), body
    return context.base, body


def _descend(directory: str, parts: list[str], context: PathContext) -> str:
    """The deepest directory that is spelled out; takes its names from ``parts`` and leaves the last, unless it is ``..``."""
    while parts and (len(parts) > 1 or parts[0] == "..") and _WILD.isdisjoint(parts[0]):
        directory = context.paths.normpath(context.paths.join(directory, parts.pop(0)))
    return directory


def _root(directory: str, parts: list[str], directory_only: bool, context: PathContext) -> str:
    if len(parts) != 1 or not _WILD.isdisjoint(parts[0]):
        return directory
    named = str(context.paths.join(directory, parts[0]))
    return named if directory_only or context.is_directory(named) else directory


def _relative_to_base(directory: str, negation: str, pattern: str, root: str, context: PathContext) -> AnchoredPattern:
    """Relative to the config's base if it can be, so that one list of patterns keeps its order."""
    base = directory
    if context.holds(context.base, directory):
        below = directory[len(context.base) :].replace(context.paths.sep, "/").strip("/")
        if _WILD.isdisjoint(below):
            base, pattern = context.base, f"{below}/{pattern}".lstrip("/")
    anchor = "" if "/" in pattern.rstrip("/") else "/"
    return AnchoredPattern(base, negation + anchor + pattern, root)
