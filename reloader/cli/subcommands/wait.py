"""``reloader wait``: returns when a run that includes everything on the disk is ready or has failed."""

from __future__ import annotations

from reloader.cli.session_client import PID, ask, show
from reloader.cli.subcommand import Flag, Subcommand
from reloader.config.arguments import Arguments

FAILED, TIMED_OUT = 1, 124
"""The second is the exit code of timeout(1)."""


def perform(arguments: Arguments) -> int:
    import sys

    from reloader.core.control_protocol import DEFAULT_WAIT, NOW, WaitRequest
    from reloader.core.notices import WaitResult

    after = str(arguments.options.get("after", NOW))
    run = None if after == NOW else _parse_run(after)
    timeout = _parse_timeout(str(arguments.options.get("timeout", DEFAULT_WAIT)))
    result = ask(arguments, WaitRequest(run, timeout))
    show(arguments, result)
    if not isinstance(result, WaitResult) or result.verdict == "timed out":
        return TIMED_OUT
    if result.trace and not arguments.json:
        sys.stdout.write(result.trace.rstrip("\n") + "\n")
    return FAILED if result.verdict == "failed" else 0


def _parse_run(text: str) -> int:
    from reloader.errors import ConfigError

    if not text.isdecimal():
        raise ConfigError(
            [f'--after: "{text}" is neither "now" nor the number of a run. Write, for example, --after 3']
        )
    return int(text)


def _parse_timeout(text: str) -> float:
    from reloader.config.text_values import duration_problem, parse_duration, parse_number
    from reloader.errors import ConfigError

    seconds = parse_number(text) if parse_number(text) is not None else parse_duration(text)
    if seconds is None:
        raise ConfigError([f'--timeout: "{text}" is not a duration. Write seconds, or a number with a unit: 500ms'])
    problem = duration_problem(seconds, zero_is_allowed=True)
    if problem is not None:
        raise ConfigError([f'--timeout: "{text}" {problem}'])
    return seconds


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "quiet", "json"),
    flags=(
        Flag("after", "Wait for the files as they are now, or for a run with a number above RUN.", metavar="now|RUN"),
        Flag("timeout", "Give up after this time. Default: 10 seconds.", metavar="SECONDS"),
        PID,
    ),
    details="""
For editors, tests and coding agents: call it after you wrote a file. By default ("now"), the session first compares the
disk with what it knows, and does not rely on its backend. So the run that it waits for includes a file written a moment
ago. If no watched file has changed, that is the current run.

The exit code is 0 if that run is ready or has ended well, 1 if it has failed, 124 if the time is up, and 4 if no session
is running here. If a Python program failed, its traceback is shown.
""",
    examples=("reloader wait", "reloader wait --after 3 --timeout 30 --json"),
)
