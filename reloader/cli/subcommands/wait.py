"""``reloader wait``: returns when a run that has all that is on the disk is ready, or has failed."""

from __future__ import annotations

from reloader.cli.asking import PID, ask, show
from reloader.cli.subcommand import Flag, Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments

FAILED, TIMED_OUT = 1, 124
"""The latter is that of timeout(1)."""


def perform(arguments: Arguments) -> int:
    import sys

    from reloader.core.control_protocol import DEFAULT_WAIT, NOW, WaitRequest
    from reloader.core.notices import WaitResult

    after = str(arguments.options.get("after", NOW))
    run = None if after == NOW else _run_of(after)
    over = ask(arguments, WaitRequest(run, _seconds_of(str(arguments.options.get("timeout", DEFAULT_WAIT)))))
    show(arguments, over)
    if not isinstance(over, WaitResult) or over.verdict == "timed out":
        return TIMED_OUT
    if over.trace and not arguments.json:
        sys.stdout.write(over.trace.rstrip("\n") + "\n")
    return FAILED if over.verdict == "failed" else 0


def _run_of(text: str) -> int:
    from reloader.errors import ConfigError

    if not text.isdecimal():
        raise ConfigError(
            [f'--after: "{text}" is neither "now" nor the number of a run: write, for example, --after 3']
        )
    return int(text)


def _seconds_of(text: str) -> float:
    from reloader.config.text_values import duration_problem, parse_duration, parse_number
    from reloader.errors import ConfigError

    seconds = parse_number(text) if parse_number(text) is not None else parse_duration(text)
    if seconds is None:
        raise ConfigError([f'--timeout: "{text}" is no length of time: write seconds, or a unit, as in 500ms'])
    fault = duration_problem(seconds, zero_is_allowed=True)
    if fault is not None:
        raise ConfigError([f'--timeout: "{text}" {fault}'])
    return seconds


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "quiet", "json"),
    flags=(
        Flag(
            "after", "Wait for what the disk holds now, or for a run with a higher number than RUN.", metavar="now|RUN"
        ),
        Flag("timeout", "Give up after so long; 10 seconds if not set.", metavar="SECONDS"),
        PID,
    ),
    details="""
For editors, tests and coding agents: call it after a file was written. With "now", which is the default, the session
first compares the disk with what it knows, whatever its backend has told, so that a file written the moment before is
in the run that is waited for. If nothing that counts has changed, that is the run of the present.

The exit code is 0 when that run is ready (or has ended well), 1 when it has failed, whose traceback is shown if the
program is one of Python, 124 when the time is over, and 4 if no session runs here.
""",
    examples=("reloader wait", "reloader wait --after 3 --timeout 30 --json"),
)
