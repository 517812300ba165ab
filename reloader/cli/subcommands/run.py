"""``reloader run``, which is also what happens without a verb: the session itself."""

from __future__ import annotations

import os

from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    # All that a session can ever need is imported here, before it begins: what lies on the disk may be gone when it ends.
    from reloader.app.session import run_session
    from reloader.cli.context import configuration_of, console_on, standard_error
    from reloader.cli.output.reporters import reporter_for

    console = console_on(standard_error(), arguments)
    configuration = configuration_of(
        arguments,
        os.environ,
        lambda policy: reporter_for(policy, console_on(standard_error(), arguments), os.environ),
    )
    settings = configuration.settings
    reporter = reporter_for(settings.output, console, os.environ)
    return _as_status(
        run_session(settings, reporter, configuration=configuration, ends_the_process=arguments.ends_the_process)
    )


def _as_status(exit_code: int) -> int:
    """Windows' codes are unsigned (0xC0000005), what SystemExit takes is not."""
    return exit_code - 2**32 if exit_code > 0x7FFFFFFF else exit_code


SUBCOMMAND = Subcommand(perform, takes_keys=True, takes_command=True)
