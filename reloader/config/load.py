"""From the places where configuration is written to a Settings: find, read, validate, merge, resolve."""

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
_PLACEHOLDER_COMMAND = ["none"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, the values that they were made from, and the config file, if there is one."""

    settings: Settings
    merged: MergedConfig
    file: ConfigFile | None


def load(
    arguments: Arguments,
    environ: Mapping[str, str],
    directory: str,
    home: str,
    platform: str,
    *,
    needs_command: bool = True,
) -> Loaded:
    """Load the configuration of a session in ``directory``. Raises ConfigError with all problems.

    ``directory`` and ``home`` are absolute; ``platform`` is a ``sys.platform``. Settings without a command cannot be run.
    """
    file = find(arguments.config or environ.get(CONFIG_VARIABLE) or None, directory, home)
    from_file = file_layers(file, platform) if file is not None else ()
    layers = (*from_file, environment_layer(environ, platform), command_line_layer(arguments, platform))
    base = os.path.dirname(file.path) if file is not None else directory
    context = PathContext(platform, base, home, os.path.isdir, os.path.realpath)
    return _loaded([layer.validate() for layer in layers], file, context, environ, needs_command=needs_command)


def settings_for_call(
    call: str, values: Mapping[str, object], environ: Mapping[str, str], directory: str, home: str, platform: str
) -> Settings:
    """Return the settings of a Python program that calls ``call`` with ``values``. Raises ConfigError.

    ``values`` win over the ``RELOADER_*`` variables. No file is read. Without ``watch``, the program's imports are watched,
    and its directory only if that is not too large.
    """
    context = PathContext(platform, directory, home, os.path.isdir, os.path.realpath)
    variables = environment_layer(environ, platform).validate()

    def settings_with(**more: object) -> Settings:
        layer = Layer(LayerKind.CALL, {**values, **more}, platform, file=call)
        return _loaded([variables, layer.validate()], None, context, environ).settings

    if "watch" not in values and "watch" not in variables.values:
        settings = settings_with(allow_dangerous_root=True)
        if settings.python.modules:
            return replace(without_dangerous_roots(settings, context), source=call)
    return replace(settings_with(), source=call)


def _loaded(
    layers: list[ValidatedLayer],
    file: ConfigFile | None,
    context: PathContext,
    environ: Mapping[str, str],
    *,
    needs_command: bool = True,
) -> Loaded:
    """Merge ``layers``, the weakest first, and resolve them."""
    problems = [problem for layer in layers for problem in layer.problems]
    applying = [layer for layer in layers if layer.layer.platform == context.platform]
    invalid_keys = frozenset().union(*(layer.invalid_keys for layer in applying))
    if needs_command and not any("command" in layer.layer.values for layer in applying):
        problems.append(_no_command(file))
    merged = _merged(file, applying, context.platform)
    problems.extend(problems_of(merged, context, invalid_keys))
    if problems:
        raise ConfigError(problems)
    settings = _with_own_file(resolve(merged, context, environ.get("COMSPEC") or "cmd.exe"), file)
    project = os.path.realpath(file.path if file is not None else context.base)
    return Loaded(replace(settings, project=project), merged, file)


def _with_own_file(settings: Settings, file: ConfigFile | None) -> Settings:
    """Set ``own_file``: a ``reloader.toml`` is not part of the program. A ``pyproject.toml`` may be."""
    if file is None or file.table:
        return settings
    return replace(settings, watch=replace(settings.watch, own_file=file.path))


def _merged(file: ConfigFile | None, layers: list[ValidatedLayer], platform: str) -> MergedConfig:
    """Merge the valid values. A missing or invalid command is replaced, so that the rest can be checked as well."""
    merged = merge_layers(layers)
    values = {"command": _PLACEHOLDER_COMMAND, **merged.values}
    config = Config.model_validate(values, context={"platform": platform})
    return MergedConfig(config, merged, file.name if file is not None else WITHOUT_FILE)


def _no_command(file: ConfigFile | None) -> str:
    if file is None:
        return f'no command is given: write "reloader -- COMMAND", or put command = ["COMMAND"] into {FILE_NAME}'
    return f'{file.name}: command: is missing: add command = ["python", "app.py"], or write "reloader -- COMMAND"'
