"""What people and tools do to a tree, as values: each can be applied to any tree, and does nothing where it makes no sense."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

FILES = (
    "app.py",
    "notes.txt",
    "pkg/__init__.py",
    "pkg/inner/deep.py",
    "other/module.py",
    "with space/ünï.py",
    "odd\nname/file.py",
    "build/ignored.py",
)
DIRECTORIES = ("pkg", "pkg/inner", "other", "with space", "odd\nname", "build", "fresh", "fresh/within")

#: The name of what is done, the file or directory that it is done to, another one, and a number that makes content.
Operation = tuple[str, str, str, int]


def _write(path: Path, other: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"content {number}\n")


def _append(path: Path, other: Path, number: int) -> None:
    if path.parent.is_dir():
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"more {number}\n")


def _rename_over(path: Path, other: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + "~")
    beside.write_text(f"content {number}\n")
    os.replace(beside, path)


def _restore(path: Path, other: Path, number: int) -> None:
    """As a version control system that keeps times, or ``cp -p``, would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + "~")
    beside.write_text(f"content {number}\n")
    os.utime(beside, (1_000_000_000, 1_000_000_000))
    os.replace(beside, path)


def _rewrite(path: Path, other: Path, number: int) -> None:
    if path.is_file():
        path.write_bytes(path.read_bytes())


def _touch(path: Path, other: Path, number: int) -> None:
    if path.is_file():
        path.touch()


def _chmod(path: Path, other: Path, number: int) -> None:
    if path.is_file():
        path.chmod(0o600 if number % 2 else 0o644)


def _truncate(path: Path, other: Path, number: int) -> None:
    if path.is_file():
        path.write_bytes(b"")


def _remove(path: Path, other: Path, number: int) -> None:
    path.unlink(missing_ok=True)


def _rename(path: Path, other: Path, number: int) -> None:
    if path.is_file() and other.parent.is_dir():
        path.replace(other)


def _swap(path: Path, other: Path, number: int) -> None:
    if path.is_file() and other.is_file() and path != other:
        beside = path.with_name(path.name + "~")
        path.replace(beside)
        other.replace(path)
        beside.replace(other)


def _make_directory(path: Path, other: Path, number: int) -> None:
    path.mkdir(parents=True, exist_ok=True)


def _remove_tree(path: Path, other: Path, number: int) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _move_tree(path: Path, other: Path, number: int) -> None:
    if path.is_dir() and not other.exists() and other.parent.is_dir():
        with suppress(OSError):  # into itself
            path.rename(other)


def _copy_tree(path: Path, other: Path, number: int) -> None:
    if path.is_dir() and not other.exists() and path not in other.parents:
        shutil.copytree(path, other)


FILE_OPERATIONS: dict[str, Callable[[Path, Path, int], None]] = {
    "write": _write,
    "append": _append,
    "rename over": _rename_over,
    "restore": _restore,
    "rewrite": _rewrite,
    "touch": _touch,
    "chmod": _chmod,
    "truncate": _truncate,
    "remove": _remove,
    "rename": _rename,
    "swap": _swap,
}
TREE_OPERATIONS: dict[str, Callable[[Path, Path, int], None]] = {
    "make directory": _make_directory,
    "remove tree": _remove_tree,
    "move tree": _move_tree,
    "copy tree": _copy_tree,
}


def lay_out(root: Path) -> None:
    """A small project, of which ``build`` is ignored."""
    for name in FILES:
        _write(root / name, root, 0)
    (root / ".gitignore").write_text("/build/\n")


def apply(root: Path, operation: Operation) -> None:
    name, one, other, number = operation
    perform = FILE_OPERATIONS.get(name) or TREE_OPERATIONS[name]
    perform(root / one, root / other, number)
