"""Finds the command line that starts this Python program again. Reads the interpreter's own options, and decides nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from reloader.errors import ReloaderError

_WITH_VALUE = "WX"
_LONG_WITH_VALUE = ("--check-hash-based-pycs",)


class Invocation:
    """``argv``, run in ``directory``, starts the program. A plain class: dataclasses cost more than all of this module."""

    __slots__ = ("argv", "directory")

    def __init__(self, argv: Sequence[str], directory: str) -> None:
        self.argv = tuple(argv)
        self.directory = directory


def current_invocation() -> Invocation:
    """Return the invocation of this process. Raises ReloaderError if it cannot be repeated."""
    if hasattr(sys, "ps1"):
        raise _not_repeatable("an interactive session", "write the program into a file")
    main = sys.modules["__main__"]
    if getattr(sys, "frozen", False):
        return Invocation((sys.executable, *sys.argv[1:]), os.getcwd())
    if not sys.executable:
        raise _not_repeatable("a program in an embedded interpreter", "start it with python")
    # sys.orig_argv[0] is what was typed, maybe relative to another directory. sys.executable is absolute.
    arguments = sys.orig_argv[1:] if sys.orig_argv else _reconstructed(main)
    return invocation_from([sys.executable, *arguments], getattr(main, "__file__", None), os.getcwd())


def invocation_from(argv: Sequence[str], main_file: str | None, current_directory: str) -> Invocation:
    """Return the invocation of a program that was started by ``argv``. Its directory is where its script can be found.

    ``main_file`` is the absolute path of the script. The program may have changed its directory since it was started.
    """
    index = script_index(argv)
    if index is None or os.path.isabs(argv[index]) or main_file is None or not os.path.isabs(main_file):
        return Invocation(argv, current_directory)
    script, main = os.path.normpath(argv[index]), os.path.normpath(main_file)
    candidates = (main, os.path.dirname(main))  # a directory or an archive has its __main__.py within
    if os.path.normpath(os.path.join(current_directory, script)) in candidates:
        return Invocation(argv, current_directory)
    for path in candidates:
        if path.endswith(os.sep + script):
            return Invocation(argv, path[: -len(script)].rstrip(os.sep) or os.sep)
    return Invocation((*argv[:index], main, *argv[index + 1 :]), current_directory)


def script_index(argv: Sequence[str]) -> int | None:
    """Return the position of the script in ``argv``, or None for ``-m``. Reads options as the interpreter does.

    Raises ReloaderError if the program is not in a file.
    """
    index = 1
    while index < len(argv):
        argument = argv[index]
        if argument in _LONG_WITH_VALUE:
            index += 2
        elif argument == "--":
            return _file_at(argv, index + 1)
        elif argument == "-" or not argument.startswith("-"):
            return _file_at(argv, index)
        elif argument.startswith("--"):
            index += 1
        else:
            deciding, takes_next = _read_letters(argument)
            if deciding == "m":
                return None
            index += 2 if takes_next else 1
    return _file_at(argv, index)


def _read_letters(argument: str) -> tuple[str, bool]:
    """Return the last letter that matters of ``-Xutf8`` or ``-Bm``, and True if its value is the next argument."""
    for position, letter in enumerate(argument[1:], 1):
        if letter == "m":
            return letter, False
        if letter == "c":
            raise _not_repeatable("a program that was given by -c", "write it into a file")
        if letter == "i":
            raise _not_repeatable("an interactive session", "leave the -i away")
        if letter in _WITH_VALUE:
            return letter, position == len(argument) - 1
    return "", False


def _file_at(argv: Sequence[str], index: int) -> int:
    if index >= len(argv) or argv[index] == "-":
        raise _not_repeatable("a program that was read from standard input", "write it into a file")
    return index


def _reconstructed(main: object) -> list[str]:
    """Return the arguments of an interpreter that has not kept them."""
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return ["-m", spec.name.removesuffix(".__main__"), *sys.argv[1:]]
    script = sys.argv[0] if sys.argv else ""
    launcher = script + ".exe"  # on Windows, launchers of console scripts remove the suffix
    return [launcher if not os.path.exists(script) and os.path.exists(launcher) else script, *sys.argv[1:]]


def _not_repeatable(what: str, remedy: str) -> ReloaderError:
    return ReloaderError(f"{what} cannot be started again by run_with_reloader(): {remedy}")
