"""The Python files near the top of a project, as syntax trees: which of them creates an app, and its import path."""

from __future__ import annotations

import ast
import os
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MAX_DEPTH = 2
"""Levels of directories that are searched. ``src`` does not count as one."""

_MAX_FILES = 300
"""The most files that are read, so that a large tree costs no noticeable time."""

_LIKELY = ("app", "main", "wsgi", "asgi", "server", "api", "application", "__init__", "__main__")
_SKIPPED = frozenset(
    {"tests", "test", "docs", "examples", "migrations", "node_modules", "site-packages", "build", "dist", "venv", "env"}
)


@dataclass(frozen=True, slots=True)
class AppFound:
    """``kind`` is the class of the app, ``name`` the variable that holds it or the function that returns it."""

    kind: str
    name: str
    is_factory: bool


@dataclass(frozen=True, slots=True)
class Source:
    """One file. ``path`` is relative to the project, with slashes. ``module`` is its dotted name, from ``cwd``.

    ``cwd`` is the directory in which the program must run, empty for the project's. ``path_entry`` must be on
    ``PYTHONPATH``.
    """

    path: str
    tree: ast.Module
    module: str
    cwd: str = ""
    path_entry: str = ""

    @property
    def is_main_of_package(self) -> bool:
        return self.module.endswith(".__main__")

    def app_of(self, classes: Sequence[str], factories: Sequence[str]) -> AppFound | None:
        """Return the variable that holds an instance of one of ``classes``, or the function of ``factories`` that makes one."""
        for node in self.tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=value)
                ):
                    kind = _called(value)
                    if kind in classes:
                        return AppFound(kind, name, is_factory=False)
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in factories:
                kind = next((one for inner in ast.walk(node) if (one := _called(inner)) in classes), "")
                if kind:
                    return AppFound(kind, node.name, is_factory=True)
        return None


def python_sources(directory: str) -> Iterator[Source]:
    """Yield the files that may start a project, the likeliest first. Leave out files that cannot be read or parsed."""
    paths = sorted(_paths(directory, "", _MAX_DEPTH), key=_likelihood)
    for path in paths[:_MAX_FILES]:
        tree = _tree(os.path.join(directory, path))
        if tree is not None:
            yield _source_at(directory, path, tree)


def has_main_guard(tree: ast.Module) -> bool:
    """Return True if the file has an ``if __name__ == "__main__"``."""
    return any(isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in tree.body)


def _called(node: ast.AST | None) -> str:
    """Return the last word of the function in a call: ``Flask`` of ``flask.Flask(__name__)``."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def _likelihood(path: str) -> tuple[int, int, str]:
    stem = path.rpartition("/")[2].removesuffix(".py")
    rank = _LIKELY.index(stem) if stem in _LIKELY else len(_LIKELY)
    return (path.removeprefix("src/").count("/"), rank, path)


def _paths(directory: str, below: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(os.path.join(directory, below)) as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return
    for name, is_directory in found:
        path = f"{below}/{name}".lstrip("/")
        if not is_directory:
            yield from [path] if name.endswith(".py") and not name.startswith(("test_", "conftest")) else []
        elif depth and name not in _SKIPPED and not _is_environment(os.path.join(directory, path)):
            yield from _paths(directory, path, depth if path == "src" else depth - 1)


def _is_environment(directory: str) -> bool:
    return os.path.exists(os.path.join(directory, "pyvenv.cfg"))


def _tree(path: str) -> ast.Module | None:
    try:
        with tokenize.open(path) as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _source_at(directory: str, path: str, tree: ast.Module) -> Source:
    """Return the file with its module name. The directory above its outermost package is the one to import it from."""
    *above, file = path.split("/")
    package: list[str] = []
    while above and os.path.exists(os.path.join(directory, *above, "__init__.py")):
        package.insert(0, above.pop())
    stem = file.removesuffix(".py")
    module = ".".join([*package, *([] if stem == "__init__" and package else [stem])])
    start = "/".join(above)
    if start == "src":
        return Source(path, tree, module, path_entry="src")
    return Source(path, tree, module, cwd=start)
