"""Find and start a program on POSIX.

The lookup uses the child's own PATH and directory. The child inherits no signal mask or handler, and only the
descriptors that are meant for it.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import errno
import os
import re
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from reloader.core.addresses import FIRST_DESCRIPTOR
from reloader.interfaces import ChildNotLaunched

_UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP}
#: A program that inherits sockets expects its own pid in LISTEN_PID (sd_listen_fds(3)). The pid is not known before the
#: start, so `sh` exports its own pid as LISTEN_PID, then execs the program.
_SHELL = "/bin/sh"
_EXEC_SCRIPT = 'export LISTEN_PID="$$"; exec "$@"'
#: The names of variables that every shell passes on. Some shells drop others (``a.b``): /usr/bin/env sets these again.
_SHELL_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def find_program(name: str, cwd: str, path: str) -> str | ChildNotLaunched:
    """Return the file to execute, looked up as the child itself would: by its PATH, and from its directory."""
    if os.sep in name:
        program = os.path.join(cwd, name)
        return program if os.path.exists(program) else ChildNotLaunched(127, f"{program} does not exist")
    folders = os.pathsep.join(os.path.join(cwd, folder) for folder in path.split(os.pathsep))
    return shutil.which(name, path=folders) or ChildNotLaunched(127, f'"{name}" was not found on the PATH')


def spawn(
    program: str,
    argv: Sequence[str],
    cwd: str,
    environment: Mapping[str, str],
    ignored: frozenset[int],
    *,
    has_input: bool = True,
    sockets: Sequence[int] = (),
    output: tuple[int, int] | None = None,
) -> int:
    """Start ``program`` as the leader of a new process group, and return its pid. Raises OSError.

    Every signal has its default action, except those in ``ignored``. The program finds the ``sockets`` from
    FIRST_DESCRIPTOR on, and its pid in LISTEN_PID; their numbers here must be above that range. posix_spawn runs no code of
    ours between fork and exec, so it is safe with any number of threads.
    """
    streams = [] if output is None else [(os.POSIX_SPAWN_DUP2, one, number) for number, one in enumerate(output, 1)]
    no_input = [] if has_input else [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    inherited = [(os.POSIX_SPAWN_DUP2, ours, its) for its, ours in enumerate(sockets, FIRST_DESCRIPTOR)]
    if sockets:
        program, argv = _SHELL, _exec_arguments(argv, environment)
    with _directory(cwd):
        return os.posix_spawn(
            program,
            list(argv),
            environment,
            file_actions=[*no_input, *streams, *closing_inheritable(), *inherited],
            setpgroup=0,
            setsigmask=(),
            setsigdef=set(signal.valid_signals()) - _UNCATCHABLE - ignored,
        )


def _exec_arguments(argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the arguments of the shell that execs the program, with LISTEN_PID set and under its own name."""
    lost = [f"{name}={value}" for name, value in environment.items() if not _SHELL_VARIABLE.fullmatch(name)]
    return ["sh", "-c", _EXEC_SCRIPT, argv[0], *(["/usr/bin/env", "--", *lost] if lost else []), *argv]


def not_launched(name: str, error: OSError) -> ChildNotLaunched:
    """Return the answer for a program that could not be started.

    With sockets the shell starts the program: it reports the error itself, and exits with the same codes.
    """
    if error.filename == _SHELL != name:
        return ChildNotLaunched(126, f"{_SHELL} cannot be started, which passes on the sockets: {error.strerror}")
    if error.errno == errno.ENOEXEC:
        return ChildNotLaunched(
            126, f'"{name}" is not a program. If it is a script, begin it with "#!" and its interpreter'
        )
    if error.errno == errno.ENOENT:
        return ChildNotLaunched(127, f'"{name}" cannot be started: its interpreter or its directory is missing')
    return ChildNotLaunched(126, f'"{name}" cannot be started: {os.strerror(error.errno or 0)}')


@contextmanager
def _directory(cwd: str) -> Iterator[None]:
    """Change to ``cwd`` meanwhile: posix_spawn has no argument for it, and no thread of ours uses relative paths."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(cwd)
        yield
    finally:
        os.fchdir(before)
        os.close(before)


def closing_inheritable() -> list[tuple[int, int]]:
    """Return the file actions that close every inheritable descriptor except the standard streams.

    Python's own descriptors are closed on exec; watchdog's inotify, and those that our caller left open, are not.
    """
    return [
        (os.POSIX_SPAWN_CLOSE, descriptor)
        for descriptor in map(int, os.listdir("/dev/fd"))
        if descriptor > 2 and _is_inheritable(descriptor)
    ]


def _is_inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False  # the descriptor by which /dev/fd was listed
