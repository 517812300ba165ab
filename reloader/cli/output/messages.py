"""The sentence for each fact. One line each; no colour, no punctuation at the end, paths as short as the user knows them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from reloader.cli.output.formatting import count as _count
from reloader.cli.output.formatting import outcome_of, printable, seconds_of, short, some
from reloader.cli.output.formatting import outcome_of as _outcome
from reloader.cli.output.formatting import printable as _printable
from reloader.cli.output.formatting import seconds_of as _seconds
from reloader.cli.output.formatting import some as _some
from reloader.cli.output.session_messages import session_sentence
from reloader.config.toml_syntax import in_toml
from reloader.core.addresses import ListeningSocket, PortOwner, UnixAddress, format_address
from reloader.core.changes import ChangeBatch
from reloader.core.notices import (
    HIDDEN,
    BackendFellBack,
    BackingOffNotice,
    Changed,
    ChangesReverted,
    ConfigInvalid,
    ConfigMissing,
    ConfigNotice,
    ConfigReloaded,
    ConfigReloadSuspended,
    ConfigRestored,
    ConfigUsed,
    DoctorLimit,
    DoctorRoot,
    DoctorScan,
    Ended,
    EventsMissed,
    EventsOverflowed,
    FinishedNotice,
    HookFailed,
    KeyChange,
    Killed,
    KillFailed,
    Launched,
    Level,
    Listening,
    Note,
    Notice,
    OrphansFound,
    Polling,
    PortInUse,
    Postponed,
    Ready,
    RestartCodeIgnored,
    RestartLoopSuspended,
    Scanning,
    ScansSlowed,
    SessionNotice,
    StoppingNotice,
    SyntaxErrorNotice,
    TaskFailed,
    TaskStarted,
    Unasked,
    Unchanged,
    WaitingForChangeNotice,
    Watching,
)
from reloader.core.outcome import StopStep, StopStepKind
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
from reloader.core.tasks import TaskOutcome, TimedOut


def said_of_config(notice: ConfigNotice) -> str:
    match notice:
        case ConfigReloaded(source, changes, _):
            return f"{source} has changed: {', '.join(map(_change, changes))}"
        case ConfigInvalid((problem,)):
            return f"{problem}; what was in force stays so"
        case ConfigInvalid(problems):
            return f"{len(problems)} problems in the configuration; what was in force stays so:"
        case ConfigMissing(source):
            return f"{source} is gone: what was in force stays so. Put it back, or end this session"
        case ConfigRestored(source):
            return f"{source} is again as it is in force"
        case ConfigReloadSuspended(source, restarts, within, seconds):
            return (
                f"{source} was changed at the same moment of {restarts} runs in a row, within {seconds_of(within)}: if the "
                f"command writes it, have it write another file. It is looked at again after {seconds_of(seconds)}, or "
                "with a restart by hand"
            )


def problems_below(notice: ConfigInvalid) -> Sequence[str]:
    """The problems, if there are several, a line for each."""
    return [printable(problem) for problem in notice.problems] if len(notice.problems) > 1 else ()


def _change(change: KeyChange) -> str:
    return f"{change.key} {_value(change.before)} → {_value(change.after)}"


def _value(value: object) -> str:
    if value is None:
        return "(not set)"
    return HIDDEN if value == HIDDEN else in_toml(value)


StepNotice = SyntaxErrorNotice | TaskStarted | TaskFailed | ChangesReverted | Ready | HookFailed | Postponed


def said_beside(notice: StepNotice) -> str:
    match notice:
        case SyntaxErrorNotice(file, line, _, message, _, run):
            place = short(file) if line is None else f"{short(file)}, line {line}"
            return f"{place}: {message}; {_what_goes_on(run)}"
        case TaskStarted(part, argv):
            return f"{part}: {shlex.join(argv)}"
        case TaskFailed(part, argv, outcome, run):
            return f"{part}: {shlex.join(argv)} {_ended(outcome)}; {_what_goes_on(run)}"
        case ChangesReverted(paths, run):
            return f"{some(paths)} as before: run {run} goes on"
        case Ready(run, seconds, by):
            return f"run {run} is ready after {seconds_of(seconds)} ({', '.join(by)})"
        case HookFailed(occasion, argv, outcome):
            return f"the {occasion.value} hook {shlex.join(argv)} {_ended(outcome)}"
        case Postponed():
            return "waiting for the first change"


def lines_below(notice: Notice) -> Sequence[str]:
    """What stands below the sentence, as it is: where the fault is in a source, as Python shows it, and further problems."""
    if isinstance(notice, ConfigInvalid):
        return problems_below(notice)
    if not isinstance(notice, SyntaxErrorNotice):
        return ()
    return [printable(line.replace("\t", " ")) for line in notice.excerpt]


def _what_goes_on(run: int | None) -> str:
    return "waiting for a change" if run is None else f"run {run} goes on, and the next save is tried again"


def _ended(outcome: TaskOutcome) -> str:
    if isinstance(outcome, TimedOut):
        return f"was ended, since it took more than {seconds_of(outcome.seconds)}"
    return outcome_of(outcome)


__all__ = ["sentence", "short"]


def sentence(notice: Notice) -> str:
    """``notice`` as a line for people. What cannot be printed, as it may stand in a command, is escaped."""
    return _printable(session_sentence(notice) if isinstance(notice, SessionNotice) else _said(notice))


def _said(notice: Unasked) -> str:
    match notice:
        case ConfigUsed() | Listening() | Note():
            return _remark(notice)
        case ConfigReloaded() | ConfigInvalid() | ConfigMissing() | ConfigRestored() | ConfigReloadSuspended():
            return said_of_config(notice)
        case Changed(batch):
            return f"changed: {_batch(batch)}"
        case Unchanged(paths):
            return f"touched, with the content that it had: {_some(paths)}"
        case RestartLoopSuspended():
            return _suspended(notice)
        case PortInUse(_, holder, is_certain):
            return _port_in_use(holder, is_certain)
        case (
            Scanning()
            | Watching()
            | Polling()
            | BackendFellBack()
            | EventsOverflowed()
            | EventsMissed()
            | ScansSlowed()
        ):
            return _watching(notice)
        case DoctorRoot() | DoctorScan() | DoctorLimit():
            return _examined(notice)
        case (
            SyntaxErrorNotice()
            | TaskStarted()
            | TaskFailed()
            | ChangesReverted()
            | Ready()
            | HookFailed()
            | Postponed()
        ):
            return said_beside(notice)
        case _:
            return _life_of_the_child(notice)


def _remark(notice: ConfigUsed | Listening | Note) -> str:
    match notice:
        case ConfigUsed(source):
            return f"configured by {source}"
        case Listening(sockets):
            return f"listening on {', '.join(map(_pending, sockets))}"
        case Note(text):
            return text


def _examined(notice: DoctorRoot | DoctorScan | DoctorLimit) -> str:
    match notice:
        case DoctorRoot(root, file_system, mount_point, backend, mechanism, why, round_trip, trouble):
            place = f"{short(root)} is on {file_system}" + (f", mounted at {mount_point}" if mount_point else "")
            heard = trouble or f"a change there is heard of after {_seconds(round_trip or 0.0)}"
            return f"{place}, and watched with {backend} ({mechanism}): {why}; {heard}"
        case DoctorScan(files, directories, seconds):
            counted = f"{_count(files, 'file', 'files')} in {_count(directories, 'directory', 'directories')}"
            return f"to watch and look at {counted} took {_seconds(seconds)}"
        case DoctorLimit(setting, limit, None):
            return f"{setting} is {limit:,}"
        case DoctorLimit(setting, limit, used):
            remedy = f". Raise it: sysctl {setting}={limit * 4}" if notice.level > Level.INFO else ""
            return f"{setting}: {used:,} of {limit:,} are in use{remedy}"


def _watching(
    notice: Scanning | Watching | Polling | BackendFellBack | EventsOverflowed | EventsMissed | ScansSlowed,
) -> str:
    match notice:
        case Scanning(files):
            return f"scanning: {files:,} files so far"
        case Watching():
            return _watched(notice)
        case Polling(directory, file_system, why):
            return f"polling {short(directory)}, which is on {file_system}: {why}"
        case BackendFellBack(backend, directories, cause, remedy):
            return f"{backend} cannot watch {_some(directories)}: {cause}; polling there instead. {remedy}"
        case EventsOverflowed(backend, remedy):
            return f"{backend} lost events, so everything was compared with the disk. {remedy}"
        case EventsMissed(backend, paths):
            return f"{backend} did not tell of {_some(paths)}, which a look at the disk found"
        case ScansSlowed(interval, cost, paths):
            return (
                f"scanning {paths:,} paths takes {_seconds(cost)}, so it is done every {_seconds(interval)}. "
                'A narrower watch, or backend = "auto", is quicker'
            )


def _life_of_the_child(
    notice: Launched
    | StoppingNotice
    | Killed
    | KillFailed
    | OrphansFound
    | Ended
    | WaitingForChangeNotice
    | BackingOffNotice
    | RestartCodeIgnored
    | FinishedNotice,
) -> str:
    match notice:
        case Launched(run, pid, argv, reason):
            return f"{_why(reason)}: {shlex.join(argv)} (run {run}, pid {pid})"
        case Ended(run, outcome, seconds, _, steps):
            return f"run {run} {_outcome(outcome)} after {_seconds(seconds)}{_steps(steps)}"
        case WaitingForChangeNotice():
            return "waiting for a change"
        case BackingOffNotice(seconds, failures, _):
            again = "" if failures == 1 else f" (attempt {failures})"
            return f"starting again in {_seconds(seconds)}, or at the next change{again}"
        case RestartCodeIgnored(code, times):
            return f"exit code {code} came {times} times right after the start: taken for a failure, not for a wish to restart"
        case FinishedNotice(exit_code):
            return f"finished with exit code {exit_code}"
        case _:
            return _stop_of_a_run(notice)


def _stop_of_a_run(notice: StoppingNotice | Killed | KillFailed | OrphansFound) -> str:
    match notice:
        case StoppingNotice(run, timeout):
            return f"stopping run {run}, by force after {_seconds(timeout)}"
        case Killed(run, after):
            return f"run {run} was ended by force after {_seconds(after)}"
        case KillFailed(run, after):
            return f"run {run} cannot be ended, not by force for {_seconds(after)}: the system holds a process of it"
        case OrphansFound(_, outcome):
            return f"the command {_outcome(outcome)} and left processes running: stopping them"


def _port_in_use(holder: PortOwner, is_certain: bool) -> str:
    port = f"port {holder.address.port} is in use"
    said = port if is_certain else f"the command may have failed because {port}"
    if holder.pid is None:
        return f"{said}: by a process that this user may not look at"
    if holder.pid == os.getpid():
        return f"{said}: by reloader, which listens there for the command: have it serve on the descriptor that it is handed"
    what = shlex.join(holder.argv) or "whose command is not told"
    return f"{said}: by process {holder.pid} ({what})"


def _pending(socket: ListeningSocket) -> str:
    address = socket.address
    where = f"unix:{short(address.path)}" if isinstance(address, UnixAddress) else format_address(address)
    return f"{where} (descriptor {socket.descriptor})"


def _watched(notice: Watching) -> str:
    files = _count(notice.files, "file", "files")
    directories = _count(notice.directories, "directory", "directories")
    where = ", ".join(map(short, notice.roots)) or "no directory"
    return f"watching {files} in {directories} of {where} with {notice.backend} ({notice.mechanism}): {notice.why}"


def _suspended(notice: RestartLoopSuspended) -> str:
    said = (
        f"{_some(notice.paths)} led to {notice.restarts} restarts in {_seconds(notice.within)}, each time at the same "
        "moment of the run: taken for the command's own doing, which counts no more until a restart by hand. "
    )
    if notice.line is None:
        return said + "To keep it so, take it out of extra_files"
    return f"{said}To keep it so, put into the config: {notice.line}"


def _batch(batch: ChangeBatch) -> str:
    if not batch:
        return "nothing"
    first = batch.first
    more = len(batch) - 1
    return f"{short(first.path)} ({first.kind.value})" + (f" and {_count(more, 'other', 'others')}" if more else "")


def _why(reason: Reason) -> str:
    match reason:
        case FirstStart():
            return "starting"
        case FilesChanged():
            return "restarting"
        case RequestedByChild():
            return "starting again, as the command asked"
        case RequestedByUser(by):
            return f"restarting, asked by {by}"
        case ChildExited(outcome):
            return f"starting again, since the command {_outcome(outcome)}"
        case ConfigChanged():
            return "restarting with the new configuration"
        case ConfigRejected():
            return "restarting with the configuration that stays in force"


def _steps(steps: tuple[StopStep, ...]) -> str:
    """What it took to end a run, each with how long after the first."""
    if not steps:
        return ""
    first, *later = steps
    return "; " + ", ".join(
        [_STEPS[first.kind], *(f"{_STEPS[step.kind]} {_seconds(step.after)} later" for step in later)]
    )


_STEPS = {
    StopStepKind.ASKED: "it was asked",
    StopStepKind.ESCAPED_ASKED: "what had left its group was asked",
    StopStepKind.KILLED: "it was forced",
    StopStepKind.GONE: "nothing was left",
}
