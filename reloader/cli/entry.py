"""From the command line to an exit code. What is heavy is imported when it is certain to be needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from reloader.cli.arguments import parse
from reloader.errors import ReloaderError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code. An error that the user can mend is shown without a traceback."""
    arguments = parse(sys.argv[1:] if argv is None else argv)
    from reloader.cli.console import Console, Style
    from reloader.system import enable_colour

    shows_colour = enable_colour(sys.stderr)
    console = Console(sys.stderr, Style.of(arguments, sys.stderr, shows_colour=shows_colour, environ=os.environ))
    try:
        from reloader.config.load import load_plan
        from reloader.engine.assemble import run_session

        plan = load_plan(
            arguments,
            environ=os.environ,
            directory=os.getcwd(),
            home=os.path.expanduser("~"),
            platform=sys.platform,
        )
        return run_session(plan, console)
    except ReloaderError as error:
        console.fail(error)
        return error.exit_code
