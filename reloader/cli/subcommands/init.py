"""``reloader init``: writes a ``reloader.toml`` that fits the project. It never changes an existing file."""

from __future__ import annotations

import os

from reloader.cli.subcommand import Flag, Subcommand
from reloader.config.arguments import Arguments

TYPE_CHECKING = False  # this brings ast and dataclasses
if TYPE_CHECKING:
    from reloader.cli.scaffold.detect import Project

_EXISTS = "{} exists already, and was not changed. Edit it, or remove it first"
UNKNOWN = (
    "unknown kind of project: there is no Flask, Django, FastAPI or other ASGI app, no package.json and no Python program. "
    "Name the command to run: reloader init -- COMMAND"
)


def perform(arguments: Arguments) -> int:
    import json
    import shlex

    from reloader.cli.context import current_directory
    from reloader.cli.output.stdout import write
    from reloader.cli.scaffold.template import SCHEMA_NAME, config_text
    from reloader.config.discovery import FILE_NAME

    directory = current_directory()
    project = _project(directory, arguments.command)
    has_schema = not arguments.options.get("no_schema")
    _refuse_to_overwrite(directory, arguments)
    _create(directory, FILE_NAME, config_text(project, has_schema=has_schema))
    writes_schema = has_schema and not os.path.lexists(os.path.join(directory, SCHEMA_NAME))
    if writes_schema:
        from reloader.config.schema import schema

        _create(directory, SCHEMA_NAME, json.dumps(schema(), indent=2) + "\n")
    if arguments.json:
        facts = {"file": os.path.join(directory, FILE_NAME), "kind": project.kind, "command": project.command}
        write(json.dumps(facts) + "\n")
    elif not arguments.quiet:
        created = f"Created {FILE_NAME}" + (f" and {SCHEMA_NAME}" if writes_schema else "")
        created += f": {project.evidence}" if project.evidence else ""
        write(f"{created}.\nIt runs: {shlex.join(project.command)}\nStart it: reloader\n")
    return 0


def _project(directory: str, command: tuple[str, ...]) -> Project:
    from reloader.cli.scaffold.detect import Project, detect_project
    from reloader.errors import ReloaderError

    if command:
        return Project("command", "", command)
    project = detect_project(directory)
    if project is None:
        raise ReloaderError(UNKNOWN)
    return project


def _refuse_to_overwrite(directory: str, arguments: Arguments) -> None:
    """Raise ReloaderError if the directory has a configuration, in either of its two files."""
    from reloader.config.discovery import find
    from reloader.errors import ReloaderError

    file = find(None, directory, os.path.expanduser("~"))
    if file is not None and os.path.dirname(file.path) == directory:
        raise ReloaderError(_EXISTS.format(file.name))


def _create(directory: str, name: str, text: str) -> None:
    from reloader.errors import ReloaderError

    try:
        with open(os.path.join(directory, name), "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ReloaderError(_EXISTS.format(name)) from None
    except OSError as error:
        raise ReloaderError(f"{name}: cannot be written: {error.strerror}") from None


SUBCOMMAND = Subcommand(
    perform,
    general=("quiet", "json"),
    flags=(Flag("no_schema", "Do not write reloader.schema.json, which is for editors."),),
    takes_command=True,
    details="""
Detects the kind of project in the current directory (Django, Flask, FastAPI and other ASGI apps, Node.js, plain Python)
and writes a reloader.toml that runs it, with comments. Existing files are not overwritten. A command after -- is used as
it is.

It also writes reloader.schema.json, with which editors complete and explain the keys.
""",
    examples=("reloader init", "reloader init -- make serve"),
)
