"""The sentence for each fact of a configuration that is changed while the session runs, and the lines below it."""

from __future__ import annotations

from collections.abc import Sequence

from reloader.cli.output.formatting import printable, seconds_of
from reloader.config.toml_syntax import in_toml
from reloader.core.settings_diff import (
    HIDDEN,
    ConfigAsBefore,
    ConfigGone,
    ConfigRefused,
    ConfigRenewed,
    ConfigSuspended,
    KeyChange,
    RenewalNotice,
)


def said_of_config(notice: RenewalNotice) -> str:
    match notice:
        case ConfigRenewed(source, changes, _):
            return f"{source} has changed: {', '.join(map(_change, changes))}"
        case ConfigRefused((problem,)):
            return f"{problem}; what was in force stays so"
        case ConfigRefused(problems):
            return f"{len(problems)} problems in the configuration; what was in force stays so:"
        case ConfigGone(source):
            return f"{source} is gone: what was in force stays so. Put it back, or end this session"
        case ConfigAsBefore(source):
            return f"{source} is again as it is in force"
        case ConfigSuspended(source, restarts, within, seconds):
            return (
                f"{source} was changed at the same moment of {restarts} runs in a row, within {seconds_of(within)}: if the "
                f"command writes it, have it write another file. It is looked at again after {seconds_of(seconds)}, or "
                "with a restart by hand"
            )


def problems_below(notice: ConfigRefused) -> Sequence[str]:
    """The problems, if there are several, a line for each."""
    return [printable(problem) for problem in notice.problems] if len(notice.problems) > 1 else ()


def _change(change: KeyChange) -> str:
    return f"{change.key} {_value(change.before)} → {_value(change.after)}"


def _value(value: object) -> str:
    if value is None:
        return "(not set)"
    return HIDDEN if value == HIDDEN else in_toml(value)
