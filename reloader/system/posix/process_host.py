"""Start, watch and end runs on POSIX: one process group per run, and nothing of it is left when its end is reported."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
from collections.abc import Mapping, Sequence

from reloader.core.events import ChildInterrupted, LeaderExited, Posted, RunEnded
from reloader.core.outcome import Exited, Signalled
from reloader.interfaces import ChildNotLaunched, Post
from reloader.system.output import OutputTee
from reloader.system.posix.guard import Guard
from reloader.system.posix.helper_host import HelperHost
from reloader.system.posix.listen_sockets import Sockets
from reloader.system.posix.process_tree import PosixChild, children, descendants, signal_group, signal_process
from reloader.system.posix.signals import FORWARDED, JobSignals
from reloader.system.posix.spawn import find_program, not_launched, spawn
from reloader.system.posix.terminal import InterruptSentinel, Terminal

#: Seconds between two polls while a run is ending: no signal reports the end of a process that is not a child of ours.
POLL_INTERVAL = 0.02
STANDARD_INPUT, NO_TERMINAL = 0, -1
#: The pid of the process that adopts all orphans.
INIT_PID = 1


def make_helper_host(post: Post) -> HelperHost:
    """Create the host of a session's auxiliary commands. SIGCHLD wakes the engine for it, so it does not use ``post``."""
    return HelperHost()


class ProcessHost:
    """Starts runs, gives them the terminal, and reports their end. It reaps every process that becomes a child of ours.

    ``post`` takes the events of the signals that belong to the run. SIGCHLD also wakes the engine, see SystemSignals.
    If the supervisor is killed, the guard sends the run ``stop_signal`` and removes ``directory``.
    Without ``has_input`` the supervisor reads the terminal, so the run does not become its foreground group.
    Each run inherits the ``sockets``. ``log`` is the expression by which a line of output shows that the run is ready.
    ``helpers`` may have served the previous process host.
    """

    def __init__(
        self,
        post: Post,
        stop_signal: int = signal.SIGTERM,
        *,
        has_input: bool = True,
        sockets: Sockets | None = None,
        log: str | None = None,
        directory: str | None = None,
        helpers: HelperHost | None = None,
    ) -> None:
        self._output = OutputTee(post, log)
        self.helpers = helpers or make_helper_host(post)
        self._terminal = Terminal(STANDARD_INPUT if has_input else NO_TERMINAL)
        self._has_input = has_input
        self._sockets = sockets or Sockets()
        self._tag = self.helpers.tag
        self._guard = Guard(self._tag, stop_signal, self._terminal.own_group, directory)
        # Children of a shell that became us by exec, or of a caller of the library; services of watchers; and the guard.
        self._bystanders = frozenset(pid for pid in descendants() if not self._tag.has_tag(pid))
        self.helpers.attach(self._orphans)
        self._signals = JobSignals(post)
        self._sentinel = InterruptSentinel()
        self._child: PosixChild | None = None
        self._is_detached = False
        hangup_is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup
        self._ignored = frozenset({signal.SIGHUP} if hangup_is_ignored else ())

    @property
    def unguarded_reason(self) -> str | None:
        """The reason why a run would survive if the supervisor were killed, or None if the guard is running."""
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
        self._child = PosixChild(run, pid, self._bystander_pids)
        self._set_foreground(self._child)
        return self._child

    def collect(self, now: float) -> Sequence[Posted]:
        for number in self._signals.take():
            self._handle_signal(number)
        child = self._child
        waited_for = {self._sentinel.pid, None if child is None else child.pid}
        _reap_adopted(self._bystanders | self.helpers.pids | {pid for pid in waited_for if pid is not None})
        if child is None:
            return ()
        interrupts = () if self._sentinel.pid is None else self._interrupts(child)
        return (*interrupts, *self._poll(child))

    def next_poll(self, now: float) -> float | None:
        child = self._child
        is_ending = child is not None and (child.outcome is not None or child.stop_signal is not None)
        return now + POLL_INTERVAL if is_ending else None

    def close(self) -> None:
        """End the helpers as well: no other host follows. May be called twice."""
        self.helpers.close()
        self.detach()

    def detach(self) -> None:
        """Restore signals and terminal, but keep the helpers for the next host. May be called twice.

        The guard ends a run that is still alive.
        """
        if self._is_detached:
            return
        self._is_detached = True
        self._signals.close()
        self._sentinel.close()
        self._terminal.close()
        if self._child is None:
            self._guard.shutdown()
        else:
            self._guard.detach()
        self._output.close()

    def _bystander_pids(self) -> frozenset[int]:
        """Return the pids of descendants that are not part of the run.

        Process 1 of a container also adopts orphans of processes that were started from outside (docker exec).
        """
        bystanders = self._bystanders | self.helpers.pids
        if os.getpid() != INIT_PID or self._tag.number is None:
            return bystanders
        return bystanders.union(pid for pid in children() if not self._tag.has_tag(pid))

    def _orphans(self) -> list[int]:
        """Return the processes that left a helper's group. While a run is alive they cannot be told from its own."""
        return descendants(self._bystander_pids()) if self._child is None else []

    def _set_foreground(self, child: PosixChild) -> None:
        self._terminal.give_foreground(child.pid)
        if self._terminal.has_given_foreground and self._sentinel.pid is None:
            self._sentinel.join(child.pid)
        self._guard.protect(child.pid, self._terminal.attributes)

    # The end of a run

    def _interrupts(self, child: PosixChild) -> Sequence[Posted]:
        """Report a Ctrl-C, unless the program changed the terminal's attributes.

        Such a program (an editor, a debugger's prompt) uses Ctrl-C for its own purposes.
        """
        was_interrupted = self._sentinel.was_interrupted() and self._terminal.has_same_attributes
        return (ChildInterrupted(child.run),) if was_interrupted else ()

    def _poll(self, child: PosixChild) -> Sequence[Posted]:
        if child.outcome is None:
            self._poll_leader(child)
        if child.outcome is None:
            return ()
        if child.has_ended():
            self._child = None
            self._guard.release()
            return (RunEnded(child.run, child.outcome, child.steps),)
        if not child.leader_exit_reported:
            child.leader_exit_reported = True
            return (LeaderExited(child.run, child.outcome),)
        return ()

    def _poll_leader(self, child: PosixChild) -> None:
        pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return
        if os.WIFSTOPPED(status):
            self._handle_stopped_run(child, os.WSTOPSIG(status))
            return
        self._sockets.refreshed()  # restore the backlog, which the run may have shortened, until the next run listens
        was_foreground = self._terminal.has_given_foreground
        self._sentinel.leave()
        self._terminal.take_foreground(needs_reset=os.WIFSIGNALED(status) or child.stop_signal is not None)
        if os.WIFSIGNALED(status):
            child.outcome = Signalled(os.WTERMSIG(status), was_foreground)
        else:
            child.outcome = Exited(os.WEXITSTATUS(status), was_foreground)

    # Job control

    def _handle_signal(self, number: int) -> None:
        child = self._child
        if number == signal.SIGTSTP:
            self._suspend(child)
        elif number == signal.SIGCONT:
            self._continue()
        elif child is not None and number in FORWARDED:
            # The kernel sends SIGWINCH to a whole group; other signals are meant for the program itself.
            forward = signal_group if number == signal.SIGWINCH else signal_process
            forward(child.pid, number)

    def _handle_stopped_run(self, child: PosixChild, number: int) -> None:
        """Suspend the supervisor too if Ctrl-Z stopped the run, or if the run wants the terminal from the background.

        The shell then handles both as one job. A run that was stopped in another way, such as by a debugger, stops alone.
        """
        wants_terminal = self._terminal.is_available and number in {signal.SIGTTIN, signal.SIGTTOU}
        if wants_terminal and self._terminal.run_is_foreground:
            child.resume()  # it used the terminal before it became the foreground group
        elif wants_terminal and self._terminal.is_foreground:
            self._continue()  # a shell has just given us the terminal, and its SIGCONT is still on its way
        elif child.stop_signal is None and (self._terminal.has_given_foreground or wants_terminal):
            self._suspend(None)

    def _suspend(self, child: PosixChild | None) -> None:
        """Stop ``child``, unless it is ``None`` or already being ended, then the supervisor. Return when both were continued."""
        if child is not None and child.stop_signal is None:
            signal_group(child.pid, signal.SIGTSTP)
        self._terminal.suspend()
        self._signals.suspend_job()
        self._continue()

    def _continue(self) -> None:
        """Continue the run. After ``fg`` the terminal is ours to give, after ``bg`` it is the shell's."""
        self._terminal.refresh_foreground()
        if self._child is not None and self._child.outcome is None:
            self._set_foreground(self._child)
            self._child.resume()


def _reap_adopted(others: frozenset[int]) -> None:
    """Reap the orphans that the supervisor adopted as their subreaper, but not ``others``: these are waited for elsewhere."""
    for pid in children():
        if pid not in others:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue  # already reaped by the code that started it
