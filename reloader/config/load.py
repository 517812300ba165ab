"""The way from what was written to a plan: find, read, collect, judge, lay over each other, resolve."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reloader.config.arguments import Arguments
from reloader.config.discovery import FILE_NAME, ConfigFile, find
from reloader.config.layers import (
    Layer,
    LayerKind,
    ValidatedLayer,
    command_line_layer,
    environment_layer,
    file_layers,
    merge_layers,
)
from reloader.config.model import Config
from reloader.config.options import CONFIG_VARIABLE
from reloader.config.patterns import PathContext
from reloader.config.resolve import MergedConfig, problems_of, resolve, without_dangerous_roots
from reloader.core.settings import Settings
from reloader.errors import ConfigError

WITHOUT_FILE = "the command line"
NO_COMMAND = ["none"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plan, what was written for it, and the file in which, if there is one."""

    settings: Settings
    merged: MergedConfig
    file: ConfigFile | None


def load_plan(
    arguments: Arguments,
    environ: Mapping[str, str],
    directory: str,
    home: str,
    platform: str,
    *,
    needs_command: bool = True,
) -> Settings:
    """The plan for a session that is started in ``directory``. Raises ConfigError with all problems that there are.

    ``directory`` and ``home`` are absolute; ``platform`` is a ``sys.platform``. A plan that does not need a command is not to
    be run, but looked at.
    """
    return load(arguments, environ, directory, home, platform, needs_command=needs_command).settings


def load(
    arguments: Arguments,
    environ: Mapping[str, str],
    directory: str,
    home: str,
    platform: str,
    *,
    needs_command: bool = True,
) -> Loaded:
    """As ``load_plan``, with all that was written."""
    file = find(arguments.config or environ.get(CONFIG_VARIABLE) or None, directory, home)
    from_file = file_layers(file, platform) if file is not None else ()
    layers = (*from_file, environment_layer(environ, platform), command_line_layer(arguments, platform))
    base = os.path.dirname(file.path) if file is not None else directory
    context = PathContext(platform, base, home, os.path.isdir, os.path.realpath)
    return _loaded([layer.judge() for layer in layers], file, context, environ, needs_command=needs_command)


def settings_for_call(
    call: str, values: Mapping[str, object], environ: Mapping[str, str], directory: str, home: str, platform: str
) -> Settings:
    """The plan that a Python program asks for by the function ``call``, with ``values`` over the variables. No file is read.

    Where nothing says what to watch, the program does, as soon as it runs: a directory too large to watch is left to that.
    """
    context = PathContext(platform, directory, home, os.path.isdir, os.path.realpath)
    variables = environment_layer(environ, platform).judge()

    def settings_with(**more: object) -> Settings:
        call_layer = Layer(LayerKind.CALL, {**values, **more}, platform, file=call)
        return _loaded([variables, call_layer.judge()], None, context, environ).settings

    if "watch" not in values and "watch" not in variables.values:
        settings = settings_with(allow_dangerous_root=True)
        if settings.python.modules:
            return replace(without_dangerous_roots(settings, context), source=call)
    return replace(settings_with(), source=call)


def _loaded(
    judged: list[ValidatedLayer],
    file: ConfigFile | None,
    context: PathContext,
    environ: Mapping[str, str],
    *,
    needs_command: bool = True,
) -> Loaded:
    """What layers say together, the weakest first."""
    problems = [problem for one in judged for problem in one.problems]
    applying = [one for one in judged if one.layer.platform == context.platform]
    if needs_command and not any("command" in one.layer.values for one in applying):
        problems.append(_no_command(file))
    merged = _merged(file, applying, context.platform)
    problems.extend(problems_of(merged, context, frozenset().union(*(one.invalid_keys for one in applying))))
    if problems:
        raise ConfigError(problems)
    settings = _with_own_file(resolve(merged, context, environ.get("COMSPEC") or "cmd.exe"), file)
    project = os.path.realpath(file.path if file is not None else context.base)
    return Loaded(replace(settings, project=project), merged, file)


def _with_own_file(settings: Settings, file: ConfigFile | None) -> Settings:
    """A file for us alone is no part of the program; a ``pyproject.toml`` is everybody's."""
    if file is None or file.table:
        return settings
    return replace(settings, watch=replace(settings.watch, own_file=file.path))


def _merged(file: ConfigFile | None, layers: list[ValidatedLayer], platform: str) -> MergedConfig:
    """What can be said of the whole even if parts of it, such as the command, are missing or no good."""
    values = merge_layers(layers)
    config = Config.model_validate({"command": NO_COMMAND, **values.values}, context={"platform": platform})
    return MergedConfig(config, values, file.name if file is not None else WITHOUT_FILE)


def _no_command(file: ConfigFile | None) -> str:
    if file is None:
        return f'there is no command: write "reloader -- COMMAND", or put command = ["COMMAND"] into {FILE_NAME}'
    return f'{file.name}: command: is missing: add command = ["python", "app.py"], or write "reloader -- COMMAND"'
