"""Collects the layers: from the file with its platform tables, from the environment, from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reloader.config.arguments import Arguments
from reloader.config.discovery import ConfigFile
from reloader.config.layers import Layer, Place
from reloader.config.messages import found, nearest, printable
from reloader.config.options import KEYS, PLATFORM_TABLES, TABLES, VARIABLE_PREFIX, is_reserved, key_of_variable
from reloader.config.text_values import merged_values, value_of


def file_layers(file: ConfigFile, platform: str) -> Iterator[Layer]:
    """The file, then its tables for all platforms: those of the others do not apply, but are judged like it."""
    own = {name: value for name, value in file.values.items() if name not in PLATFORM_TABLES}
    named = {name: file.values[name] for name in PLATFORM_TABLES if name in file.values}
    yield from _layers_of(own, file, file.table, platform, _no_tables(file, file.table, named))
    for name, table in named.items():
        if isinstance(table, dict):
            yield from _layers_of(table, file, _below(file.table, name), PLATFORM_TABLES[name], ())


def _layers_of(
    values: Mapping[str, object], file: ConfigFile, heading: str, platform: str, problems: tuple[str, ...]
) -> Iterator[Layer]:
    """The keys of one table, then those of the tables in it that hold keys of their own."""
    keys = {name: value for name, value in values.items() if name not in TABLES}
    parts = {name: values[name] for name in TABLES if name in values}
    yield Layer(Place.FILE, keys, platform, (*problems, *_no_tables(file, heading, parts)), file.name, heading)
    for name, part in parts.items():
        if isinstance(part, dict):
            longer = {f"{name}_{key}": value for key, value in part.items()}
            yield Layer(Place.FILE, longer, platform, (), file.name, _below(heading, name), name)


def _no_tables(file: ConfigFile, heading: str, named: Mapping[str, object]) -> tuple[str, ...]:
    start = f"{file.name}: [{heading}] " if heading else f"{file.name}: "
    return tuple(
        f"{start}{name}: {found(value)}, expected a table, as in [{_below(heading, name)}]"
        for name, value in named.items()
        if not isinstance(value, dict)
    )


def _below(heading: str, name: str) -> str:
    return f"{heading}.{name}" if heading else name


def environment_layer(environ: Mapping[str, str], platform: str) -> Layer:
    """The ``RELOADER_*`` variables. An empty one counts as not set."""
    values: dict[str, object] = {}
    problems: list[str] = []
    for variable, text in environ.items():
        key = key_of_variable(variable)
        if key is not None:
            values |= {key.name: value_of(key, text)} if text else {}
        elif variable.startswith(VARIABLE_PREFIX) and not is_reserved(variable):
            problems.append(_unknown_variable(variable))
    return Layer(Place.ENVIRONMENT, values, platform, tuple(problems))


def command_line_layer(arguments: Arguments, platform: str) -> Layer:
    values = {name: _flag_value(name, typed) for name, typed in arguments.flags.items()}
    if arguments.command:
        values["command"] = list(arguments.command)
    return Layer(Place.COMMAND_LINE, values, platform)


def _flag_value(name: str, typed: object) -> object:
    match typed:
        case str():
            return value_of(KEYS[name], typed)
        case list() | tuple():
            return merged_values(KEYS[name], [str(text) for text in typed])
        case _:
            return typed


def _unknown_variable(variable: str) -> str:
    key = nearest(variable.removeprefix(VARIABLE_PREFIX), KEYS)
    remedy = f"did you mean {KEYS[key].variable}?" if key else 'see "reloader --help" for the keys'
    return f"{printable(variable)}: unknown variable: {remedy}"
