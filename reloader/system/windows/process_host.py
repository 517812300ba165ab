"""Processes on Windows: one job object and one console process group for a run, and nothing of it left when it ended."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ntpath
import subprocess
import threading
from collections.abc import Mapping, Sequence

from reloader.core.addresses import ListeningSocket, SocketSpec
from reloader.core.events import LeaderExited, Posted, RunEnded, Wakeup
from reloader.core.outcome import Exited
from reloader.errors import ConfigError
from reloader.interfaces import ChildNotLaunched, Post
from reloader.system import _winapi
from reloader.system.output import OutputTee
from reloader.system.windows.command_line import CommandLine, command_line
from reloader.system.windows.console import ConsoleModes, NoConsole, SystemSignals, enable_colour
from reloader.system.windows.helper_host import HelperHost


class Sockets:
    """Refuses, as the configuration does before it, with which no plan comes this far."""

    def open(self, specs: Sequence[SocketSpec]) -> tuple[ListeningSocket, ...]:
        raise ConfigError([f"{spec.origin}: no socket can be handed over on Windows: leave it out" for spec in specs])

    def close_replaced(self) -> None:
        """There are none."""

    def close(self) -> None:
        """There is nothing to close."""


__all__ = ["ProcessHost", "SystemSignals", "WindowsChild", "enable_colour"]

#: Once the leader has ended, the host looks this often, in seconds, for the rest: a job tells nobody how many are in it.
LOOK_AGAIN = 0.02
#: The exit code of what was forced: what a shell elsewhere says of a program that SIGKILL ended.
FORCED = 128 + 9

_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | _winapi.CREATE_SUSPENDED
_NOT_A_PROGRAM, _NO_SUCH_DIRECTORY = 193, 267


class WindowsChild:
    """One run: a job object, which no process of it can leave, and the leader in it.

    The leader is created suspended and is resumed only when it is in the job, so that it can start nothing outside.
    It is the root of a console process group: a Ctrl-C in the console does not reach it, only what we send does.
    """

    def __init__(self, run: int, job: int, leader: subprocess.Popen[bytes], *, is_batch: bool = False) -> None:
        self.run = run
        self.pid = leader.pid
        self._job: int | None = job
        self._leader = leader
        self._is_batch = is_batch
        self._is_asked = False
        self._look_for_rest_at: float | None = None

    def stop(self, signal: int) -> None:
        """Send CTRL_BREAK, which stands for every signal here: it is the only one that one group can be sent.

        Where it cannot be delivered (no console, or nobody left in the group), there is no polite way to ask and nobody
        to wait for: the run is forced at once instead of after a timeout in which nothing can happen.
        """
        self._is_asked = True
        if self._job is not None and not _winapi.send_break(self.pid):
            self.kill()

    def kill(self) -> None:
        if self._job is not None:
            _winapi.terminate_job(self._job, FORCED)

    def look(self, now: float) -> Posted | None:
        """What is new at ``now``. A RunEnded is the last news: the run is to be released then."""
        code = self._leader.poll()
        if self._job is None:
            return None
        if code is None:
            self._end_what_would_ask_back(self._job)
            return None
        if _winapi.active_processes(self._job) == 0:
            return RunEnded(self.run, Exited(code))
        return self._look_for_rest(now, code)

    def _end_what_would_ask_back(self, job: int) -> None:
        """A cmd that is asked to stop wants to know whether to "Terminate batch job (Y/N)?", and waits for the answer.

        It is ended as soon as the program that its batch file ran has taken the time to end.
        """
        if self._is_asked and self._is_batch and _winapi.active_processes(job) == 1:
            _winapi.terminate_job(job, FORCED)

    def _look_for_rest(self, now: float, code: int) -> Posted | None:
        """Processes that end along with their leader were not left behind: they are given one look's time."""
        if self._look_for_rest_at is None:
            self._look_for_rest_at = now + LOOK_AGAIN
        if not self._look_for_rest_at <= now:
            return None
        self._look_for_rest_at = float("inf")
        return LeaderExited(self.run, Exited(code))

    @property
    def must_be_looked_at(self) -> bool:
        """Whether something is awaited of which nobody will tell."""
        return self._look_for_rest_at is not None or (self._is_asked and self._is_batch)

    def release(self) -> None:
        """Close the job, which ends whatever is left in it. There is nobody to be stopped after that."""
        if self._job is not None:
            _winapi.close_handle(self._job)
            self._job = None
            self._leader.wait()


class ProcessHost:
    """Starts runs and notices their end. A thread for each run waits for its leader, and says no more than that.

    A run needs no guard with a ``stop_signal``: if we are killed, the system closes the job, and ends all that is in it.
    There are no ``sockets`` to be handed over: the configuration refuses them here. The ``directory`` of our own files is left to
    the system's cleaning then. The ``helpers`` are those of the host before, which go on.
    """

    unguarded_reason: str | None = None

    def __init__(
        self,
        post: Post,
        stop_signal: int = 15,
        *,
        has_input: bool = True,
        sockets: Sockets | None = None,
        log: str | None = None,
        directory: str | None = None,
        console: ConsoleModes | None = None,
        helpers: HelperHost | None = None,
    ) -> None:
        self._output = OutputTee(post, log)
        # The console is the run's: what that has set there is not to be put back at the end of something else.
        self.helpers = helpers or HelperHost(lambda: ProcessHost(post, has_input=False, console=NoConsole()))
        self._input = None if has_input else subprocess.DEVNULL
        self._post = post
        self._cmd = ntpath.join(_winapi.system_directory(), "cmd.exe")
        self._child: WindowsChild | None = None
        self._waiter: threading.Thread | None = None
        self._console = ConsoleModes() if console is None else console

    def launch(
        self, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], run: int
    ) -> WindowsChild | ChildNotLaunched:
        line = command_line(argv, cwd, environment, self._cmd)
        if isinstance(line, ChildNotLaunched):
            return line
        self._console.remember()
        try:
            self._child = self._start(line, cwd, environment, run)
        except OSError as error:
            return _not_launched(argv[0], cwd, error)
        return self._child

    def _start(self, line: CommandLine, cwd: str, environment: Mapping[str, str], run: int) -> WindowsChild:
        job = _winapi.create_job()
        try:
            with self._output.attached(run) as output:
                leader = subprocess.Popen(
                    line.text,
                    executable=line.program,
                    stdin=self._input,
                    stdout=output and output[0],
                    stderr=output and output[1],
                    cwd=cwd,
                    env=dict(environment),
                    creationflags=_FLAGS,
                )
            self._let_go(leader, job)
        except OSError:
            _winapi.close_handle(job)
            raise
        return WindowsChild(run, job, leader, is_batch=line.is_batch)

    def _let_go(self, leader: subprocess.Popen[bytes], job: int) -> None:
        """Put the suspended leader into the job, have its end waited for, and let it begin. If one fails, it never ran."""
        try:
            process = _winapi.open_process(leader.pid)
            try:
                _winapi.assign_to_job(job, process)
                _winapi.resume(process)
            except OSError:
                _winapi.close_handle(process)
                raise
        except OSError:
            leader.kill()
            leader.wait()
            raise
        self._waiter = threading.Thread(target=self._wait_for, args=(process,), name="child wait", daemon=True)
        self._waiter.start()

    def _wait_for(self, process: int) -> None:
        _winapi.wait_for_exit(process)
        _winapi.close_handle(process)
        self._post(Wakeup())

    def collect(self, now: float) -> Sequence[Posted]:
        news = self._child.look(now) if self._child is not None else None
        if isinstance(news, RunEnded):
            self._release()
        return () if news is None else (news,)

    def next_poll(self, now: float) -> float | None:
        return now + LOOK_AGAIN if self._child is not None and self._child.must_be_looked_at else None

    def close(self) -> None:
        """No host follows: what is at work beside the runs ends as well. May be called twice."""
        self.helpers.close()
        self.detach()

    def detach(self) -> None:
        """Another host may follow. May be called twice."""
        if self._child is not None:
            self._child.kill()
            self._release()
        self._output.close()

    def end_rest(self) -> None:
        """Whatever the leader has left behind."""
        if self._child is not None:
            self._child.kill()

    def _release(self) -> None:
        """The run is over: its leader has ended or is about to, so the waiting thread does not wait any more."""
        if self._child is not None and self._waiter is not None:
            self._child.release()
            self._waiter.join()
        self._child = self._waiter = None
        self._console.restore()


def _not_launched(name: str, cwd: str, error: OSError) -> ChildNotLaunched:
    if isinstance(error, FileNotFoundError):
        return ChildNotLaunched(127, f'"{name}" cannot be started: it was removed just now')
    if error.winerror == _NO_SUCH_DIRECTORY:
        return ChildNotLaunched(127, f'"{name}" cannot be started: there is no directory {cwd}')
    if error.winerror == _NOT_A_PROGRAM:
        return ChildNotLaunched(126, f'"{name}" is not a program that Windows can run: name its interpreter before it')
    return ChildNotLaunched(126, f'"{name}" cannot be started: {error.strerror or error}')
