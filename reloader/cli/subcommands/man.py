"""``reloader man``: the manual page."""

from __future__ import annotations

from reloader.cli.subcommand import Subcommand
from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.cli.man_page import manual
    from reloader.cli.output.stdout import write

    write(manual())
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=(),
    details="""
Prints the manual page in the format of man(1). Read it with reloader man | man -l -, or install it as reloader.1 in a
directory that man searches.
""",
    examples=("reloader man | man -l -", "reloader man > ~/.local/share/man/man1/reloader.1"),
)
