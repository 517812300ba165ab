"""Checks that Python sources compile. Ours accepts in a millisecond; before a rejection, the program's own Python checks.

The program's Python may be newer or older than ours. It runs without site, environment and working directory, so that it
imports neither our agent nor a module of the project. It writes its answer to a file.
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

#: The total number of bytes up to which our own Python compiles the sources first. More would block the loop for too long.
MAX_BYTES_IN_PROCESS = 256 * 1024
#: The exceptions that ``compile`` raises for an invalid source.
_COMPILE_ERRORS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)

#: Arguments: the file that lists the sources, the file for the answer. Runs on Python 3.8 and later.
_SCRIPT = """
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
        text = traceback.format_exception_only(type(error), error)
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            json.dump([path, line, column, "".join(text)], file)
        sys.exit(1)
"""


@dataclass(slots=True)
class Interpreter:
    """The program's Python. ``is_used`` is True if the program is known to run in Python.

    ``command`` starts that Python; it is empty if the command is unknown.
    """

    is_used: bool = False
    command: str = ""


@dataclass(frozen=True, slots=True)
class CompileError:
    """The first error in ``path``. ``line`` and ``column`` begin at 1; ``text`` is Python's message of several lines."""

    path: str
    line: int | None
    column: int | None
    text: str

    @property
    def message(self) -> str:
        """The last line of the text, with the kind of the error."""
        return self.text.rstrip("\n").rpartition("\n")[2]


#: Called with the first error, or None if all sources compile.
OnResult = Callable[[CompileError | None], None]


class SyntaxChecker:
    """Owned by the engine's thread. ``interpreter`` is the program's Python, which may become known later.

    ``make_directory`` returns a directory for the list of sources and the answer. If it returns None, only our own Python
    checks. ``timeout`` is in seconds.
    """

    def __init__(
        self,
        runner: TaskRunner,
        interpreter: Interpreter,
        environment: Callable[[], Mapping[str, str]],
        *,
        cwd: str,
        make_directory: Callable[[], str | None],
        timeout: float,
    ) -> None:
        self._runner = runner
        self.interpreter = interpreter
        self._environment = environment
        self._cwd = cwd
        self._make_directory = make_directory
        self._timeout = timeout
        self._attempt = 0

    def check(self, paths: Sequence[str], on_result: OnResult) -> int | None:
        """Check ``paths``, and call ``on_result`` with the first error or None.

        Return the number of the task that checks, or None if ``on_result`` was called at once.
        """
        interpreter = self.interpreter.command
        if not interpreter:
            on_result(first_error(paths))
            return None
        if _total_size(paths) <= MAX_BYTES_IN_PROCESS and first_error(paths) is None:
            on_result(None)
            return None
        directory = self._make_directory()
        if directory is None:
            on_result(first_error(paths))
            return None
        return self._start_task(interpreter, directory, paths, on_result)

    def _start_task(self, interpreter: str, directory: str, paths: Sequence[str], on_result: OnResult) -> int | None:
        self._attempt += 1
        sources, answer = (os.path.join(directory, f"{name}-{self._attempt}.json") for name in ("sources", "answer"))
        try:
            with open(sources, "w", encoding="utf-8") as file:
                json.dump(list(paths), file)
        except OSError:  # for example, the disk is full
            on_result(first_error(paths))
            return None

        def handle_end(outcome: TaskOutcome) -> None:
            error = _error_after(outcome, answer, paths)
            _remove(sources)
            _remove(answer)
            on_result(error)

        command = (interpreter, "-I", "-S", "-c", _SCRIPT, sources, answer)
        return self._runner.start(
            command, cwd=self._cwd, environment=self._environment(), timeout=self._timeout, on_end=handle_end
        )


def first_error(paths: Sequence[str]) -> CompileError | None:
    """Return the first error that our Python finds. Unreadable files are skipped: the program itself will report them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            try:
                with open(path, "rb") as file:
                    compile(file.read(), path, "exec", dont_inherit=True)
            except OSError:
                continue
            except _COMPILE_ERRORS as error:
                return _compile_error(path, error)
    return None


def _error_after(outcome: TaskOutcome, answer: str, paths: Sequence[str]) -> CompileError | None:
    """Return the error that the program's Python found, or the one that ours finds if there is no answer."""
    if isinstance(outcome, Exited) and outcome.code == 0:
        return None
    error = _read_answer(answer)
    return error if error is not None else first_error(paths)


def _compile_error(path: str, error: BaseException) -> CompileError:
    text = "".join(traceback.format_exception_only(type(error), error))
    line, column = (error.lineno, error.offset) if isinstance(error, SyntaxError) else (None, None)
    return CompileError(path, line, column, text)


def _total_size(paths: Sequence[str]) -> int:
    total = 0
    for path in paths:
        try:
            total += os.stat(path).st_size
        except OSError:
            continue  # it was removed meanwhile
    return total


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # it was not written


def _read_answer(path: str) -> CompileError | None:
    try:
        with open(path, encoding="utf-8") as file:
            source, line, column, text = json.load(file)
    except (OSError, ValueError):
        return None
    return CompileError(str(source), line, column, str(text))
