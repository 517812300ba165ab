"""Processes on POSIX: one process group for a run, and nothing of it left when the run is called ended."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import errno
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from reloader.core.events import ChildEnded, LeaderEnded, Posted
from reloader.core.outcome import Exited, Outcome, Signalled
from reloader.ports import ChildNotLaunched, Post
from reloader.system.descendants import adopt_orphans, children, descendants
from reloader.system.terminal import Terminal

#: While a run is ending, the host looks this often, in seconds, for what no signal tells of.
LOOK_AGAIN = 0.02
_UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP}


class PosixChild:
    """One run: a process group whose id is the pid of its leader, and what left that group."""

    def __init__(self, run: int, pid: int, bystanders: frozenset[int]) -> None:
        self.run = run
        self.pid = pid
        self._bystanders = bystanders
        self.outcome: Outcome | None = None
        self.told_of_leader = False
        self.stop_signal: int | None = None
        self._strays_were_asked = False

    def ask_to_stop(self, signal: int) -> None:
        self.stop_signal = signal
        _signal_group(self.pid, signal)
        self.resume()

    def force_stop(self) -> None:
        self.stop_signal = signal.SIGKILL
        _signal_group(self.pid, signal.SIGKILL)
        for pid in descendants(self._bystanders):
            _signal_process(pid, signal.SIGKILL)

    def resume(self) -> None:
        """Continue what was stopped: a stopped process cannot answer a signal."""
        _signal_group(self.pid, signal.SIGCONT)

    def is_over(self) -> bool:
        """Whether all of it is gone. Asks those that left the group to follow, once the group is."""
        if self.outcome is None or _group_is_alive(self.pid):
            return False
        strays = descendants(self._bystanders)
        if strays and not self._strays_were_asked and self.stop_signal is not None:
            self._strays_were_asked = True
            for pid in strays:
                _signal_process(pid, self.stop_signal)
        return not strays


class ProcessHost:
    """Starts runs, gives them the terminal, and notices their end. Reaps every process that becomes ours.

    ``post`` is not needed here: SIGCHLD is what stirs the engine, see SystemSignals.
    """

    def __init__(self, post: Post) -> None:
        adopt_orphans()
        self._bystanders = frozenset(descendants())  # of a shell that became us by exec, or of a caller of the library
        self._terminal = Terminal()
        self._child: PosixChild | None = None
        self._inherits_ignored_hangup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> PosixChild | ChildNotLaunched:
        found = _find_program(argv[0], cwd, environment.get("PATH", os.defpath))
        if isinstance(found, ChildNotLaunched):
            return found
        try:
            with _directory(cwd):
                pid = self._spawn(found, argv, environment)
        except OSError as error:
            return _not_launched(argv[0], error)
        self._child = PosixChild(run, pid, self._bystanders)
        self._terminal.lend(pid)
        self._child.resume()  # it may have been stopped by a look at the terminal before that was its own
        return self._child

    def _spawn(self, program: str, argv: Sequence[str], environment: Mapping[str, str]) -> int:
        """posix_spawn runs none of our code between fork and exec, so it is safe however many threads there are."""
        defaults = set(signal.valid_signals()) - _UNCATCHABLE
        if self._inherits_ignored_hangup:
            defaults.discard(signal.SIGHUP)
        return os.posix_spawn(
            program,
            list(argv),
            environment,
            file_actions=[(os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in _inheritable_descriptors()],
            setpgroup=0,
            setsigmask=(),
            setsigdef=defaults,
        )

    def collect(self, now: float) -> Sequence[Posted]:
        child = self._child
        if child is None:
            return ()
        _reap_adopted(self._bystanders | {child.pid})
        if child.outcome is None:
            self._look_at_leader(child)
        if child.outcome is None:
            return ()
        if child.is_over():
            self._child = None
            return (ChildEnded(child.run, child.outcome),)
        if not child.told_of_leader:
            child.told_of_leader = True
            return (LeaderEnded(child.run, child.outcome),)
        return ()

    def next_look(self, now: float) -> float | None:
        child = self._child
        is_ending = child is not None and (child.outcome is not None or child.stop_signal is not None)
        return now + LOOK_AGAIN if is_ending else None

    def close(self) -> None:
        self._terminal.close()

    def _look_at_leader(self, child: PosixChild) -> None:
        pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return
        if os.WIFSTOPPED(status):
            self._follow_into_the_background(child)
            return
        held_terminal = self._terminal.is_lent
        self._terminal.take_back()
        if os.WIFSIGNALED(status):
            child.outcome = Signalled(os.WTERMSIG(status), held_terminal)
        else:
            child.outcome = Exited(os.WEXITSTATUS(status), held_terminal)

    def _follow_into_the_background(self, child: PosixChild) -> None:
        """Ctrl-Z reached the child alone: stop ourselves too, so that the shell takes over, and go on together."""
        if not self._terminal.is_lent or child.stop_signal is not None:
            return
        self._terminal.take_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._terminal.lend(child.pid)
        child.resume()


def _find_program(name: str, cwd: str, path: str) -> str | ChildNotLaunched:
    """The file to execute, looked up as the child itself would: by its PATH, and from its directory."""
    if os.sep in name:
        program = os.path.join(cwd, name)
        return program if os.path.exists(program) else ChildNotLaunched(127, f"there is no file {program}")
    folders = os.pathsep.join(os.path.join(cwd, folder) for folder in path.split(os.pathsep))
    return shutil.which(name, path=folders) or ChildNotLaunched(127, f'"{name}" was not found on the PATH')


def _not_launched(name: str, error: OSError) -> ChildNotLaunched:
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


def _inheritable_descriptors() -> list[int]:
    """What the child would get beyond its standard streams. Python's own are closed on exec; watchdog's inotify is not."""
    return [
        descriptor for descriptor in map(int, os.listdir("/dev/fd")) if descriptor > 2 and _is_inheritable(descriptor)
    ]


def _is_inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False  # the descriptor of the listing itself, closed by now


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # gone, or nothing but zombies of it left (macOS says EPERM then)


def _signal_process(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # gone since it was listed, or somebody else's by now


def _group_is_alive(group: int) -> bool:
    """Zombies count as long as nobody has reaped them. The id cannot be used anew while the group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform != "darwin"  # macOS: nothing but zombies is left; Linux: members of another user
    return True


def _reap_adopted(others: frozenset[int]) -> None:
    """Bury the orphans that came to us as their subreaper, but not ``others``, who are waited for elsewhere."""
    for pid in children():
        if pid not in others:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue  # reaped by whoever started it
