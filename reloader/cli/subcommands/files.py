"""``reloader files``: every file that counts."""

from __future__ import annotations

import os

from reloader.cli.asking import PID, ask, pid_in, show
from reloader.cli.subcommand import Flag, Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments
    from reloader.core.notices import SessionNotice


def perform(arguments: Arguments) -> int:
    from reloader.cli.output.formatting import short
    from reloader.cli.output.stdout import write
    from reloader.core.notices import FilesListed

    told = _listed(arguments)
    if arguments.json or not isinstance(told, FilesListed):
        show(arguments, told)
    elif arguments.options.get("null"):
        write("".join(f"{path}\0" for path in told.files))
    else:
        write("".join(f"{short(path)}\n" for path in told.files))
    return 0


def _listed(arguments: Arguments) -> SessionNotice:
    """By the session that runs here; without one, by the configuration."""
    from reloader.app.client import SessionNotFound
    from reloader.app.explain import list_files
    from reloader.cli.context import load_settings
    from reloader.core.control_protocol import FilesRequest

    try:
        return ask(arguments, FilesRequest())
    except SessionNotFound:
        if pid_in(arguments) is not None:
            raise
        return list_files(load_settings(arguments, os.environ, needs_command=False))


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "json"),
    flags=(Flag("null", "End each path, which is absolute then, with a NUL character: for xargs -0."), PID),
    details="""
One line for each file, in order. A running session of this project is asked, which knows what the program has imported.
Without one, it is what counts before a program runs.
""",
    examples=("reloader files", "reloader files --null"),
)
