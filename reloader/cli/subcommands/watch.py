"""``reloader watch``: runs nothing, and tells of each batch of changes."""

from __future__ import annotations

import os
import sys

from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.app.watch import watch
    from reloader.cli.context import console_on, load_settings, standard_error
    from reloader.cli.output.reporters import TwoStreams
    from reloader.cli.output.stdout import write_into_nothing

    settings = load_settings(arguments, os.environ, needs_command=False)
    changes = console_on(sys.stdout, arguments)
    told = TwoStreams(changes, console_on(standard_error(), arguments))
    descriptor = sys.stdout.fileno()
    code = watch(settings, told, descriptor, lambda: not changes.is_cut_off)
    if changes.is_cut_off:
        write_into_nothing(descriptor)
    return code


SUBCOMMAND = Subcommand(
    perform,
    takes_keys=True,
    details="""
Watches what a session would watch, by the same rules, and tells of each batch of changes on standard output as soon as
the disk is quiet: with --json one object for each batch, whose "batch" lists paths and kinds (added, modified,
removed). Everything else is told on standard error. What a program imports is not known, since none runs.

It ends by Ctrl-C, or when nobody reads its output any more; then the exit code is 0.
""",
    examples=("reloader watch --json", "reloader watch --watch 'src/**/*.css'"),
)
