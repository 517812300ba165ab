"""Processes on POSIX: one process group for a run, and nothing of it left when the run is called ended."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence

from reloader.core.events import ChildInterrupted, LeaderExited, Posted, RunEnded
from reloader.core.outcome import Exited, Outcome, Signalled, StopStep, StopStepKind
from reloader.interfaces import ChildNotLaunched, Post
from reloader.system.output import OutputTee
from reloader.system.posix.guard import Guard
from reloader.system.posix.helper_host import HelperHost
from reloader.system.posix.listen_sockets import Sockets
from reloader.system.posix.process_tree import children, descendants, group_is_alive, signal_group, signal_process
from reloader.system.posix.signals import HANDED_ON, JobSignals
from reloader.system.posix.spawn import find_program, not_launched, spawn
from reloader.system.posix.terminal import InterruptSentinel, Terminal

#: While a run is ending, the host looks this often, in seconds, for what no signal tells of.
LOOK_AGAIN = 0.02
STANDARD_INPUT, NOTHING = 0, -1
#: The pid of the process that the kernel gives all orphans to.
FIRST_PROCESS = 1


class PosixChild:
    """One run: a process group whose id is the pid of its leader, and what left that group."""

    def __init__(self, run: int, pid: int, bystanders: Callable[[], frozenset[int]]) -> None:
        self.run = run
        self.pid = pid
        self._bystanders = bystanders
        self.outcome: Outcome | None = None
        self.told_of_leader = False
        self.stop_signal: int | None = None
        self._asked_at = 0.0
        self.steps: tuple[StopStep, ...] = ()

    def stop(self, signal: int) -> None:
        self.stop_signal = signal
        self._note(StopStepKind.ASKED)
        signal_group(self.pid, signal)
        self.resume()

    def kill(self) -> None:
        self.stop_signal = signal.SIGKILL
        self._note(StopStepKind.KILLED)
        signal_group(self.pid, signal.SIGKILL)
        for pid in descendants(self._bystanders()):
            signal_process(pid, signal.SIGKILL)

    def resume(self) -> None:
        """Continue what was stopped: a stopped process cannot answer a signal."""
        signal_group(self.pid, signal.SIGCONT)

    def is_over(self) -> bool:
        """Whether all of it is gone. Asks those that left the group to follow, once the group is."""
        if self.outcome is None or group_is_alive(self.pid):
            return False
        escaped = descendants(self._bystanders())
        if escaped and self.stop_signal is not None and self._note(StopStepKind.ESCAPED_ASKED):
            for pid in escaped:
                signal_process(pid, self.stop_signal)
                signal_process(pid, signal.SIGCONT)
        if not escaped and self.steps:
            self._note(StopStepKind.GONE)
        return not escaped

    def _note(self, kind: StopStepKind) -> bool:
        """Whether this step is the first of its kind."""
        if not self.steps:
            self._asked_at = time.monotonic()
        if any(step.kind is kind for step in self.steps):
            return False
        self.steps += (StopStep(kind, time.monotonic() - self._asked_at),)
        return True


class ProcessHost:
    """Starts runs, gives them the terminal, and notices their end. Reaps every process that becomes ours.

    ``post`` is for the signals that are the run's; SIGCHLD stirs the engine too, see SystemSignals. ``stop_signal`` is what the
    guard asks the run to end with if we are killed, ``folder`` the directory that it then removes. Without ``has_input`` the
    terminal is not lent: we read it. Each run is handed the ``sockets``; ``log`` is what a line of its output has to match for
    it to be ready. The ``helpers`` are those of the host before, which go on.
    """

    def __init__(
        self,
        post: Post,
        stop_signal: int = signal.SIGTERM,
        *,
        has_input: bool = True,
        sockets: Sockets | None = None,
        log: str | None = None,
        folder: str | None = None,
        helpers: HelperHost | None = None,
    ) -> None:
        self._output = OutputTee(post, log)
        self.helpers = helpers or HelperHost()
        self._terminal = Terminal(STANDARD_INPUT if has_input else NOTHING)
        self._has_input = has_input
        self._sockets = sockets or Sockets()
        self._tag = self.helpers.tag
        self._guard = Guard(self._tag, stop_signal, self._terminal.own_group, folder)
        # Children of a shell that became us by exec, or of a caller of the library; services of watchers; and the guard.
        self._bystanders = frozenset(pid for pid in descendants() if not self._tag.has_tag(pid))
        self.helpers.escaped = self._left_without_a_run
        self._signals = JobSignals(post)
        self._ear = InterruptSentinel()
        self._child: PosixChild | None = None
        self._has_left = False
        hangup_is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup
        self._ignored = frozenset({signal.SIGHUP} if hangup_is_ignored else ())

    @property
    def unguarded_reason(self) -> str | None:
        """Why nothing would end a run if we were killed, or None: then something does."""
        return self._guard.error

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> PosixChild | ChildNotLaunched:
        found = find_program(argv[0], cwd, environment.get("PATH", os.defpath))
        if isinstance(found, ChildNotLaunched):
            return found
        sockets = self._sockets.refreshed()
        try:
            with self._tag.applied(), self._output.attached(run) as output:
                pid = spawn(
                    found,
                    argv,
                    cwd,
                    environment,
                    self._ignored,
                    has_input=self._has_input,
                    sockets=sockets,
                    output=output,
                )
        except OSError as error:
            return not_launched(argv[0], error)
        self._child = PosixChild(run, pid, self._not_of_the_run)
        self._put_in_front(self._child)
        return self._child

    def _not_of_the_run(self) -> frozenset[int]:
        """In a container, the first process is also given the orphans of whoever was let in from outside (docker exec)."""
        bystanders = self._bystanders | self.helpers.pids
        if os.getpid() != FIRST_PROCESS or self._tag.number is None:
            return bystanders
        return bystanders.union(pid for pid in children() if not self._tag.has_tag(pid))

    def _left_without_a_run(self) -> list[int]:
        return descendants(self._not_of_the_run()) if self._child is None else []

    def _put_in_front(self, child: PosixChild) -> None:
        self._terminal.give_foreground(child.pid)
        if self._terminal.has_given_foreground and self._ear.pid is None:
            self._ear.listen_in(child.pid)
        self._guard.protect(child.pid, self._terminal.attributes)

    def collect(self, now: float) -> Sequence[Posted]:
        for number in self._signals.take():
            self._take_signal(number)
        child = self._child
        ours = {self._ear.pid, None if child is None else child.pid}
        _reap_adopted(self._bystanders | self.helpers.pids | {pid for pid in ours if pid is not None})
        return () if child is None else (*self._listen(child), *self._look_at(child))

    def _listen(self, child: PosixChild) -> Sequence[Posted]:
        """A program that has the terminal as it likes it uses Ctrl-C for its own ends: a debugger's prompt, an editor."""
        return (ChildInterrupted(child.run),) if self._ear.has_heard() and self._terminal.has_same_attributes else ()

    def _look_at(self, child: PosixChild) -> Sequence[Posted]:
        if child.outcome is None:
            self._look_at_leader(child)
        if child.outcome is None:
            return ()
        if child.is_over():
            self._child = None
            self._guard.release()
            return (RunEnded(child.run, child.outcome, child.steps),)
        if not child.told_of_leader:
            child.told_of_leader = True
            return (LeaderExited(child.run, child.outcome),)
        return ()

    def next_poll(self, now: float) -> float | None:
        child = self._child
        is_ending = child is not None and (child.outcome is not None or child.stop_signal is not None)
        return now + LOOK_AGAIN if is_ending else None

    def close(self) -> None:
        """No host follows: what is at work beside the runs ends as well. May be called twice."""
        self.helpers.close()
        self.detach()

    def detach(self) -> None:
        """Another host may follow. A run that is not over by now is the guard's. May be called twice."""
        if self._has_left:
            return
        self._has_left = True
        self._signals.close()
        self._ear.close()
        self._terminal.close()
        if self._child is None:
            self._guard.shutdown()
        else:
            self._guard.detach()
        self._output.close()

    def _look_at_leader(self, child: PosixChild) -> None:
        pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return
        if os.WIFSTOPPED(status):
            self._run_was_stopped(child, os.WSTOPSIG(status))
            return
        self._sockets.refreshed()  # until the next run listens, more may come than the last one wanted to have waiting
        was_foreground = self._terminal.has_given_foreground
        self._ear.leave_group()
        self._terminal.take_foreground(leaves_a_mess=os.WIFSIGNALED(status) or child.stop_signal is not None)
        if os.WIFSIGNALED(status):
            child.outcome = Signalled(os.WTERMSIG(status), was_foreground)
        else:
            child.outcome = Exited(os.WEXITSTATUS(status), was_foreground)

    # Job control

    def _take_signal(self, number: int) -> None:
        child = self._child
        if number == signal.SIGTSTP:
            self._stop_with(child)
        elif number == signal.SIGCONT:
            self._were_continued()
        elif child is not None and number in HANDED_ON:
            # Of a new size the kernel tells a whole group; what is sent to a program is sent to that.
            hand_on = signal_group if number == signal.SIGWINCH else signal_process
            hand_on(child.pid, number)

    def _run_was_stopped(self, child: PosixChild, number: int) -> None:
        """Ctrl-Z reached the child alone, or it wants the terminal from the background: a shell takes over, as for one job.

        Who stops it by hand, in a debugger for instance, means it alone.
        """
        wants_terminal = self._terminal.is_there and number in {signal.SIGTTIN, signal.SIGTTOU}
        if wants_terminal and self._terminal.run_is_foreground:
            child.resume()  # it had looked at the terminal before that was its own
        elif wants_terminal and self._terminal.is_foreground:
            self._were_continued()  # a shell has just given it to us, and its signal is still on its way
        elif child.stop_signal is None and (self._terminal.has_given_foreground or wants_terminal):
            self._stop_with(None)

    def _stop_with(self, child: PosixChild | None) -> None:
        """Stop ourselves, after the run that was not stopped yet, and go on together."""
        if child is not None and child.stop_signal is None:
            signal_group(child.pid, signal.SIGTSTP)
        self._terminal.pause()
        self._signals.stop_ourselves()
        self._were_continued()

    def _were_continued(self) -> None:
        """With ``fg`` the terminal is ours to lend again, with ``bg`` it is the shell's."""
        self._terminal.refresh_foreground()
        if self._child is not None and self._child.outcome is None:
            self._put_in_front(self._child)
            self._child.resume()


def _reap_adopted(others: frozenset[int]) -> None:
    """Bury the orphans that came to us as their subreaper, but not ``others``, who are waited for elsewhere."""
    for pid in children():
        if pid not in others:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue  # reaped by whoever started it
