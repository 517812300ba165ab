"""``reloader watch``: prints each batch of changes and runs nothing."""

from __future__ import annotations

import os
import sys

from reloader.cli.subcommand import Subcommand
from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.app.watch import watch
    from reloader.cli.context import console_on, load_settings, standard_error
    from reloader.cli.output.reporters import TwoStreams
    from reloader.cli.output.stdout import discard_output

    settings = load_settings(arguments, os.environ, needs_command=False)
    changes = console_on(sys.stdout, arguments)
    reporter = TwoStreams(changes, console_on(standard_error(), arguments))
    descriptor = sys.stdout.fileno()
    code = watch(settings, reporter, descriptor, lambda: not changes.is_cut_off)
    if changes.is_cut_off:
        discard_output(descriptor)
    return code


SUBCOMMAND = Subcommand(
    perform,
    takes_keys=True,
    details="""
Watches what a session would watch, by the same rules, and prints each batch of changes on standard output as soon as the
disk is quiet. With --json, a batch is one object whose "batch" lists paths and kinds (added, modified, removed).
Everything else goes to standard error. No program runs, so its imports are unknown.

It ends on Ctrl-C, or when its output is no longer read. The exit code is then 0.
""",
    examples=("reloader watch --json", "reloader watch --watch 'src/**/*.css'"),
)
