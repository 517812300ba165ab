"""``reloader run``, which is also the default: a session."""

from __future__ import annotations

import os

from reloader.cli.subcommand import Subcommand
from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.cli.context import console_on, current_directory, standard_error

    errors = (
        standard_error()
    )  # first: pydantic keeps a file of a frozen program open, which must not be a standard stream
    directory = current_directory()  # some versions of pydantic cannot be imported without one

    # Import everything that a session can ever need before it begins: these files may have been removed when it ends.
    from reloader.app.session import run_session
    from reloader.cli.output.reporters import reporter_for
    from reloader.cli.reloadable_configuration import ReloadableConfiguration

    console = console_on(errors, arguments)
    configuration = ReloadableConfiguration.of(
        arguments,
        os.environ,
        directory,
        lambda settings: reporter_for(settings, console_on(errors, arguments), os.environ),
    )
    settings = configuration.settings
    reporter = reporter_for(settings.output, console, os.environ)
    return _as_exit_status(
        run_session(settings, reporter, configuration=configuration, ends_the_process=arguments.ends_the_process)
    )


def _as_exit_status(exit_code: int) -> int:
    """Return the code as SystemExit takes it: signed. Windows' codes are unsigned, such as 0xC0000005."""
    return exit_code - 2**32 if exit_code > 0x7FFFFFFF else exit_code


SUBCOMMAND = Subcommand(perform, takes_keys=True, takes_command=True)
