"""From the command line to an exit code. What is heavy is imported when it is certain to be needed."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

from reloader.cli.arguments import parse
from reloader.errors import ConfigError, ReloaderError

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from typing import TextIO

    from reloader.cli.console import Console
    from reloader.core.plan import RunPlan


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code. An error that the user can mend is shown without a traceback.

    Without ``argv`` it is what was typed, and the process is to end with that code whatever signal still comes.
    """
    arguments = parse(sys.argv[1:] if argv is None else argv)
    if os.getpid() == 1:  # of a container: to the first process the kernel delivers only what it has asked for
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    gc.disable()  # what is imported and scanned from here on stays; the session turns it on again
    from reloader.cli.console import Console, Style
    from reloader.core.outcome import INTERRUPT, SIGNAL_BASE
    from reloader.engine.assemble import enable_colour, run_session

    is_to_run = arguments.verb == "run"
    stream = _standard_error() if is_to_run else sys.stdout
    shows_colour = enable_colour(stream)
    console = Console(stream, Style.of(arguments, stream, shows_colour=shows_colour, environ=os.environ))
    try:
        directory = _current_directory()  # first: there are versions of pydantic that cannot be imported without one
        from reloader.config.load import load_plan

        plan = load_plan(
            arguments,
            environ=os.environ,
            directory=directory,
            home=os.path.expanduser("~"),
            platform=sys.platform,
            needs_command=is_to_run,
        )
        if not is_to_run:
            return _examined(plan, console)
        return _as_status(run_session(plan, console, ends_the_process=argv is None))
    except ReloaderError as error:
        console.fail(error)
        return error.exit_code
    except KeyboardInterrupt:
        return SIGNAL_BASE + INTERRUPT  # it came before the session could hear it


def _examined(plan: RunPlan, console: Console) -> int:
    """What the doctor says, with 1 if something is amiss."""
    from reloader.engine.checkup import examine

    examine(plan, console)
    return int(console.has_warned)


def _as_status(exit_code: int) -> int:
    """Windows' codes are unsigned (0xC0000005), what SystemExit takes is not."""
    return exit_code - 2**32 if exit_code > 0x7FFFFFFF else exit_code


def _standard_error() -> TextIO:
    """Where notices go. What was closed is opened on nothing first, lest a file of ours be taken for a standard stream."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest free number, which is this one
    return sys.stderr if sys.stderr is not None else open(os.devnull, "w", encoding="utf-8")


def _current_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise ConfigError(["the current directory was deleted: change into one that exists"]) from None
