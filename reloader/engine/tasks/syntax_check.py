"""Whether sources of Python compile. Ours says yes in a millisecond; before it says no, the program's own Python is asked.

That one may be newer or older than ours. It runs without site, environment and directory, so that neither our agent nor a
module of the project gets in, and writes its answer into a file.
"""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reloader.core.outcome import Exited
from reloader.core.tasks import TaskOutcome
from reloader.engine.tasks.runner import TaskRunner

#: Of sources up to so many bytes in all we see ourselves whether they compile; more would keep the loop from its work.
AT_ONCE = 256 * 1024
#: What ``compile`` raises for a source that is no program.
_FAULTS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)

#: Arguments: the file that lists the sources, the one for the answer. Python 3.8 and later.
_ASK = """
import json, sys, traceback, warnings
warnings.simplefilter("ignore")
with open(sys.argv[1], encoding="utf-8") as file:
    paths = json.load(file)
for path in paths:
    try:
        with open(path, "rb") as file:
            source = file.read()
        compile(source, path, "exec", dont_inherit=True)
    except OSError:
        continue
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError) as error:
        line, column = getattr(error, "lineno", None), getattr(error, "offset", None)
        told = traceback.format_exception_only(type(error), error)
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            json.dump([path, line, column, "".join(told)], file)
        sys.exit(1)
"""


@dataclass(frozen=True, slots=True)
class CompileError:
    """Why ``path`` does not compile. ``line`` and ``column`` count from 1; ``told`` is what Python says, of several lines."""

    path: str
    line: int | None
    column: int | None
    told: str

    @property
    def message(self) -> str:
        """The last line: what kind of error it is."""
        return self.told.rstrip("\n").rpartition("\n")[2]


Then = Callable[[CompileError | None], None]


class SyntaxChecker:
    """Owned by the engine's thread. ``interpreter`` is the command of the program's Python, empty if that is not known.

    ``folder`` makes a directory of ours for question and answer; None if there can be none, and then nobody else is asked.
    """

    def __init__(
        self,
        commands: TaskRunner,
        interpreter: Callable[[], str],
        environment: Callable[[], Mapping[str, str]],
        *,
        cwd: str,
        folder: Callable[[], str | None],
        timeout: float,
    ) -> None:
        self._commands = commands
        self._interpreter = interpreter
        self._environment = environment
        self._cwd = cwd
        self._folder = folder
        self._timeout = timeout
        self._asked = 0

    def check(self, paths: Sequence[str], then: Then) -> int | None:
        """Call ``then`` with the first fault, or None: at once if we need not ask. Returns the command that asks."""
        interpreter = self._interpreter()
        if not interpreter:
            then(first_error(paths))
            return None
        if _size(paths) <= AT_ONCE and first_error(paths) is None:
            then(None)
            return None
        folder = self._folder()
        if folder is None:
            then(first_error(paths))
            return None
        return self._ask(interpreter, folder, paths, then)

    def _ask(self, interpreter: str, folder: str, paths: Sequence[str], then: Then) -> int | None:
        self._asked += 1
        question, answer = (os.path.join(folder, f"{name}-{self._asked}.json") for name in ("sources", "fault"))
        try:
            with open(question, "w", encoding="utf-8") as file:
                json.dump(list(paths), file)
        except OSError:  # a full disk
            then(first_error(paths))
            return None

        def told(outcome: TaskOutcome) -> None:
            fault = self._verdict(outcome, answer, paths)
            _remove(question)
            _remove(answer)
            then(fault)

        command = (interpreter, "-I", "-S", "-c", _ASK, question, answer)
        return self._commands.start(
            command, cwd=self._cwd, environment=self._environment(), timeout=self._timeout, then=told
        )

    def _verdict(self, outcome: TaskOutcome, answer: str, paths: Sequence[str]) -> CompileError | None:
        """What the program's Python has said, or, where that says nothing, what ours does."""
        if isinstance(outcome, Exited) and outcome.code == 0:
            return None
        fault = _read(answer)
        return fault if fault is not None else first_error(paths)


def first_error(paths: Sequence[str]) -> CompileError | None:
    """The first fault that this Python finds in ``paths``. What cannot be read has none: the program will say so itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            try:
                with open(path, "rb") as file:
                    compile(file.read(), path, "exec", dont_inherit=True)
            except OSError:
                continue
            except _FAULTS as error:
                return _fault(path, error)
    return None


def _fault(path: str, error: BaseException) -> CompileError:
    told = "".join(traceback.format_exception_only(type(error), error))
    line, column = (error.lineno, error.offset) if isinstance(error, SyntaxError) else (None, None)
    return CompileError(path, line, column, told)


def _size(paths: Sequence[str]) -> int:
    total = 0
    for path in paths:
        try:
            total += os.stat(path).st_size
        except OSError:
            continue  # gone meanwhile
    return total


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # it was not written


def _read(path: str) -> CompileError | None:
    try:
        with open(path, encoding="utf-8") as file:
            found, line, column, told = json.load(file)
    except (OSError, ValueError):
        return None
    return CompileError(str(found), line, column, str(told))
