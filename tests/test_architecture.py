"""Who may import whom, and what a module may do by being imported. The rules are the table below; CONTRIBUTING has the map."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "reloader"


@dataclass(frozen=True)
class Part:
    """``name`` and what is below it may import ``ours``, and from others ``theirs``. ``standard`` of None: all of the library."""

    name: str
    ours: frozenset[str]
    theirs: frozenset[str] = frozenset()
    standard: frozenset[str] | None = None


def part(name: str, ours: str = "", theirs: str = "", standard: str | None = None) -> Part:
    words = frozenset(f"reloader.{word}" for word in ours.split())
    return Part(name, words, frozenset(theirs.split()), None if standard is None else frozenset(standard.split()))


# What later Pythons have in typing. Not for the agent: the user's Python need not have it.
BACKPORTS = frozenset({"typing_extensions"})
# What the agent calls itself and its parts in the user's Python. Nothing else is imported there that was not imported already.
INSIDE = "_reloader_agent _reloader_open_files _reloader_werkzeug sitecustomize"
PURE = "__future__ collections collections.abc dataclasses enum itertools pathlib re types typing"

# The most particular rule comes first. A part may always import itself.
PARTS = (
    part("reloader.core", "core", "pathspec", PURE),
    part("reloader.errors", "", "", PURE),
    part("reloader.interfaces", "core errors", "", PURE),
    part("reloader.config", "config core errors", "pydantic pydantic_core tomli dotenv"),
    part("reloader.watchers", "watchers interfaces core errors", "watchdog pywatchman"),
    part("reloader.system", "system interfaces core errors", "dotenv psutil"),
    # This runs in the user's Python; by these names its modules find each other there.
    part("reloader.agent.inside", "agent.inside", INSIDE, "atexit os sys time"),
    part("reloader.agent", "agent interfaces core errors"),  # the parent's end
    part("reloader.app", "app engine watchers system agent interfaces core errors", "dotenv"),
    part("reloader.engine", "engine interfaces core errors"),
    part(
        "reloader.cli",
        "cli app.colour app.session app.doctor app.client app.explain app.watch config interfaces core errors",
        "termcolor",
    ),
    part("reloader.api", "child invocation cli app.colour app.session config interfaces core errors"),
    part("reloader.child", "errors"),  # a few lines to the parent, by the protocol of the agent's link
    part("reloader.invocation", "errors"),
    part("reloader.__main__", "cli"),
    part("reloader.frozen", "cli system", "", "__future__ collections.abc os shutil sys"),
    part("reloader", "api errors"),
)

# Where the platform may be asked for outside of reloader/system, and why.
PLATFORM_BRANCHES = {
    "reloader.frozen": "terminals that are given back are of POSIX alone",
    "reloader.agent.inside._reloader_agent": "it may import nothing of ours",
    "reloader.child": "what stat's ctime means",
    "reloader.watchers.choose": "the one choice between the twins among the watchers",
    "reloader.watchers.disk": "what stat's ctime means, and whether names are compared with their case",
    "reloader.watchers.inotify": "a watcher on what only Linux has",
}

# Who may sleep, and why.
MAY_SLEEP = {
    "reloader.agent.inside._reloader_agent": "it has no inbox, and may start no thread in the user's program",
}

# What follows files is put together in one place, for every way to use it and for the tests of the engine as well.
MADE_ONCE = frozenset({"Baseline", "BackendSet", "ChangeCollector", "ChangeTracker", "Explainer", "Rescan"})
ITS_BUILDER = "reloader.app.file_tracking"

# Modules that act when they are imported, and why they must.
ACT_ON_IMPORT = {
    "reloader.__main__": "python -m runs it by importing it",
    "reloader.agent.inside.sitecustomize": "its import by the user's Python is how the agent gets in",
}


@dataclass(frozen=True)
class Import:
    """``target`` is a module; ``names`` are what was taken out of it, when that was not modules."""

    target: str
    names: tuple[str, ...]
    line: int


@cache
def sources() -> dict[str, Path]:
    """The modules of the package, by dotted name."""
    return {_dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(sources()[module].read_text(encoding="utf-8"))


def imports_of(module: str) -> Iterator[Import]:
    """Every import, wherever it stands: also inside functions, under TYPE_CHECKING, and by name through importlib."""
    for node in ast.walk(tree_of(module)):
        match node:
            case ast.Import(names=aliases):
                yield from (Import(alias.name, (), node.lineno) for alias in aliases)
            case ast.ImportFrom(names=aliases):
                yield from _imported_from(module, node, [alias.name for alias in aliases])
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if _imports_by_name(function):
                yield Import(name, (), node.lineno)


def _imported_from(module: str, node: ast.ImportFrom, names: list[str]) -> Iterator[Import]:
    base = node.module or ""
    if node.level:
        package = module if sources()[module].name == "__init__.py" else module.rpartition(".")[0]
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*above, *([base] if base else [])])
    modules = [name for name in names if f"{base}.{name}" in sources()]
    yield from (Import(f"{base}.{name}", (), node.lineno) for name in modules)
    if rest := tuple(name for name in names if name not in modules):
        yield Import(base, rest, node.lineno)


def _imports_by_name(function: ast.expr) -> bool:
    return ast.unparse(function) in {"importlib.import_module", "import_module", "__import__"}


def lies_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def part_of(module: str) -> Part:
    return next(part for part in PARTS if lies_in(module, part.name))


def objection(part: Part, imported: Import) -> str | None:
    """Why ``part`` may not import this, or None."""
    first = imported.target.partition(".")[0]
    if imported.target == "reloader" and imported.names == ("__version__",):
        return None
    if first == "reloader":
        return None if _is_ours(part, imported.target) else f"{part.name} may import of ours only {_listed(part.ours)}"
    if first in sys.stdlib_module_names:
        return _objection_to_standard(part, imported)
    theirs = part.theirs if part.name == "reloader.agent.inside" else part.theirs | BACKPORTS
    return None if first in theirs else f"{part.name} may import of others only {_listed(theirs)}"


def _is_ours(part: Part, target: str) -> bool:
    return lies_in(target, part.name) or any(lies_in(target, allowed) for allowed in part.ours)


def _objection_to_standard(part: Part, imported: Import) -> str | None:
    if part.standard is None:
        return None
    if imported.target not in part.standard:
        return f"{part.name} may import of the standard library only {_listed(part.standard)}"
    if imported.target == "pathlib" and not all(name.startswith("Pure") for name in imported.names or ("pathlib",)):
        return f"{part.name} is pure and may take from pathlib only the Pure paths"
    return None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def place(module: str, line: int) -> str:
    return f"{sources()[module].relative_to(ROOT).as_posix()}:{line}"


def none_of(faults: Iterator[str]) -> None:
    found = list(faults)
    assert not found, "\n  ".join(["", *found])


@pytest.mark.parametrize("module", sources())
def test_a_part_imports_only_what_the_design_allows(module: str) -> None:
    none_of(
        f"{place(module, imported.line)} imports {imported.target}, but {why}"
        for imported in imports_of(module)
        if (why := objection(part_of(module), imported))
    )


def test_the_core_imports_nothing_that_acts() -> None:
    none_of(
        f"{place(module, node.lineno)} calls {node.func.id}(), but the core can do nothing"
        for module in sources()
        if lies_in(module, "reloader.core")
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)  # a method may be called open
        if node.func.id in {"open", "print", "input", "exec", "eval", "compile", "breakpoint"}
    )


def test_nothing_sleeps() -> None:
    none_of(
        f"{place(module, node.lineno)} sleeps, but only the inbox waits, and it can be woken"
        for module in sources()
        if module not in MAY_SLEEP
        for node in ast.walk(tree_of(module))
        if _sleeps(node)
    )


def _sleeps(node: ast.AST) -> TypeGuard[ast.expr | ast.stmt]:
    match node:
        case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
            return True
        case ast.ImportFrom(module="time", names=aliases):
            return any(alias.name == "sleep" for alias in aliases)
    return False


@pytest.mark.parametrize("name", sorted(MADE_ONCE))
def test_only_one_module_builds_what_tracks_files(name: str) -> None:
    """A second wiring drifts: it watches other files, and tests of it test what ships nowhere."""
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "tests/support").rglob("*.py")}
    trees |= {sources()[module]: tree_of(module) for module in sources()}
    makers = {file for file, tree in trees.items() if any(_makes(node, name) for node in ast.walk(tree))}
    assert makers == {sources()[ITS_BUILDER]}


def _makes(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _platform_questions(module: str) -> list[int]:
    """Lines that decide by the platform. To hand ``sys.platform`` on to a function that decides as a value is none."""
    tree = tree_of(module)
    arguments = [value for node in ast.walk(tree) if isinstance(node, ast.Call) for value in _arguments(node)]
    return [node.lineno for node in ast.walk(tree) if _asks_for_the_platform(node) and node not in arguments]


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _asks_for_the_platform(node: ast.AST) -> TypeGuard[ast.expr | ast.stmt]:
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr="platform" | "getwindowsversion"):
            return True
        case ast.Attribute(value=ast.Name(id="os"), attr="name" | "uname"):
            return True
        case ast.Import(names=aliases):
            return any(alias.name == "platform" for alias in aliases)
        case ast.ImportFrom(module="platform"):
            return True
        case ast.ImportFrom(module="sys" | "os", names=aliases):
            return any(alias.name in {"platform", "name", "uname"} for alias in aliases)
    return False


def test_platforms_differ_only_in_the_system_package() -> None:
    none_of(
        f"{place(module, line)} asks for the platform, but the twins live in reloader/system (or name it in "
        "PLATFORM_BRANCHES with its reason)"
        for module in sources()
        if not lies_in(module, "reloader.system") and module not in PLATFORM_BRANCHES
        for line in _platform_questions(module)
    )


def test_each_exception_for_a_platform_is_still_needed() -> None:
    assert [module for module in PLATFORM_BRANCHES if not _platform_questions(module)] == []


def test_type_checkers_can_follow_every_platform_branch() -> None:
    none_of(
        f"{place(module, node.lineno)} asks os.name, which type checkers do not follow; use sys.platform"
        for module in sources()
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "os.name"
    )


def _is_for_elsewhere(module: str) -> bool:
    """Nobody imports it here: its ``assert sys.platform …`` is false, or it needs what is not there.

    That is watchdog on Python 3.10, for which there is no 7, and pywatchman, an extra, on Windows.
    """
    if module.startswith("reloader.watchers.watchman.watcher") and find_spec("pywatchman") is None:
        return True
    if sys.version_info < (3, 11) and any(lies_in(imported.target, "watchdog") for imported in imports_of(module)):
        return True
    asserts = [node for node in tree_of(module).body if isinstance(node, ast.Assert)]
    conditions = [node.test for node in asserts if ast.unparse(node.test).startswith("sys.platform")]
    return not all(eval(ast.unparse(condition), {"sys": sys}) for condition in conditions)  # noqa: S307 our own source


LOOK = """
import importlib, json, os, signal, sys, threading
handlers = lambda: {number: str(signal.getsignal(number)) for number in signal.valid_signals()}
facts = lambda: [threading.active_count(), handlers(), dict(os.environ), os.getcwd(), list(map(str, sys.path))]
kinds = ["threads", "handlers", "environment", "directory", "path"]
before, module = facts(), sys.argv[1]
importlib.import_module(module)
seen = [kind for kind, old, new in zip(kinds, before, facts()) if old != new]
seen += ["logging"] if getattr(sys.modules.get("logging"), "root", None) and sys.modules["logging"].root.handlers else []
os.write(2, json.dumps({"changed": seen, "modules": sorted(sys.modules)}).encode())
"""


def import_alone(module: str) -> tuple[list[str], frozenset[str]]:
    """What the import of ``module`` in a fresh interpreter changed or printed, and which modules it brought."""
    command = [sys.executable, "-c", LOOK, module]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    try:
        report = json.loads(done.stderr)
    except ValueError:
        return [f"wrote or failed: {done.stderr}"], frozenset()
    return [*report["changed"], *([f"printed {done.stdout!r}"] if done.stdout else [])], frozenset(report["modules"])


@pytest.mark.parametrize(
    "module", [name for name in sources() if name not in ACT_ON_IMPORT and not _is_for_elsewhere(name)]
)
def test_an_import_has_no_side_effects(module: str) -> None:
    assert import_alone(module)[0] == []


def test_the_package_itself_is_light() -> None:
    _, modules = import_alone("reloader")
    assert modules & {"argparse", "asyncio", "pydantic", "subprocess", "tomli", "watchdog"} == set()


def test_the_agent_imports_only_the_standard_library() -> None:
    children = [name for name in sources() if lies_in(name, "reloader.agent.inside") and name not in ACT_ON_IMPORT]
    brought = {module.partition(".")[0] for name in children for module in import_alone(name)[1]}
    assert brought & {"pathspec", "pydantic", "tomli", "watchdog"} == set()
