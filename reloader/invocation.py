"""How this program was started, so that it can be started again exactly so. Asks the interpreter, and decides nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from reloader.errors import ReloaderError

_WITH_VALUE = "WX"
_LONG_WITH_VALUE = ("--check-hash-based-pycs",)


class Invocation:
    """``argv`` from ``directory`` starts the program. A plain class: dataclasses cost more than all of this."""

    __slots__ = ("argv", "directory")

    def __init__(self, argv: Sequence[str], directory: str) -> None:
        self.argv = tuple(argv)
        self.directory = directory


def current_invocation() -> Invocation:
    """How this process was started. Raises ReloaderError where that cannot be done again."""
    if hasattr(sys, "ps1"):
        raise _again("an interactive session", "write the program into a file")
    main = sys.modules["__main__"]
    if getattr(sys, "frozen", False):
        return Invocation((sys.executable, *sys.argv[1:]), os.getcwd())
    if not sys.executable:
        raise _again("a program in an interpreter that is part of another", "start it with python")
    # The first word stands there as it was typed, relative to who knows what.
    words = sys.orig_argv[1:] if sys.orig_argv else _reconstructed(main)
    return invocation_from([sys.executable, *words], getattr(main, "__file__", None), os.getcwd())


def invocation_from(words: Sequence[str], main_file: str | None, here: str) -> Invocation:
    """The origin of a program that was started by ``words``: its directory is where its script is found from.

    ``main_file`` is the script's absolute path. The program may have changed its directory since; ``here`` is where it is now.
    """
    at = script_index(words)
    if at is None or os.path.isabs(words[at]) or main_file is None or not os.path.isabs(main_file):
        return Invocation(words, here)
    script, main = os.path.normpath(words[at]), os.path.normpath(main_file)
    programs = (main, os.path.dirname(main))  # a directory or an archive has its __main__.py within
    if os.path.normpath(os.path.join(here, script)) in programs:
        return Invocation(words, here)
    for whole in programs:
        if whole.endswith(os.sep + script):
            return Invocation(words, whole[: -len(script)].rstrip(os.sep) or os.sep)
    return Invocation((*words[:at], main, *words[at + 1 :]), here)


def script_index(words: Sequence[str]) -> int | None:
    """Where among ``words`` the script is, or None for ``-m``. Reads the interpreter's options as it does itself."""
    place = 1
    while place < len(words):
        word = words[place]
        if word in _LONG_WITH_VALUE:
            place += 2
        elif word == "--":
            return _file(words, place + 1)
        elif word == "-" or not word.startswith("-"):
            return _file(words, place)
        elif word.startswith("--"):
            place += 1
        else:
            deciding, has_value_behind = _letters(word)
            if deciding == "m":
                return None
            place += 2 if has_value_behind else 1
    return _file(words, place)


def _letters(word: str) -> tuple[str, bool]:
    """Of options in one word, such as ``-Xutf8`` or ``-Bm``: the one that decides, and whether the next word belongs to it."""
    for place, letter in enumerate(word[1:], 1):
        if letter == "m":
            return letter, False
        if letter == "c":
            raise _again("a program that was given by -c", "write it into a file")
        if letter == "i":
            raise _again("an interactive session", "leave the -i away")
        if letter in _WITH_VALUE:
            return letter, place == len(word) - 1
    return "", False


def _file(words: Sequence[str], place: int) -> int:
    if place >= len(words) or words[place] == "-":
        raise _again("a program that was read from standard input", "write it into a file")
    return place


def _reconstructed(main: object) -> list[str]:
    """What followed the interpreter, by what it has left of it."""
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return ["-m", spec.name.removesuffix(".__main__"), *sys.argv[1:]]
    script = sys.argv[0] if sys.argv else ""
    launcher = script + ".exe"  # the launchers of console scripts on Windows take it away
    return [launcher if not os.path.exists(script) and os.path.exists(launcher) else script, *sys.argv[1:]]


def _again(what: str, remedy: str) -> ReloaderError:
    return ReloaderError(f"{what} cannot be started again by run_with_reloader(): {remedy}")
