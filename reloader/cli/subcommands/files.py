"""``reloader files``: every watched file."""

from __future__ import annotations

import os

from reloader.cli.session_client import PID, ask, pid_of, show
from reloader.cli.subcommand import Flag, Subcommand
from reloader.config.arguments import Arguments

TYPE_CHECKING = False  # as in session_client
if TYPE_CHECKING:
    from reloader.core.notices import ControlAnswer


def perform(arguments: Arguments) -> int:
    from reloader.cli.output.formatting import short
    from reloader.cli.output.stdout import write
    from reloader.core.notices import FilesListed

    answer = _list(arguments)
    if arguments.json or not isinstance(answer, FilesListed):
        show(arguments, answer)
    elif arguments.options.get("null"):
        write("".join(f"{path}\0" for path in answer.files))
    else:
        write("".join(f"{short(path)}\n" for path in answer.files))
    return 0


def _list(arguments: Arguments) -> ControlAnswer:
    """Ask the session that is running here. Without one, list the files by the configuration."""
    from reloader.app.client import SessionNotFound
    from reloader.app.explain import list_files
    from reloader.cli.context import load_settings
    from reloader.core.control_protocol import FilesRequest

    try:
        return ask(arguments, FilesRequest())
    except SessionNotFound:
        if pid_of(arguments) is not None:
            raise
        return list_files(load_settings(arguments, os.environ, needs_command=False))


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "json"),
    flags=(Flag("null", "Print absolute paths, each ended by a NUL character, for xargs -0."), PID),
    details="""
Prints one line for each file, sorted. If a session of this project is running, it answers, because it knows what the
program has imported. Otherwise the list shows what is watched before a program runs.
""",
    examples=("reloader files", "reloader files --null"),
)
