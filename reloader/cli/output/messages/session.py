"""Messages with which a session answers ``status``, ``pause``, ``resume``, ``wait`` and ``history``."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping

from reloader.cli.output.formatting import count, requester, seconds_of, short, some
from reloader.core.notices import (
    ControlUnavailable,
    KeysHelp,
    Paused,
    Resumed,
    RunRecord,
    SessionStatus,
    WaitResult,
)


def session_status(notice: SessionStatus) -> str:
    parts = [_state(notice) if notice.run else notice.state]
    if notice.child is not None:
        parts.append(f"pid {notice.child}, started {seconds_of(notice.seconds)} ago ({notice.reason})")
    is_stopping = notice.state == "stopping"  # restart and resume answer so: only the stop is of interest then
    if notice.ready_after is not None and not is_stopping:
        parts.append(f"ready after {seconds_of(notice.ready_after)}")
    elif notice.state == "running":
        parts.append("not ready yet")
    if notice.is_paused:
        parts.append("paused" + (f", pending: {some(notice.pending)}" if notice.pending else ""))
    if not is_stopping:
        parts.append(f"watching {count(notice.files, 'file', 'files')} by {notice.backend}")
    project = short(notice.project)
    name = notice.project if project == "." else project or "a project"
    return f"{name}: {'; '.join(parts)} (session {notice.pid})"


def paused(notice: Paused) -> str:
    return f"paused by {requester(notice.by)}: collecting changes. To continue: reloader resume"


def resumed(notice: Resumed) -> str:
    pending = (
        f"handling {count(notice.pending, 'change', 'changes')}" if notice.pending else "nothing changed meanwhile"
    )
    return f"resumed by {requester(notice.by)}: {pending}"


def wait_result(notice: WaitResult) -> str:
    match notice.verdict:
        case "ready":
            return f"run {notice.run} is ready, {seconds_of(notice.seconds or 0.0)} after its start"
        case "timed out" if notice.why:
            return f"timed out: {notice.why}. To continue: reloader resume"
        case "timed out" if notice.seconds is not None:
            return f"timed out: run {notice.run} is not ready {seconds_of(notice.seconds)} after its start"
        case "timed out":
            return f"timed out: no newer run is ready or has failed yet. The newest is run {notice.run}"
        case "finished":
            return f"run {notice.run} {notice.why} after {seconds_of(notice.seconds or 0.0)}"
        case _ if not notice.run:
            return f"nothing runs: {notice.why}"
        case _ if notice.exit_code is None:
            kept = f"; run {notice.run} keeps running" if notice.is_running else ""
            return f"the last save was rejected: {notice.why}{kept}"
        case _:
            return f"run {notice.run} failed: {notice.why}"


def run_record(notice: RunRecord) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(notice.at))
    files = f": {some(notice.files)}" if notice.files else ""
    cause = f" ({notice.reason}{files})" if notice.reason else ""  # a run that could not be started has none
    parts = [f"{when} run {notice.run}{cause}"]
    if notice.ready_after is not None:
        parts.append(f"ready after {seconds_of(notice.ready_after)}")
    if notice.seconds is None:
        parts.append("still running, or its end was not recorded")
    elif notice.stopped_in is None:
        parts.append(f"{notice.outcome} after {seconds_of(notice.seconds)}")
    else:
        how = "killed" if notice.forced else "stopped"
        parts.append(f"{how} after {seconds_of(notice.seconds)} (the stop took {seconds_of(notice.stopped_in)})")
    return "; ".join(parts)


def keys_help(notice: KeysHelp) -> str:
    return "keys, each followed by Enter: r restart · s status · p pause or resume · q quit · ? list the keys"


def control_unavailable(notice: ControlUnavailable) -> str:
    return f"other programs cannot reach this session: {notice.cause}. {notice.remedy}"


MESSAGES: Mapping[type, Callable[..., str]] = {
    SessionStatus: session_status,
    Paused: paused,
    Resumed: resumed,
    WaitResult: wait_result,
    RunRecord: run_record,
    KeysHelp: keys_help,
    ControlUnavailable: control_unavailable,
}


def _state(status: SessionStatus) -> str:
    """Return the state with the command. A reloaded configuration may have changed the command since the newest run."""
    run, command = status.run, shlex.join(status.command)
    match status.state:
        case "waiting":
            return f"run {run} {status.outcome or 'has ended'}; waiting for a change to start {command}"
        case "starting":
            return f"run {run + 1} of {command} is starting"
        case _:
            return f"run {run} of {command} is {status.state}"
