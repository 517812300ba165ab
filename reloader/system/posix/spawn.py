"""The start of a program on POSIX: found as the child itself would, in its directory, with nothing of ours that was not meant."""

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
#: Who is handed sockets looks for its own pid in LISTEN_PID (sd_listen_fds(3)), which is known when it runs, and has to be in
#: the environment that it is started with. A shell that becomes the program has the one and sets the other.
_SHELL = "/bin/sh"
_BECOME = 'export LISTEN_PID="$$"; exec "$@"'
#: What a shell hands on. Variables of other names (``a.b``) are dropped by some, and are set again by env.
_SHELLS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def find_program(name: str, cwd: str, path: str) -> str | ChildNotLaunched:
    """The file to execute, looked up as the child itself would: by its PATH, and from its directory."""
    if os.sep in name:
        program = os.path.join(cwd, name)
        return program if os.path.exists(program) else ChildNotLaunched(127, f"there is no file {program}")
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
    """Start ``program`` as the leader of a new process group, with every signal as usual but those ``ignored``.

    It finds ``sockets``, all of which have higher numbers, from FIRST_DESCRIPTOR on, and its pid in LISTEN_PID.
    posix_spawn runs none of our code between fork and exec, so it is safe however many threads there are. Raises OSError.
    """
    streams = [] if output is None else [(os.POSIX_SPAWN_DUP2, one, number) for number, one in enumerate(output, 1)]
    no_input = [] if has_input else [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    inherited = [(os.POSIX_SPAWN_DUP2, ours, its) for its, ours in enumerate(sockets, FIRST_DESCRIPTOR)]
    if sockets:
        program, argv = _SHELL, _becoming(argv, environment)
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


def _becoming(argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The words of a shell that becomes the program, with the pid that it has, and under the name that it was called by."""
    lost = [f"{name}={value}" for name, value in environment.items() if not _SHELLS_NAME.fullmatch(name)]
    return ["sh", "-c", _BECOME, argv[0], *(["/usr/bin/env", "--", *lost] if lost else []), *argv]


def not_launched(name: str, error: OSError) -> ChildNotLaunched:
    """Of the faults of a program that a shell becomes, the shell tells, and ends with the same exit codes."""
    if error.filename == _SHELL != name:
        return ChildNotLaunched(126, f"sockets are handed over by {_SHELL}, which is not to be had: {error.strerror}")
    if error.errno == errno.ENOEXEC:
        return ChildNotLaunched(126, f'"{name}" is not a program: a script needs "#!" and its interpreter in line one')
    if error.errno == errno.ENOENT:
        return ChildNotLaunched(127, f'"{name}" cannot be started: its interpreter or its directory is missing')
    return ChildNotLaunched(126, f'"{name}" cannot be started: {os.strerror(error.errno or 0)}')


@contextmanager
def _directory(cwd: str) -> Iterator[None]:
    """Work in ``cwd`` for a moment: posix_spawn has no argument for it, and no thread of ours uses relative paths."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(cwd)
        yield
    finally:
        os.fchdir(before)
        os.close(before)


def closing_inheritable() -> list[tuple[int, int]]:
    """Keeps from a child what it would get beyond its standard streams.

    Python's own descriptors are closed on exec; watchdog's inotify, and what our caller left open, are not.
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
        return False  # the descriptor of the listing itself, closed by now
