"""Messages about runs: how each starts and ends, and what follows."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping

from reloader.cli.output.formatting import outcome_of, requester, seconds_of, short
from reloader.core.addresses import ListeningSocket, UnixAddress, format_address
from reloader.core.notices import (
    BackingOffNotice,
    Ended,
    FinishedNotice,
    Killed,
    KillFailed,
    Launched,
    Listening,
    Note,
    OrphansFound,
    PortInUse,
    Postponed,
    Ready,
    RestartCodeIgnored,
    StoppingNotice,
    WaitingForChangeNotice,
)
from reloader.core.outcome import NotLaunched, StopStep, StopStepKind
from reloader.core.states import (
    ChildExited,
    ConfigChanged,
    ConfigRejected,
    FilesChanged,
    FirstStart,
    Reason,
    RequestedByChild,
    RequestedByUser,
)


def listening(notice: Listening) -> str:
    return f"listening on {', '.join(map(_socket, notice.sockets))}"


def postponed(notice: Postponed) -> str:
    return "waiting for the first change"


def launched(notice: Launched) -> str:
    return f"{_why(notice.reason)}: {shlex.join(notice.argv)} (run {notice.run}, pid {notice.pid})"


def ready(notice: Ready) -> str:
    return f"run {notice.run} is ready after {seconds_of(notice.seconds)} ({', '.join(notice.by)})"


def stopping(notice: StoppingNotice) -> str:
    return f"stopping run {notice.run}: it has {seconds_of(notice.timeout)} to exit"


def killed(notice: Killed) -> str:
    return f"run {notice.run} was killed: it had not stopped after {seconds_of(notice.after)}"


def kill_failed(notice: KillFailed) -> str:
    after = seconds_of(notice.after)
    return f"run {notice.run} did not exit {after} after it was killed: a process is stuck in the kernel"


def orphans_found(notice: OrphansFound) -> str:
    return f"the command {outcome_of(notice.outcome)} and left processes running: stopping them"


def ended(notice: Ended) -> str:
    if isinstance(notice.outcome, NotLaunched):
        return f"run {notice.run} could not be started: {notice.outcome.why}"
    return f"run {notice.run} {outcome_of(notice.outcome)} after {seconds_of(notice.seconds)}{_steps(notice.steps)}"


def port_in_use(notice: PortInUse) -> str:
    owner = notice.holder
    port = f"port {owner.address.port} is in use"
    text = port if notice.is_certain else f"the command may have failed because {port}"
    if owner.pid is None:
        return f"{text} by a process that you have no permission to inspect"
    if owner.pid == os.getpid():
        return (
            f"{text} by reloader, which listens there for the command. Serve on the inherited socket: {{socket.0.fd}}"
        )
    return f"{text} by process {owner.pid} ({shlex.join(owner.argv) or 'command unknown'})"


def waiting_for_change(notice: WaitingForChangeNotice) -> str:
    return "waiting for a change"


def backing_off(notice: BackingOffNotice) -> str:
    attempt = "" if notice.failures == 1 else f" (attempt {notice.failures})"
    return f"restarting in {seconds_of(notice.seconds)}, or at the next change{attempt}"


def restart_code_ignored(notice: RestartCodeIgnored) -> str:
    return (
        f"the command exited with code {notice.code} right after its start {notice.times} times: this is treated as a "
        "failure, not as a request to restart"
    )


def finished(notice: FinishedNotice) -> str:
    return f"finished with exit code {notice.exit_code}"


def note(notice: Note) -> str:
    return notice.text


MESSAGES: Mapping[type, Callable[..., str]] = {
    Listening: listening,
    Postponed: postponed,
    Launched: launched,
    Ready: ready,
    StoppingNotice: stopping,
    Killed: killed,
    KillFailed: kill_failed,
    OrphansFound: orphans_found,
    Ended: ended,
    PortInUse: port_in_use,
    WaitingForChangeNotice: waiting_for_change,
    BackingOffNotice: backing_off,
    RestartCodeIgnored: restart_code_ignored,
    FinishedNotice: finished,
    Note: note,
}


def _socket(socket: ListeningSocket) -> str:
    address = socket.address
    where = f"unix:{short(address.path)}" if isinstance(address, UnixAddress) else format_address(address)
    return f"{where} (descriptor {socket.descriptor})"


def _why(reason: Reason) -> str:
    match reason:
        case FirstStart():
            return "starting"
        case FilesChanged():
            return "restarting"
        case RequestedByChild():
            return "restarting, requested by the command"
        case RequestedByUser(by):
            return f"restarting, requested by {requester(by)}"
        case ChildExited(outcome):
            return f"restarting, because the command {outcome_of(outcome)}"
        case ConfigChanged():
            return "restarting with the new configuration"
        case ConfigRejected():
            return "restarting with the previous configuration"


def _steps(steps: tuple[StopStep, ...]) -> str:
    """Return what reloader did to end a run, each step with the time since the first."""
    if not steps:
        return ""
    first, *later = steps
    return "; " + ", ".join(
        [_STEPS[first.kind], *(f"{_STEPS[one.kind]} {seconds_of(one.after)} later" for one in later)]
    )


_STEPS = {
    StopStepKind.ASKED: "stop signal sent",
    StopStepKind.ESCAPED_ASKED: "escaped processes signalled",
    StopStepKind.KILLED: "killed",
    StopStepKind.GONE: "no process left",
}
