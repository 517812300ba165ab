"""The sentences for what a session tells of itself when it is asked."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator

from reloader.cli.output.formatting import count, short, some
from reloader.cli.output.formatting import seconds_of as lasting
from reloader.core.notices import (
    ControlUnavailable,
    FilesListed,
    KeysHelp,
    PathExplained,
    Paused,
    Resumed,
    RunRecord,
    SessionNotice,
    SessionStatus,
    WaitResult,
)


def explanation(explained: PathExplained) -> str:
    return ". ".join(_sentences(explained))


def _sentences(explained: PathExplained) -> Iterator[str]:
    name = short(explained.path)
    if explained.kind == "directory":
        verdict = "is looked into" if explained.is_watched else "is not looked into"
    else:
        verdict = "counts" if explained.is_watched else "does not count"
    yield f"{name} {verdict}: {_cause(explained)}"
    if explained.importer:
        yield f"It is imported by {short(explained.importer)}"
    if explained.target:
        yield f"It leads to {short(explained.target)}" + (
            ", and is watched at both ends" if explained.is_watched and explained.kind != "directory" else ""
        )
    if explained.kind == "missing":
        yield "There is nothing at that path" + (": to create it would be a change" if explained.is_watched else "")
    elif explained.kind != "directory":
        yield "A change restarts the command" if explained.is_watched else "A change restarts nothing"
    if explained.backend:
        yield f"{explained.backend} watches it" + (f", as part of {short(explained.root)}" if explained.root else "")
    if not explained.is_live and explained.kind != "directory":
        yield "(No session runs: what a Python program imports is not known)"


def _cause(explained: PathExplained) -> str:
    match explained.cause:
        case "named":
            return "extra_files or env_files name it"
        case "imported":
            return "the program has imported it, or looked for it in vain"
        case "everything":
            return "nothing ignores it, and without watch all the rest counts"
        case "virtualenv":
            return f"{short(explained.at)} is a virtual environment, since it holds a pyvenv.cfg"
        case "not asked for":
            return "no pattern of watch asks for it"
        case "outside":
            return "it lies outside of what is watched; extra_files could name it"
        case "not imported":
            return "of a Python program without watch only what it imports counts, and it has not imported this"
        case "no source":
            return "until the Python program tells what it imports, only Python sources count"
        case "own output":
            return "reloader's own output is written to it"
        case "no file":
            return "it is no regular file (a socket, a pipe or a device)"
        case _:
            return _rule(explained)


def _rule(explained: PathExplained) -> str:
    place = f"{short(explained.source)}:{explained.line}" if explained.line else explained.source
    rule = f"the pattern {explained.pattern} of {place}"
    if explained.at != explained.path:
        above = f" (which is {short(explained.at)})" if explained.at else ""
        if not explained.is_watched:
            return f"{rule} ignores a directory above it{above}, into which nothing looks"
    if not explained.is_watched:
        return f"{rule} takes it out" if explained.pattern.startswith("!") else f"{rule} ignores it"
    return f"{rule} takes it back in" if explained.pattern.startswith("!") else f"{rule} asks for it"


def session_sentence(notice: SessionNotice) -> str:
    match notice:
        case SessionStatus():
            return _status(notice)
        case Paused(by):
            return f"paused by {by}: changes are collected, and served on resume"
        case Resumed(by, pending):
            waiting = f"serving {count(pending, 'change', 'changes')}" if pending else "nothing has changed meanwhile"
            return f"resumed by {by}: {waiting}"
        case WaitResult():
            return _wait(notice)
        case RunRecord():
            return _past(notice)
        case PathExplained():
            return explanation(notice)
        case FilesListed(files, is_live):
            return f"{count(len(files), 'file counts', 'files count')} " + (
                "now" if is_live else "before the program runs"
            )
        case KeysHelp():
            return "keys, each with Enter: r restart · s status · p pause or resume · q quit · ? these keys"
        case ControlUnavailable(cause, remedy):
            return f"this session cannot be asked anything: {cause}. {remedy}"


def _status(status: SessionStatus) -> str:
    parts = [_state(status) if status.run else status.state]
    if status.child is not None:
        parts.append(f"pid {status.child}, since {lasting(status.seconds)} ({status.reason})")
    if status.ready_after is not None:
        parts.append(f"ready after {lasting(status.ready_after)}")
    if status.is_paused:
        pending = f", held: {some(status.pending)}" if status.pending else ""
        parts.append(f"paused{pending}")
    parts.append(f"watching {count(status.files, 'file', 'files')} with {status.backend}")
    return f"{short(status.project) or 'a project'}: {'; '.join(parts)} (session {status.pid})"


def _state(status: SessionStatus) -> str:
    """Another configuration may have come since the newest run: the command is that of the next one."""
    run, command = status.run, shlex.join(status.command)
    match status.state:
        case "waiting":
            return f"run {run} is over, waiting for a change to start {command}"
        case "starting":
            return f"run {run + 1} of {command} is starting"
        case _:
            return f"run {run} of {command} is {status.state}"


def _wait(over: WaitResult) -> str:
    match over.verdict:
        case "ready":
            return f"run {over.run} is ready, {lasting(over.seconds or 0.0)} after its start"
        case "timed out":
            return f"no newer run is ready or has failed yet; the newest is run {over.run}"
        case "finished":
            return f"run {over.run} {over.why} after {lasting(over.seconds or 0.0)}"
        case _:
            return f"run {over.run} has failed: {over.why}" if over.run else f"no run: {over.why}"


def _past(past: RunRecord) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(past.at))
    files = f": {some(past.files)}" if past.files else ""
    parts = [f"{when} run {past.run} ({past.reason}{files})"]
    if past.ready_after is not None:
        parts.append(f"ready after {lasting(past.ready_after)}")
    if past.seconds is None:
        parts.append("it runs, or nobody saw its end")
    elif past.stopped_in is None:
        parts.append(f"{past.outcome} after {lasting(past.seconds)}")
    else:
        how = "by force " if past.forced else ""
        parts.append(f"stopped {how}in {lasting(past.stopped_in)} after {lasting(past.seconds)}")
    return "; ".join(parts)
