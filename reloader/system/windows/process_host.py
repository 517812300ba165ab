"""Start, watch and end runs on Windows: one job object and one console process group per run.

Nothing of a run is left when its end is reported.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ntpath
import subprocess
import threading
from collections.abc import Mapping, Sequence

from reloader.core.events import LeaderExited, Posted, RunEnded, Wakeup
from reloader.core.outcome import Exited
from reloader.interfaces import ChildNotLaunched, Post
from reloader.system import _winapi
from reloader.system.output import OutputTee
from reloader.system.windows.command_line import CommandLine, command_line
from reloader.system.windows.console import ConsoleModes, NoConsoleModes
from reloader.system.windows.helper_host import HelperHost
from reloader.system.windows.listen_sockets import Sockets

#: Seconds between two polls once the leader has ended: a job does not report when it becomes empty.
POLL_INTERVAL = 0.02
#: The exit code of a killed process: the one that a POSIX shell reports for SIGKILL.
KILLED_EXIT_CODE = 128 + 9

_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | _winapi.CREATE_SUSPENDED
_NOT_A_PROGRAM, _NO_SUCH_DIRECTORY = 193, 267


class WindowsChild:
    """One run: a leader, and a job object that no process of the run can leave.

    The leader is created suspended, and resumed only when it is in the job, so that it can start no process outside.
    It is the root of a console process group: only our CTRL_BREAK reaches it, not a Ctrl-C in the console.
    """

    def __init__(self, run: int, job: int, leader: subprocess.Popen[bytes], *, is_batch: bool = False) -> None:
        self.run = run
        self.pid = leader.pid
        self._job: int | None = job
        self._leader = leader
        self._is_batch = is_batch
        self._is_stopping = False
        self._poll_rest_at: float | None = None

    def stop(self, signal: int) -> None:
        """Send CTRL_BREAK, whatever the signal: it is the only event that can be sent to one group.

        If it cannot be delivered, since there is no console or the group is empty, kill the run at once: waiting for the
        timeout would be pointless.
        """
        self._is_stopping = True
        if self._job is not None and not _winapi.send_break(self.pid):
            self.kill()

    def kill(self) -> None:
        if self._job is not None:
            _winapi.terminate_job(self._job, KILLED_EXIT_CODE)

    def poll(self, now: float) -> Posted | None:
        """Return an event if there is one at ``now``. After RunEnded, the caller releases the run."""
        code = self._leader.poll()
        if self._job is None:
            return None
        if code is None:
            self._end_batch_prompt(self._job)
            return None
        if _winapi.active_processes(self._job) == 0:
            return RunEnded(self.run, Exited(code))
        return self._poll_rest(now, code)

    def _end_batch_prompt(self, job: int) -> None:
        """End a cmd that asks "Terminate batch job (Y/N)?" after CTRL_BREAK, and would wait for the answer.

        It is ended once the program that its batch file ran has ended.
        """
        if self._is_stopping and self._is_batch and _winapi.active_processes(job) == 1:
            _winapi.terminate_job(job, KILLED_EXIT_CODE)

    def _poll_rest(self, now: float, code: int) -> Posted | None:
        """Report the leader's exit after one poll interval: most other processes end along with it."""
        if self._poll_rest_at is None:
            self._poll_rest_at = now + POLL_INTERVAL
        if not self._poll_rest_at <= now:
            return None
        self._poll_rest_at = float("inf")
        return LeaderExited(self.run, Exited(code))

    @property
    def must_be_polled(self) -> bool:
        """True if the run waits for a change that Windows does not report."""
        return self._poll_rest_at is not None or (self._is_stopping and self._is_batch)

    def release(self) -> None:
        """Close the job, which ends the processes that are left in it."""
        if self._job is not None:
            _winapi.close_handle(self._job)
            self._job = None
            self._leader.wait()


def make_helper_host(post: Post) -> HelperHost:
    """Create the host of a session's auxiliary commands."""
    # The console belongs to the run: the end of a helper does not restore its modes.
    return HelperHost(lambda: ProcessHost(post, has_input=False, console=NoConsoleModes()))


class ProcessHost:
    """Starts runs and reports their end. A thread for each run waits for its leader, and then posts a Wakeup.

    A run needs no guard with a ``stop_signal``: if the supervisor is killed, Windows closes the job and ends its processes.
    The ``directory`` of the session's files then stays. ``sockets`` are always empty: the configuration refuses them here.
    ``helpers`` may have served the previous process host.
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
        self.helpers = helpers or make_helper_host(post)
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
        self._console.save()
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
            self._begin(leader, job)
        except OSError:
            _winapi.close_handle(job)
            raise
        return WindowsChild(run, job, leader, is_batch=line.is_batch)

    def _begin(self, leader: subprocess.Popen[bytes], job: int) -> None:
        """Put the suspended leader into the job, start the thread that waits for it, and resume it. On failure, kill it."""
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
        self._waiter = threading.Thread(target=self._wait, args=(process,), name="reloader-child", daemon=True)
        self._waiter.start()

    def _wait(self, process: int) -> None:
        _winapi.wait_for_exit(process)
        _winapi.close_handle(process)
        self._post(Wakeup())

    def collect(self, now: float) -> Sequence[Posted]:
        event = self._child.poll(now) if self._child is not None else None
        if isinstance(event, RunEnded):
            self._release()
        return () if event is None else (event,)

    def next_poll(self, now: float) -> float | None:
        return now + POLL_INTERVAL if self._child is not None and self._child.must_be_polled else None

    def close(self) -> None:
        """End the helpers as well: no other host follows. May be called twice."""
        self.helpers.close()
        self.detach()

    def detach(self) -> None:
        """Kill the run, but keep the helpers for the next host. May be called twice."""
        if self._child is not None:
            self._child.kill()
            self._release()
        self._output.close()

    def kill_rest(self) -> None:
        """Kill the processes that outlive the leader."""
        if self._child is not None:
            self._child.kill()

    def _release(self) -> None:
        """Release the run and end its thread: the leader has ended, or is about to."""
        if self._child is not None and self._waiter is not None:
            self._child.release()
            self._waiter.join()
        self._child = self._waiter = None
        self._console.restore()


def _not_launched(name: str, cwd: str, error: OSError) -> ChildNotLaunched:
    if isinstance(error, FileNotFoundError):
        return ChildNotLaunched(127, f'"{name}" cannot be started: it was removed meanwhile')
    if error.winerror == _NO_SUCH_DIRECTORY:
        return ChildNotLaunched(127, f'"{name}" cannot be started: the directory {cwd} does not exist')
    if error.winerror == _NOT_A_PROGRAM:
        return ChildNotLaunched(126, f'"{name}" is not a program that Windows can run. Put its interpreter before it')
    return ChildNotLaunched(126, f'"{name}" cannot be started: {error.strerror or error}')
