"""``reloader init``: writes the ``reloader.toml`` that fits the project. What is there already is never touched."""

from __future__ import annotations

import os

from reloader.cli.subcommand import Flag, Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.cli.scaffold.detect import Project
    from reloader.config.arguments import Arguments

UNKNOWN = (
    "nothing here is known: no Flask, Django, FastAPI or other ASGI app, no package.json and no Python program. "
    "Name the command that is to run: reloader init -- COMMAND"
)


def perform(arguments: Arguments) -> int:
    import json
    import shlex

    from reloader.cli.context import current_directory
    from reloader.cli.output.stdout import write
    from reloader.cli.scaffold.template import SCHEMA_NAME, starter_text
    from reloader.config.discovery import FILE_NAME

    directory = current_directory()
    project = _project(directory, arguments.command)
    has_schema = not arguments.options.get("no_schema")
    _refuse_what_is_there(directory, arguments)
    _create(directory, FILE_NAME, starter_text(project, has_schema=has_schema))
    if has_schema and not os.path.lexists(os.path.join(directory, SCHEMA_NAME)):
        from reloader.config.schema import schema

        _create(directory, SCHEMA_NAME, json.dumps(schema(), indent=2) + "\n")
    if arguments.json:
        told = {"file": os.path.join(directory, FILE_NAME), "kind": project.kind, "command": project.command}
        write(json.dumps(told) + "\n")
    elif not arguments.quiet:
        write(
            f"{FILE_NAME} is written: {project.evidence}.\nIt runs: {shlex.join(project.command)}\nStart it: reloader\n"
        )
    return 0


def _project(directory: str, command: tuple[str, ...]) -> Project:
    from reloader.cli.scaffold.detect import Project, recognised
    from reloader.errors import ReloaderError

    if command:
        return Project("command", "The command is as it was given", command)
    project = recognised(directory)
    if project is None:
        raise ReloaderError(UNKNOWN)
    return project


def _refuse_what_is_there(directory: str, arguments: Arguments) -> None:
    """A configuration, in whichever of its two places."""
    from reloader.config.discovery import find
    from reloader.errors import ReloaderError

    file = find(None, directory, os.path.expanduser("~"))
    if file is not None and os.path.dirname(file.path) == directory:
        raise ReloaderError(f"{file.name}: is there already, and stays as it is: edit it, or remove it first")


def _create(directory: str, name: str, text: str) -> None:
    from reloader.errors import ReloaderError

    try:
        with open(os.path.join(directory, name), "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ReloaderError(f"{name}: is there already, and stays as it is: edit it, or remove it first") from None
    except OSError as error:
        raise ReloaderError(f"{name}: cannot be written: {error.strerror}") from None


SUBCOMMAND = Subcommand(
    perform,
    general=("quiet", "json"),
    flags=(Flag("no_schema", "Write no reloader.schema.json, which editors read."),),
    takes_command=True,
    details="""
Looks what kind of project the current directory holds (Django, Flask, FastAPI and other ASGI apps, Node.js, plain
Python), and writes a reloader.toml that runs it, with comments. Nothing that is there is overwritten. A command
behind -- is taken as it is.

Beside it, reloader.schema.json lets editors complete and explain the keys.
""",
    examples=("reloader init", "reloader init -- make serve"),
)
