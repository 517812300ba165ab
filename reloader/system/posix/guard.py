"""The guard: a process that cleans up when the supervisor is killed.

It stops the run, removes the session's files and restores the terminal. It reads from a pipe that the kernel closes
however the supervisor ends. The guard is a shell, not a fork. A fork would use ten times the memory, because it comes to
own every page that the supervisor writes to later. The shell starts within half a millisecond, and safely whatever
threads exist. It holds none of the user's streams, and only SIGKILL and SIGSTOP reach it.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
from contextlib import suppress

from reloader.system.posix.process_tag import ProcessTag
from reloader.system.posix.spawn import closing_inheritable
from reloader.system.posix.terminal import RESTORE_TERMINAL, Attributes

_SHELL = "/bin/sh"
_VARIABLES = {"PATH": os.defpath, "TERM": "dumb"}

#: Arguments: the process tag, the name of the stop signal, the directory to remove, the group that gets the terminal back,
#: and the command line that does so, if any.
#: Each input line names the group that runs and the terminal's attributes before it; ``-`` if nothing runs.
#: The script waits less than a second after the stop signal, and as long after SIGKILL, also for a process that cannot be
#: killed. The tag separates zombies from live processes, which a group id cannot: process 1 may not reap them.
_SCRIPT = r"""
: the guard of reloader
cd /
run=-
while read -r line; do run=$line; done
without= tag=$1 signal=$2 folder=$3 own=$4
shift 4
group=${run%% *} attributes=${run#* }
tagged() {
    [ "$tag" ] || return
    for file in $(grep -l "^Max file locks  *$tag " /proc/[0-9]*/limits 2>/dev/null); do
        pid=${file#/proc/} pid=${pid%/limits}
        read -r stat <"/proc/$pid/stat" || continue
        set -- ${stat##*) }
        case $1 in [ZX]) ;; *) [ "$3" = "$without" ] || printf '%s ' "$pid" ;; esac
    done
}
send() {
    [ "$group" = - ] || kill -s "$1" -- "-$group"
    for pid in $(without=$group; tagged); do kill -s "$1" "$pid"; done
}
lives() {
    if [ "$tag" ]; then [ "$(tagged)" ]; else [ "$group" != - ] && kill -s 0 -- "-$group"; fi
}
gone() {
    turn=0
    while lives; do
        turn=$((turn + 1))
        [ "$turn" -lt 16 ] || return 1
        [ "$1" ] && send "$1"
        sleep 0.05
    done
}
send "$signal"
send CONT
gone || gone KILL
send KILL
[ "$folder" ] && rm -rf -- "$folder"
[ "$#" != 0 ] && [ "$group" != - ] && (: </dev/tty) && exec "$@" "$group" "$own" "$attributes"
"""


class Guard:
    """The supervisor's end of the guard. Where no shell can be started there is no guard, and ``error`` says why.

    ``directory`` holds the session's files, if there is one; the guard removes it.
    """

    def __init__(self, tag: ProcessTag, stop_signal: int, own_group: int, directory: str | None = None) -> None:
        number = "" if tag.number is None else str(tag.number)
        self._arguments = [number, _name_of(stop_signal), directory or "", str(own_group), *_restore_command()]
        self._tag = tag
        self._pid: int | None = None
        self._pipe: int | None = None
        self.error: str | None = None
        self._start()

    def protect(self, group: int, attributes: Attributes | None) -> None:
        """Have the guard stop ``group`` if the supervisor is killed, and restore the terminal's ``attributes``."""
        self._send(f"{group} {'-' if attributes is None else attributes.serialized()}")

    def release(self) -> None:
        """Protect nothing: the run has ended."""
        self._send("-")

    def shutdown(self) -> None:
        """End the guard, which has nothing to clean up. May be called twice.

        The guard is killed: it only waits, and it may be stopped by SIGSTOP.
        """
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
        self._reap()
        self.detach()

    def detach(self) -> None:
        """Close the pipe, so that the guard does its work. The supervisor ends while a run is alive."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def _send(self, line: str) -> None:
        if self._pipe is None:
            return
        try:
            os.write(self._pipe, line.encode() + b"\n")
        except BrokenPipeError:  # the guard was killed
            self.detach()
            self._reap()

    def _reap(self) -> None:
        if self._pid is not None:
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._pid = None

    def _start(self) -> None:
        reader, self._pipe = os.pipe()
        try:
            with self._tag.cleared():
                self._pid = os.posix_spawn(
                    _SHELL,
                    ["sh", "-c", _SCRIPT, "reloader-guard", *self._arguments],
                    {name: os.environ.get(name, default) for name, default in _VARIABLES.items()},
                    file_actions=[
                        (os.POSIX_SPAWN_DUP2, reader, 0),
                        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                        *closing_inheritable(),
                    ],
                    setpgroup=0,  # in our session, to reach its terminal, but in a group that Ctrl-C does not reach
                    setsigmask=signal.valid_signals(),
                )
        except OSError as error:
            self.error = os.strerror(error.errno or 0)
            self.detach()
        finally:
            os.close(reader)


def _restore_command() -> list[str]:
    """Return the command that restores the terminal, or nothing if there is none.

    It is a Python that ignores the user's environment and site-packages. In our frozen program it is that program, which
    has loaded reloader.frozen; a frozen program of another author does not know the flag.
    """
    if not hasattr(sys, "frozen"):
        return [sys.executable, "-I", "-S", "-c", RESTORE_TERMINAL] if sys.executable else []
    ours = sys.modules.get("reloader.frozen")
    return [] if ours is None else [sys.executable, ours.RESTORE_TERMINAL_FLAG]


def _name_of(number: int) -> str:
    """Return the signal's name for ``kill``. Not every shell knows real-time signals: TERM stands for these."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return "TERM"
