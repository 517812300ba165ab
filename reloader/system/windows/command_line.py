"""Find a program as Windows does, and join its arguments to one command line.

Nothing here calls Windows, so it is tested on every platform.
"""

from __future__ import annotations

import ntpath
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from subprocess import list2cmdline

from reloader.interfaces import ChildNotLaunched

_DEFAULT_EXTENSIONS = ".COM;.EXE;.BAT;.CMD"
_BATCH_EXTENSIONS = (".bat", ".cmd")
#: Characters without a special meaning for cmd. All others are quoted: even ``=`` and ``,`` separate arguments there.
_PLAIN_TO_CMD = re.compile(r"[A-Za-z0-9_./:\\@+#$*?-]*[A-Za-z0-9_./:@+#$*?-]")
_SKIP_CURRENT_DIRECTORY = "NoDefaultCurrentDirectoryInExePath"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The arguments of CreateProcess: the file to run, and the text from which the program takes its arguments.

    ``is_batch`` says that the file is cmd, which runs a batch file.
    """

    program: str
    text: str
    is_batch: bool = False


def command_line(
    argv: Sequence[str],
    cwd: str,
    environment: Mapping[str, str],
    cmd: str,
    is_file: Callable[[str], bool] = os.path.isfile,
) -> CommandLine | ChildNotLaunched:
    """Return the command line for ``argv`` in ``cwd``. ``cmd`` is the path of cmd.exe, which runs batch files."""
    if any("\0" in argument for argument in argv):
        return ChildNotLaunched(
            126, f'"{_with_visible_nul(argv[0])}" cannot be started: an argument contains a NUL character'
        )
    program = find_program(argv[0], cwd, environment, is_file)
    if isinstance(program, ChildNotLaunched):
        return program
    if program.lower().endswith(_BATCH_EXTENSIONS):
        return _batch_line(program, argv, cmd)
    return CommandLine(program, _shell_line(program, argv) or list2cmdline(argv))


def find_program(
    name: str, cwd: str, environment: Mapping[str, str], is_file: Callable[[str], bool] = os.path.isfile
) -> str | ChildNotLaunched:
    """Return the file to execute, looked up as the child itself would: by its PATH and PATHEXT, and from its directory.

    A name without a directory is first looked for in ``cwd``, as cmd does, unless NoDefaultCurrentDirectoryInExePath
    is set. A name without an executable extension is first tried with each of these.
    """
    folders = list(_folders(name, cwd, environment))
    names = _names(name, _variable(environment, "PATHEXT") or _DEFAULT_EXTENSIONS)
    for folder in folders:
        for candidate in names:
            path = ntpath.normpath(ntpath.join(cwd, folder, candidate))
            if is_file(path):
                return path
    if _has_directory(name):
        return ChildNotLaunched(127, f"{ntpath.normpath(ntpath.join(cwd, name))} does not exist")
    return ChildNotLaunched(127, f'"{name}" was not found on the PATH')


def _folders(name: str, cwd: str, environment: Mapping[str, str]) -> Iterator[str]:
    if _has_directory(name):
        yield cwd
        return
    if _variable(environment, _SKIP_CURRENT_DIRECTORY) is None:
        yield cwd
    for folder in (_variable(environment, "PATH") or "").split(";"):
        if unquoted := folder.strip('"'):
            yield unquoted


def _names(name: str, extensions: str) -> list[str]:
    known = [extension.lower() for extension in extensions.split(";") if extension]
    if ntpath.splitext(name)[1].lower() in known:
        return [name]
    return [*(name + extension for extension in known), name]


def _has_directory(name: str) -> bool:
    return ntpath.basename(name) != name or bool(ntpath.splitdrive(name)[0])


def _variable(environment: Mapping[str, str], name: str) -> str | None:
    """Look up a variable: its name is case-insensitive on Windows."""
    wanted = name.upper()
    return next((value for key, value in environment.items() if key.upper() == wanted), None)


def _shell_line(program: str, argv: Sequence[str]) -> str | None:
    """Return the line for ``cmd … /s /c TEXT``, or None. TEXT stays as it is: cmd has no escaped quotes."""
    switches = [argument.lower() for argument in argv[1:-1]]
    if ntpath.basename(program).lower() != "cmd.exe" or "/s" not in switches or switches[-1] not in ("/c", "/k"):
        return None
    return f'{list2cmdline(argv[:-1])} "{argv[-1]}"'


def _batch_line(script: str, argv: Sequence[str], cmd: str) -> CommandLine | ChildNotLaunched:
    """Return the line by which cmd runs a batch file, quoted so that it does not interpret ``&``, ``%`` and the like."""
    if any(character in argument for argument in argv[1:] for character in "\r\n"):
        return ChildNotLaunched(126, f'"{argv[0]}" cannot be started: cmd cannot pass a line break to a batch file')
    quoted = " ".join([_quoted_for_cmd(script, always=True), *map(_quoted_for_cmd, argv[1:])])
    # /d: ignore the user's AutoRun; /v:off: "!" has no meaning; /s: the outermost two quotes are ours.
    return CommandLine(cmd, f'{list2cmdline([cmd])} /d /e:on /v:off /s /c "{quoted}"', is_batch=True)


def _quoted_for_cmd(argument: str, always: bool = False) -> str:
    """Quote ``argument`` so that cmd does not change it, and the program that the batch file runs reads it unchanged.

    A quote is doubled: for both cmd and the C runtime the text stays inside the quotes. A percent sign cannot be escaped
    on a command line. But ``%cd:~,%`` is an empty part of a variable that always exists. Put behind a first percent sign,
    it keeps the second one from naming a variable.
    """
    if not always and _PLAIN_TO_CMD.fullmatch(argument):
        return argument
    doubled = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ('""' if found[2] else ""), argument)
    return '"' + doubled.replace("%", "%%cd:~,%") + '"'


def _with_visible_nul(name: str) -> str:
    return name.replace("\0", "\\0")
