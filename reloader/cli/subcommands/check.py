"""``reloader check``: checks the configuration, and shows each value and where it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from reloader.cli.subcommand import Subcommand
from reloader.config.arguments import Arguments

TYPE_CHECKING = False  # these bring pydantic
if TYPE_CHECKING:
    from reloader.config.effective import EffectiveValue
    from reloader.config.load import Loaded
    from reloader.core.settings import LaunchSettings

_COLUMN = 44
"""The column of the origins, if the values leave room."""


def perform(arguments: Arguments) -> int:
    """Return 0 if a session could start, 1 if something that the configuration names is missing, 2 if it is wrong."""
    import json

    from reloader.cli.context import load_configuration
    from reloader.cli.output.stdout import write
    from reloader.errors import ConfigError

    try:
        loaded = load_configuration(arguments, os.environ, needs_command=False)
    except ConfigError as error:
        if not arguments.json:
            raise
        write(json.dumps({"problems": error.problems}) + "\n")
        return error.exit_code
    missing = list(_missing(loaded))
    if arguments.json:
        write(json.dumps(_as_object(loaded, missing)) + "\n")
    else:
        _report(missing, arguments)
        write("" if arguments.quiet else _as_toml(loaded))
    return int(bool(missing))


def _missing(loaded: Loaded) -> Iterator[str]:
    """Yield what the configuration names and does not exist. It may be created before a session starts."""
    from shutil import which

    spec = loaded.settings.launch
    origin = loaded.merged.origin_of
    if not os.path.isdir(spec.cwd):
        yield f"{origin('cwd')}: there is no directory {spec.cwd}. Create it or name another one"
    elif "command" in loaded.merged.layers.values:
        path = spec.environment.get("PATH", os.environ.get("PATH"))
        if which(_program(spec), path=path) is None:
            yield f'{origin("command")}: "{spec.argv[0]}" was not found. Install it or write its path'
    for file in spec.env_files:
        if not os.path.exists(file):
            yield f"{origin('env_files')}: there is no file {file}. Create it or leave it out"


def _program(spec: LaunchSettings) -> str:
    """Return the command's first word. With a separator, it is relative to the directory that the command runs in."""
    word = spec.argv[0]
    return os.path.join(spec.cwd, word) if os.path.dirname(word) else word


def _report(missing: Sequence[str], arguments: Arguments) -> None:
    if missing:
        from reloader.cli.context import console_on, standard_error
        from reloader.errors import ConfigError

        console_on(standard_error(), arguments).fail(ConfigError(list(missing)))


def _as_toml(loaded: Loaded) -> str:
    """Return the settings as a config file with the same meaning, below comments on the result."""
    from reloader.config.effective import effective_values
    from reloader.config.options import TABLES

    settings = effective_values(loaded.merged)
    lines = [*_head(loaded), "", *(_line(one) for one in settings if not one.key.table)]
    for table in TABLES:
        lines += ["", f"[{table}]", *(_line(one) for one in settings if one.key.table == table)]
    return "\n".join(lines) + "\n"


def _head(loaded: Loaded) -> Iterator[str]:
    import shlex

    from reloader.config.messages import printable

    settings = loaded.settings
    yield f"# config file: {printable(loaded.file.path)}" if loaded.file is not None else "# config file: none"
    if "command" in loaded.merged.layers.values:
        yield f"# runs: {printable(shlex.join(settings.launch.argv))}"
    yield f"# in: {printable(settings.launch.cwd)}"
    yield f"# watches: {printable(', '.join(settings.watch.roots)) or 'what the program imports'}"


def _line(setting: EffectiveValue) -> str:
    from reloader.config.toml_syntax import in_toml

    if setting.value is None:
        return f"# {setting.key.toml_name} is not set"
    return f"{f'{setting.key.toml_name} = {in_toml(setting.value)}':<{_COLUMN}}  # {setting.origin}"


def _as_object(loaded: Loaded, missing: Sequence[str]) -> dict[str, object]:
    from reloader.config.effective import effective_values

    settings = loaded.settings
    return {
        "file": loaded.file.path if loaded.file is not None else None,
        "argv": settings.launch.argv if "command" in loaded.merged.layers.values else None,
        "cwd": settings.launch.cwd,
        "roots": settings.watch.roots,
        "missing": missing,
        "keys": {one.key.name: {"value": one.value, "origin": one.origin} for one in effective_values(loaded.merged)},
    }


SUBCOMMAND = Subcommand(
    perform,
    takes_keys=True,
    takes_command=True,
    general=("config", "quiet", "json"),
    details="""
Checks the config file, the RELOADER_* variables and the flags, and prints every key with its value and where that is
set. The output is itself a config file.

The exit code is 0 if everything is in order, 1 if the command, its directory or an env file does not exist, and 2 if
something is wrong. Each problem is then listed with its place and the remedy.
""",
    examples=("reloader check", "reloader check --quiet", "reloader check --json --interval 2"),
)
