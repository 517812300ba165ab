"""The entry point: from the command line to an exit code. Heavy modules are imported only when they are needed."""

from __future__ import annotations

import gc
import os
import sys

from reloader.errors import ReloaderError

TYPE_CHECKING = False  # the import of typing would cost --version as much as all of its own code
if TYPE_CHECKING:
    from collections.abc import Sequence

    from reloader.config.arguments import Arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code. Show a ReloaderError without a traceback.

    Without ``argv``, use the command line of the process. The process then ends with that code, whatever signal follows.
    """
    words = sys.argv[1:] if argv is None else argv
    if _answer_at_once(words[0] if words else ""):
        return 0
    from reloader.cli.parser import parse
    from reloader.cli.subcommands import load

    arguments = parse(words, ends_the_process=argv is None)
    if os.getpid() == 1:
        _handle_sigterm_as_first_process()
    gc.disable()  # what is imported and scanned from here on stays; the session turns it on again
    try:
        return load(arguments.subcommand).perform(arguments)
    except ReloaderError as error:
        _show(error, arguments)
        return error.exit_code
    except KeyboardInterrupt:
        from reloader.core.outcome import INTERRUPT, SIGNAL_BASE

        return SIGNAL_BASE + INTERRUPT  # it came before the session handled signals


def _answer_at_once(first: str) -> bool:
    """Answer ``--version``, ``-h`` and ``--help`` without the parser, whose import takes as long as Python's own start."""
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


def _handle_sigterm_as_first_process() -> None:
    """Let SIGTERM end the first process of a container: the kernel delivers only signals with a handler to it."""
    import signal

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def _show(error: ReloaderError, arguments: Arguments) -> None:
    from reloader.cli.context import console_on, standard_error

    console_on(standard_error(), arguments).fail(error)
