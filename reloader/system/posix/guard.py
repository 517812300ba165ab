"""The guard: a process that outlives us when we are killed, ends what we ran, removes our files, and gives the terminal back.

It waits at the end of a pipe, which the kernel closes however we end. It is a shell, not a fork of ours: that costs a tenth of
the memory (a fork comes to own every page that we write to later), half a millisecond, and may be started whatever threads
there are. It holds none of the user's streams, and no signal but SIGKILL and SIGSTOP reaches it.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
from contextlib import suppress

from reloader.system.posix.process_tree import ProcessTag
from reloader.system.posix.spawn import closing_inheritable
from reloader.system.posix.terminal import RESTORE_TERMINAL, Attributes

_SHELL = "/bin/sh"
_VARIABLES = {"PATH": os.defpath, "TERM": "dumb"}

#: Arguments: the mark, the name of the stop signal, the directory to remove, to whom the terminal is given back, and the words
#: of the command that does so, or none.
#: Each line says which group runs, and what the terminal's attributes were: ``-`` if nothing runs.
#: It takes less than a second for the polite request and as much for force, also where something cannot be killed. By their
#: mark zombies are told from the living, which by their group they are not, for as long as the first process buries none.
_SCRIPT = r"""
: the guard of reloader
cd /
run=-
while read -r line; do run=$line; done
without= mark=$1 signal=$2 folder=$3 own=$4
shift 4
group=${run%% *} attributes=${run#* }
marked() {
    [ "$mark" ] || return
    for file in $(grep -l "^Max file locks  *$mark " /proc/[0-9]*/limits 2>/dev/null); do
        pid=${file#/proc/} pid=${pid%/limits}
        read -r stat <"/proc/$pid/stat" || continue
        set -- ${stat##*) }
        case $1 in [ZX]) ;; *) [ "$3" = "$without" ] || printf '%s ' "$pid" ;; esac
    done
}
send() {
    [ "$group" = - ] || kill -s "$1" -- "-$group"
    for pid in $(without=$group; marked); do kill -s "$1" "$pid"; done
}
lives() {
    if [ "$mark" ]; then [ "$(marked)" ]; else [ "$group" != - ] && kill -s 0 -- "-$group"; fi
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
    """Told what runs, and dismissed in the end if all is well. Where there is no shell there is none; ``error`` says so.

    ``folder`` is the directory of our own files, if there is one.
    """

    def __init__(self, tag: ProcessTag, stop_signal: int, own_group: int, folder: str | None = None) -> None:
        marked = "" if tag.number is None else str(tag.number)
        self._arguments = [marked, _name_of(stop_signal), folder or "", str(own_group)]
        self._arguments += _what_gives_back()
        self._tag = tag
        self._pid: int | None = None
        self._pipe: int | None = None
        self.error: str | None = None
        self._start()

    def protect(self, group: int, attributes: Attributes | None) -> None:
        """From now on ``group`` is what has to go with us, and ``attributes`` are those to be restored."""
        self._say(f"{group} {'-' if attributes is None else attributes.written()}")

    def release(self) -> None:
        self._say("-")

    def shutdown(self) -> None:
        """All is well. May be called twice. It does nothing but wait, and may be stopped, so it is not asked."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
        self._reap()
        self.detach()

    def detach(self) -> None:
        """We end, and what runs does not: that is what the guard is for."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def _say(self, line: str) -> None:
        if self._pipe is None:
            return
        try:
            os.write(self._pipe, line.encode() + b"\n")
        except BrokenPipeError:  # somebody has killed it
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
                    setpgroup=0,  # in our session, whose terminal it may have to give back, but out of reach of Ctrl-C
                    setsigmask=signal.valid_signals(),
                )
        except OSError as error:
            self.error = os.strerror(error.errno or 0)
            self.detach()
        finally:
            os.close(reader)


def _what_gives_back() -> list[str]:
    """The command that gives the terminal back: a Python that reads nothing of the user's, or our own program if it is frozen.

    A frozen program of somebody else, who uses the library, knows no such flag. Only ours begins with reloader.frozen.
    """
    if not hasattr(sys, "frozen"):
        return [sys.executable, "-I", "-S", "-c", RESTORE_TERMINAL] if sys.executable else []
    ours = sys.modules.get("reloader.frozen")
    return [] if ours is None else [sys.executable, ours.GIVE_TERMINAL_BACK]


def _name_of(number: int) -> str:
    """The name by which ``kill`` knows it. A real-time signal has none that every shell knows."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return "TERM"
