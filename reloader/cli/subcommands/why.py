"""``reloader why PATH``: whether a path counts, and which rule of which line decides."""

from __future__ import annotations

import os

from reloader.cli.asking import PID, ask, pid_in, projects_of_here, show
from reloader.cli.subcommand import Argument, Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments
    from reloader.core.notices import PathExplained, SessionNotice


def perform(arguments: Arguments) -> int:
    """0 if every path counts, else 1."""
    from reloader.core.notices import PathExplained

    is_watched = True
    for positional in arguments.positionals:
        told = _explained(arguments, os.path.abspath(positional))
        if isinstance(told, PathExplained):
            told = _with_line(arguments, told)
            is_watched = is_watched and told.is_watched
        show(arguments, told)
    return 0 if is_watched else 1


def _explained(arguments: Arguments, path: str) -> SessionNotice:
    """By the session that runs here; without one, by the configuration."""
    from reloader.app.client import SessionNotFound
    from reloader.app.explain import explain
    from reloader.cli.context import load_settings
    from reloader.core.control_protocol import ExplainRequest

    try:
        return ask(arguments, ExplainRequest(path))
    except SessionNotFound:
        if pid_in(arguments) is not None:
            raise
        return explain(load_settings(arguments, os.environ, needs_command=False), path)


def _with_line(arguments: Arguments, told: PathExplained) -> PathExplained:
    """With the line of the config file, where the rule is of that."""
    from dataclasses import replace

    from reloader.config.toml_syntax import line_of

    if told.line or not told.pattern:
        return told
    for file in projects_of_here(arguments, os.environ):
        if os.path.basename(file) == os.path.basename(told.source) and os.path.isfile(file):
            with open(file, encoding="utf-8", errors="replace") as text:
                return replace(told, line=line_of(told.pattern, text.read()), source=file)
    return told


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "json"),
    flags=(PID,),
    positional=Argument("PATH...", "Files or directories, whether they exist or not.", is_many=True, is_path=True),
    details="""
Names what decides on each path: the pattern, and the file and line that it is written in; or that it is imported, and by
whom; or that it lies outside. Says also where links lead, and what would happen at a change.

A running session of this project is asked, which knows what the program has imported. Without one, the configuration
alone answers. The exit code is 0 if all of the paths count, else 1.
""",
    examples=("reloader why src/app.py", "reloader why --json build/style.css"),
)
