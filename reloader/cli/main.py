"""From the command line to an exit code. What is heavy is imported when it is certain to be needed."""

from __future__ import annotations

import gc
import os
import sys

from reloader.errors import ReloaderError

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from collections.abc import Sequence

    from reloader.config.arguments import Arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code. An error that the user can mend is shown without a traceback.

    Without ``argv`` it is what was typed, and the process is to end with that code whatever signal still comes.
    """
    words = sys.argv[1:] if argv is None else argv
    if _is_answered(words[0] if words else ""):
        return 0
    from reloader.cli.parser import parse
    from reloader.cli.subcommands import load

    arguments = parse(words, ends_the_process=argv is None)
    if os.getpid() == 1:
        _obey_as_first_process()
    gc.disable()  # what is imported and scanned from here on stays; the session turns it on again
    try:
        return load(arguments.subcommand).perform(arguments)
    except ReloaderError as error:
        _show(error, arguments)
        return error.exit_code
    except KeyboardInterrupt:
        from reloader.core.outcome import INTERRUPT, SIGNAL_BASE

        return SIGNAL_BASE + INTERRUPT  # it came before anybody could hear it


def _is_answered(first: str) -> bool:
    """Answers what is asked most often, without the parser, which takes as long as Python itself."""
    if first not in ("--version", "-h", "--help"):
        return False
    from reloader.cli.output.stdout import write

    if first == "--version":
        from reloader import __version__

        write(f"reloader {__version__}\n")
    else:
        from reloader.cli.help import full_help, short_help

        write(short_help() if first == "-h" else full_help())
    return True


def _obey_as_first_process() -> None:
    """Of a container: to the first process the kernel delivers only what it has asked for."""
    import signal

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def _show(error: ReloaderError, arguments: Arguments) -> None:
    from reloader.cli.context import console_on, standard_error

    console_on(standard_error(), arguments).fail(error)
