"""The sentence for each fact of what is done beside the program, and the lines that stand below one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from reloader.cli.output.formatting import outcome_of, printable, seconds_of, short, some
from reloader.cli.output.renewal_wording import problems_below
from reloader.core.notices import Notice
from reloader.core.settings_diff import ConfigRefused
from reloader.core.step_notices import (
    ChangesTakenBack,
    HookFailed,
    Postponed,
    Ready,
    SourceRefused,
    StepRefused,
    StepStarted,
)
from reloader.core.tasks import Overdue, StepOutcome

StepNotice = SourceRefused | StepStarted | StepRefused | ChangesTakenBack | Ready | HookFailed | Postponed


def said_beside(notice: StepNotice) -> str:
    match notice:
        case SourceRefused(file, line, _, message, _, run):
            place = short(file) if line is None else f"{short(file)}, line {line}"
            return f"{place}: {message}; {_what_goes_on(run)}"
        case StepStarted(part, argv):
            return f"{part}: {shlex.join(argv)}"
        case StepRefused(part, argv, outcome, run):
            return f"{part}: {shlex.join(argv)} {_ended(outcome)}; {_what_goes_on(run)}"
        case ChangesTakenBack(paths, run):
            return f"{some(paths)} as before: run {run} goes on"
        case Ready(run, seconds, by):
            return f"run {run} is ready after {seconds_of(seconds)} ({', '.join(by)})"
        case HookFailed(occasion, argv, outcome):
            return f"the {occasion.value} hook {shlex.join(argv)} {_ended(outcome)}"
        case Postponed():
            return "waiting for the first change"


def lines_below(notice: Notice) -> Sequence[str]:
    """What stands below the sentence, as it is: where the fault is in a source, as Python shows it, and further problems."""
    if isinstance(notice, ConfigRefused):
        return problems_below(notice)
    if not isinstance(notice, SourceRefused):
        return ()
    return [printable(line.replace("\t", " ")) for line in notice.excerpt]


def _what_goes_on(run: int | None) -> str:
    return "waiting for a change" if run is None else f"run {run} goes on, and the next save is tried again"


def _ended(outcome: StepOutcome) -> str:
    if isinstance(outcome, Overdue):
        return f"was ended, since it took more than {seconds_of(outcome.seconds)}"
    return outcome_of(outcome)
