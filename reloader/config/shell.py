"""Turns a command into a list of arguments by the rules of its platform. No shell is asked."""

from __future__ import annotations

import ntpath
import shlex
from collections.abc import Sequence
from subprocess import list2cmdline

Shell = bool | str | tuple[str, ...]

_CMD = ("/d", "/s", "/c")  # without the user's AutoRun; with /s, cmd takes all between the outermost quotes as it is


def split_command(text: str, platform: str) -> list[str]:
    """Return the arguments in ``text``. Raises ValueError for a quote that is not closed.

    On POSIX a shell would split it so. On Windows a backslash is part of a path, and only the double quote quotes.
    """
    if platform != "win32":
        return shlex.split(text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters, lexer.escape, lexer.quotes = "", "", '"'
    return list(lexer)


def argv_of(command: str | Sequence[str], shell: Shell, platform: str, comspec: str) -> tuple[str, ...]:
    """Return the arguments to execute. ``comspec`` is Windows' own shell."""
    if shell is False:
        return tuple(split_command(command, platform) if isinstance(command, str) else command)
    return (*_shell_arguments(shell, platform, comspec), _command_line(command, platform))


def _command_line(command: str | Sequence[str], platform: str) -> str:
    """Return one line for a shell. A text or a single argument stays as it is. Several arguments are quoted."""
    if isinstance(command, str):
        return command
    if len(command) == 1:
        return command[0]
    return list2cmdline(command) if platform == "win32" else shlex.join(command)


def _shell_arguments(shell: Shell, platform: str, comspec: str) -> tuple[str, ...]:
    if isinstance(shell, tuple):
        return shell
    if isinstance(shell, str):
        return (shell, *_switches_of(shell))
    return (comspec, *_CMD) if platform == "win32" else ("/bin/sh", "-c")


def _switches_of(shell: str) -> tuple[str, ...]:
    """Return the flags that make a shell run its next argument as a command."""
    match ntpath.basename(shell).lower().removesuffix(".exe"):  # ntpath knows both separators
        case "cmd":
            return _CMD
        case "powershell" | "pwsh":
            return ("-Command",)
        case _:
            return ("-c",)
