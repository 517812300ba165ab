"""``reloader why PATH``: why a path is watched or not, and by which line of which file."""

from __future__ import annotations

import os

from reloader.cli.session_client import PID, ask, pid_of, project_locations, show
from reloader.cli.subcommand import Argument, Subcommand
from reloader.config.arguments import Arguments

TYPE_CHECKING = False  # as in session_client
if TYPE_CHECKING:
    from reloader.core.notices import ControlAnswer, PathExplained


def perform(arguments: Arguments) -> int:
    """Return 0 if every path is watched, otherwise 1."""
    from reloader.core.notices import PathExplained

    all_are_watched = True
    for positional in arguments.positionals:
        answer = _explain(arguments, os.path.abspath(positional))
        if isinstance(answer, PathExplained):
            answer = _with_line(arguments, answer)
            all_are_watched = all_are_watched and answer.is_watched
        show(arguments, answer)
    return 0 if all_are_watched else 1


def _explain(arguments: Arguments, path: str) -> ControlAnswer:
    """Ask the session that is running here. Without one, explain by the configuration."""
    from reloader.app.client import SessionNotFound
    from reloader.app.explain import explain
    from reloader.cli.context import load_settings
    from reloader.core.control_protocol import ExplainRequest

    try:
        return ask(arguments, ExplainRequest(path))
    except SessionNotFound:
        if pid_of(arguments) is not None:
            raise
        return explain(load_settings(arguments, os.environ, needs_command=False), path)


def _with_line(arguments: Arguments, explained: PathExplained) -> PathExplained:
    """Add the line of the config file, if the deciding pattern is written there."""
    from dataclasses import replace

    from reloader.config.toml_syntax import line_of

    if explained.line or not explained.pattern:
        return explained
    for file in project_locations(arguments, os.environ):
        if os.path.basename(file) == os.path.basename(explained.source) and os.path.isfile(file):
            with open(file, encoding="utf-8", errors="replace") as text:
                return replace(explained, line=line_of(explained.pattern, text.read()), source=file)
    return explained


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "json"),
    flags=(PID,),
    positional=Argument("PATH", "Files or directories. They need not exist.", is_many=True, is_path=True),
    details="""
Names what decides about each path: the pattern, with its file and line; the program that imports it; or the fact that it
is outside the project. Shows also where links lead, and what a change would cause.

If a session of this project is running, it answers, because it knows what the program has imported. Otherwise the
configuration alone decides. The exit code is 0 if all paths are watched, otherwise 1.
""",
    examples=("reloader why src/app.py", "reloader why --json build/style.css"),
)
