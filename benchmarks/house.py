"""Measure how the program itself is built. Several checkouts stand side by side in one table.

    python -m benchmarks.house [--list] [--runs 3] [CHECKOUT …]

Sizes and names are read from the sources; nothing of a checkout is imported into this process. The path of a change is traced:
a real session of the checkout (inotify, ``python app.py``) comes to rest, and its app.py is replaced in one rename.

- The record begins when the backend's thread has read the event. It ends at the stop signal, and at the spawn of the second run.
- A file is on the path if one of its functions is called in that time, on any thread. Turns of the loop without work count too.
  Calls of the library and of dependencies do not count.
- The stack holds the functions from ``Engine.turn`` to the one that calls ``os.killpg``, both included.
- The event passes through these, and through each function that is given the batch's event in that turn and has returned.
- A session of another checkout uses the dependencies of this environment.

Names that must be equal do not count as used twice: those of the twins for Windows in ``system``, and those of an interface
and what implements it.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import sys
import tempfile
import time
import tokenize
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import median

from benchmarks.figures import machine, table
from benchmarks.processes import usage
from benchmarks.sessions import REPOSITORY, Session, accept_signals, clean_environment, pause, running

SMALL = 60
APP = 'import time\nprint("run", flush=True)\ntime.sleep(600)\n'
#: The session is at rest when it has not woken up for so many seconds.
REST = 1.0
LONGEST_WAIT = 30.0
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER,
}  # fmt: skip
INTERFACES = {"ports.py", "interfaces.py"}

#: The program's modules: their text by the path below ``reloader``.
Sources = dict[PurePosixPath, str]
#: For each name, the paths that use it.
Uses = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Trace:
    """One edit, as functions (``file: function``) in the order of their calls. ``modules`` were imported before it."""

    to_signal: list[str]
    to_spawn: list[str]
    stack: list[str]
    passed: list[str]
    modules: int


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of a checkout, and what ``--list`` prints about it."""

    label: str
    figure: str
    found: Sequence[str] = ()


def sources_of(checkout: Path) -> Sources:
    package = checkout / "reloader"
    paths = sorted(package.rglob("*.py"))
    return {PurePosixPath(path.relative_to(package).as_posix()): path.read_text(encoding="utf-8") for path in paths}


# Sizes


def code_lines(text: str) -> int:
    """Count the lines that hold more than a comment or a docstring."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {line for token in tokens if token.type not in NO_CODE for line in range(token.start[0], token.end[0] + 1)}
    return len(lines - set(_docstring_lines(ast.parse(text))))


def _docstring_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=[ast.Expr(value=ast.Constant(value=str())) as text, *_])
                | ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str())) as text, *_])
                | ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())) as text, *_])
            ):
                yield from range(text.lineno, (text.end_lineno or text.lineno) + 1)


def side_by_side(sources: Sources) -> Counter[str]:
    """Count the files of each folder, without ``__init__.py``."""
    return Counter(_folder(path) for path in sources if path.name != "__init__.py")


def _folder(path: PurePosixPath) -> str:
    return str("reloader" / path.parent)


# Names


def class_names_used_twice(sources: Sources) -> Uses:
    uses: dict[str, list[PurePosixPath]] = defaultdict(list)
    for path, text in sources.items():
        for name in dict.fromkeys(node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)):
            if str(path) not in INTERFACES:
                uses[name].append(path)
    return _used_twice(uses, str)


def file_names_used_twice(sources: Sources) -> Uses:
    uses: dict[str, list[PurePosixPath]] = defaultdict(list)
    for path in sources:
        if path.name != "__init__.py":
            uses[path.stem].append(path)
    return _used_twice(uses, _folder)


def _used_twice(uses: dict[str, list[PurePosixPath]], shown: Callable[[PurePosixPath], str]) -> Uses:
    without_twins = {name: _without_twins(paths) for name, paths in uses.items()}
    return {name: [shown(path) for path in paths] for name, paths in sorted(without_twins.items()) if len(paths) > 1}


def _without_twins(paths: list[PurePosixPath]) -> list[PurePosixPath]:
    """Leave out the half for Windows where another module of ``system`` has the same name."""
    others = [path for path in paths if not (path.parts[0] == "system" and "windows" in str(path))]
    return others if any(path.parts[0] == "system" for path in others) else paths


def engine_exceptions(checkout: Path) -> list[str]:
    """List the modules of the engine that may import more than the engine, by the rows of the import rules."""
    rules = ast.parse((checkout / "tests" / "test_architecture.py").read_text(encoding="utf-8"))
    rows: dict[str, set[str]] = {}
    for node in ast.walk(rules):
        match node:
            case ast.Call(
                func=ast.Name(id="part"), args=[ast.Constant(value=str(name)), ast.Constant(value=str(ours)), *_]
            ):
                rows[name] = set(ours.split())
    usual = rows["reloader.engine"]
    return [name for name, ours in rows.items() if name.startswith("reloader.engine.") and ours - usual]


# The path of a change


def trace(checkout: Path) -> Trace:
    """Trace one edit in a session of ``checkout``."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(os.path.realpath(directory))
        armed, app, saved = scratch / "armed", scratch / "project" / "app.py", scratch / "saved"
        app.parent.mkdir()
        app.write_text(APP, encoding="utf-8")
        saved.write_text(f"{APP}# edited\n", encoding="utf-8")
        script = str(Path(__file__).with_name("house_trace.py"))
        options = ("--backend", "watchdog", "--", sys.executable, app.name)
        command = (sys.executable, script, str(checkout.resolve()), str(armed), *options)
        with running(command, cwd=app.parent, environment=clean_environment()) as session:
            _line_of(session)
            _come_to_rest(session)
            armed.touch()
            saved.replace(app)
            return Trace(**json.loads(_line_of(session)))


def _line_of(session: Session) -> str:
    found = session.next_line(within=LONGEST_WAIT)
    if found is None:
        raise SystemExit(f"The session reported nothing: {session.last_words()}")
    return found[1]


def _come_to_rest(session: Session) -> None:
    limit, before = time.monotonic() + LONGEST_WAIT, -1
    while (wakeups := usage(session.pids).wakeups) != before:
        if time.monotonic() > limit:
            raise SystemExit("The session does not come to rest")
        before = wakeups
        pause(REST)


def files_of(functions: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(function.partition(": ")[0] for function in functions))


def _row_of(label: str, traces: Sequence[Trace], found_in: Callable[[Trace], list[str]]) -> Row:
    """Show the median of the traces with its spread, and list what the median trace has found."""
    found = sorted(map(found_in, traces), key=len)
    sizes = list(map(len, found))
    return Row(label, f"{median(sizes):g} ({sizes[0]}–{sizes[-1]})", found[len(found) // 2])


# The table


def rows_of(checkout: Path, runs: int) -> list[Row]:
    return [*_read(checkout), *(_traced([trace(checkout) for _ in range(runs)]) if runs else ())]


def _read(checkout: Path) -> Iterator[Row]:
    sources = sources_of(checkout)
    lines = [len(text.splitlines()) for text in sources.values()]
    yield Row("modules", f"{len(lines):,}")
    yield Row("median lines of a module", f"{median(lines):g}")
    yield Row(f"modules under {SMALL} lines", f"{sum(count < SMALL for count in lines):,}")
    yield Row("lines of program", f"{sum(lines):,}")
    yield Row("lines of code", f"{sum(map(code_lines, sources.values())):,}")
    folders = [f"{folder} {count}" for folder, count in side_by_side(sources).most_common()]
    yield Row("files side by side, at most", folders[0], folders)
    exceptions = engine_exceptions(checkout)
    yield Row("exceptions for the engine in the import rules", f"{len(exceptions)}", exceptions)
    for label, uses in (
        ("class names used twice", class_names_used_twice(sources)),
        ("file names used twice", file_names_used_twice(sources)),
    ):
        yield Row(label, f"{len(uses)}", [f"{name}: {', '.join(paths)}" for name, paths in uses.items()])
    for name in ("README.md", "CONTRIBUTING.md"):
        yield Row(f"{name}, bytes", f"{(checkout / name).stat().st_size:,}")


def _traced(traces: Sequence[Trace]) -> Iterator[Row]:
    yield _row_of("files from the event to the stop signal", traces, lambda one: files_of(one.to_signal))
    yield _row_of("calls from the event to the stop signal", traces, lambda one: one.to_signal)
    yield _row_of("files from the event to the next spawn", traces, lambda one: files_of(one.to_spawn))
    yield _row_of("calls from the event to the next spawn", traces, lambda one: one.to_spawn)
    yield _row_of("functions on the stack from the turn to killpg", traces, lambda one: one.stack)
    yield _row_of("functions passed through from the turn to killpg", traces, lambda one: one.passed)
    yield Row("own modules imported after the first run", f"{median(one.modules for one in traces):g}")


def _lists(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if row.found and not row.label.startswith("calls"):
            yield "\n".join((f"\n### {row.label}: {row.figure}\n", *(f"- {line}" for line in row.found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[REPOSITORY], metavar="CHECKOUT")
    parser.add_argument("--list", action="store_true", help="print what was counted, too")
    parser.add_argument("--runs", type=int, default=3, help="traced edits of each checkout; 0 traces none")
    arguments = parser.parse_args()
    accept_signals()
    columns = [rows_of(checkout, arguments.runs) for checkout in arguments.checkouts]
    rows = [(same[0].label, *(row.figure for row in same)) for same in zip(*columns, strict=True)]
    print(table(("", *map(str, arguments.checkouts)), rows))
    print(f"\nTraced figures: median of {arguments.runs} edits, with the spread; {machine()}.")
    if arguments.list:
        for checkout, column in zip(arguments.checkouts, columns, strict=True):
            print(f"\n## {checkout}", *_lists(column), sep="\n")


if __name__ == "__main__":
    main()
