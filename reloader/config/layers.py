"""Layers: the file, its platform tables, the variables, the flags, a call. Each is validated alone, then all are merged.

So each problem names the place that the user has to edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reloader.config.arguments import Arguments
from reloader.config.discovery import ConfigFile
from reloader.config.messages import describe, message_for, printable, quoted, suggest
from reloader.config.model import LayerModel
from reloader.config.options import KEYS, PLATFORM_TABLES, TABLES, VARIABLE_PREFIX, Kind, is_reserved, key_of_variable
from reloader.config.text_values import merge_values, parse_value

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ALL_KEYS = 'see "reloader --help" for the keys'


class LayerKind(Enum):
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Layer:
    """The raw values of one place. ``platform`` is the ``sys.platform`` whose rules they follow.

    ``problems`` are those met while collecting. ``file`` is the name of the file, or of the call. ``table`` is the table
    of the file that holds the keys. ``subtable`` is its last part if that is one of TABLES, whose keys have shorter names.
    """

    kind: LayerKind
    values: Mapping[str, object]
    platform: str
    problems: tuple[str, ...] = ()
    file: str = ""
    table: str = ""
    subtable: str = ""

    def origin_of(self, key: str) -> str:
        """Return the place of ``key`` as errors name it, such as ``reloader.toml: [linux] interval``."""
        match self.kind:
            case LayerKind.FILE | LayerKind.CALL:
                return f"{self._heading}{self._toml_name(key)}"
            case LayerKind.ENVIRONMENT:
                return KEYS[key].variable
            case _:
                return "the command line: command" if key == "command" else KEYS[key].flag

    def location_of(self, key: str) -> str:
        """Return the place of ``key`` as ``reloader check`` names it, which shows the key beside it."""
        match self.kind:
            case LayerKind.FILE | LayerKind.CALL:
                return f"{self.file} [{self.table}]" if self._is_of_one_platform else self.file
            case _:
                return self.origin_of(key).partition(":")[0]

    def source_of(self, key: str) -> str:
        """Return the place of the rules of ``key`` as ``reloader why`` names it."""
        return self.file if self.kind is LayerKind.FILE else self.origin_of(key)

    def validate(self) -> ValidatedLayer:
        """Check every value, and collect every problem, so that the user can repair all of them at once."""
        known = {key: value for key, value in self.values.items() if self._allows(key)}
        unknown = tuple(self._unknown(key) for key in self.values if key not in known)
        errors = self._errors(known)
        invalid_keys = frozenset(str(error["loc"][0]) for error in errors)
        valid = {key: value for key, value in known.items() if key not in invalid_keys}
        model = LayerModel.model_validate(valid, context={"platform": self.platform})
        problems = (*self.problems, *unknown, *(self._problem(error) for error in errors))
        return ValidatedLayer(self, {key: getattr(model, key) for key in valid}, problems, invalid_keys)

    def _errors(self, known: Mapping[str, object]) -> list[ErrorDetails]:
        try:
            LayerModel.model_validate(known, context={"platform": self.platform})
        except ValidationError as error:
            return error.errors(include_url=False)
        return []

    @property
    def _heading(self) -> str:
        return f"{self.file}: [{self.table}] " if self.table else f"{self.file}: "

    @property
    def _is_of_one_platform(self) -> bool:
        return self.table.rpartition(".")[2] in PLATFORM_TABLES

    def _allows(self, key: str) -> bool:
        return key in KEYS and (self.kind is not LayerKind.FILE or KEYS[key].table == self.subtable)

    def _toml_name(self, key: str) -> str:
        return key.removeprefix(f"{self.subtable}_") if self.subtable else key

    def _unknown(self, key: str) -> str:
        known = [one.toml_name for one in KEYS.values() if one.table == self.subtable]
        others = () if self.subtable else TABLES if self._is_of_one_platform else (*TABLES, *PLATFORM_TABLES)
        near = suggest(self._toml_name(key), (*known, *others))
        remedy = f'did you mean "{near}"?' if near else _ALL_KEYS
        if key in KEYS and KEYS[key].table != self.subtable:
            remedy = f"write it as {KEYS[key].toml_name} in the table [{KEYS[key].table}]"
        return f"{self._heading}unknown key {quoted(self._toml_name(key))}: {remedy}"

    def _problem(self, error: ErrorDetails) -> str:
        key, *within = (str(step) if isinstance(step, str) else step for step in error["loc"])
        origin = self.origin_of(str(key))
        if self.kind in (LayerKind.FILE, LayerKind.CALL):
            origin += "".join(_path_step(step) for step in within if step != "[key]")
        return f"{origin}: {message_for(KEYS[str(key)], error)}"


@dataclass(frozen=True, slots=True)
class ValidatedLayer:
    """The valid values of a layer, the keys whose values are invalid, and all problems."""

    layer: Layer
    values: Mapping[str, Any]
    problems: tuple[str, ...]
    invalid_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class MergedLayers:
    """All layers that apply, as one. By key, ``origins`` and ``sources`` name the layer that the value is from.

    ``locations`` names every layer that has a part in the value: of a merged table, there may be several.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    sources: Mapping[str, str]
    locations: Mapping[str, tuple[str, ...]]


def merge_layers(layers: Sequence[ValidatedLayer]) -> MergedLayers:
    """Merge ``layers``, the weakest first. Tables are merged name by name; any other value replaces the former one."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    sources: dict[str, str] = {}
    locations: dict[str, tuple[str, ...]] = {}
    for validated in layers:
        for key, value in validated.values.items():
            is_merged = KEYS[key].kind is Kind.TABLE
            values[key] = {**values.get(key, {}), **value} if is_merged else value
            locations[key] = (*(locations.get(key, ()) if is_merged else ()), validated.layer.location_of(key))
            origins[key] = validated.layer.origin_of(key)
            sources[key] = validated.layer.source_of(key)
    return MergedLayers(values, origins, sources, locations)


def _path_step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _BARE_KEY.fullmatch(step) else f".{quoted(step)}"


def file_layers(file: ConfigFile, platform: str) -> Iterator[Layer]:
    """Yield the file, then each of its platform tables. All are validated; only those of this platform apply."""
    own = {name: value for name, value in file.values.items() if name not in PLATFORM_TABLES}
    platforms = {name: file.values[name] for name in PLATFORM_TABLES if name in file.values}
    yield from _table_layers(own, file, file.table, platform, _not_tables(file, file.table, platforms))
    for name, table in platforms.items():
        if isinstance(table, dict):
            yield from _table_layers(table, file, _join(file.table, name), PLATFORM_TABLES[name], ())


def _table_layers(
    values: Mapping[str, object], file: ConfigFile, table: str, platform: str, problems: tuple[str, ...]
) -> Iterator[Layer]:
    """Yield the keys of one table, then those of each of TABLES in it."""
    keys = {name: value for name, value in values.items() if name not in TABLES}
    subtables = {name: values[name] for name in TABLES if name in values}
    yield Layer(LayerKind.FILE, keys, platform, (*problems, *_not_tables(file, table, subtables)), file.name, table)
    for name, subtable in subtables.items():
        if isinstance(subtable, dict):
            prefixed = {f"{name}_{key}": value for key, value in subtable.items()}
            yield Layer(LayerKind.FILE, prefixed, platform, (), file.name, _join(table, name), name)


def _not_tables(file: ConfigFile, table: str, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return a problem for each of ``values`` that has to be a table and is not."""
    start = f"{file.name}: [{table}] " if table else f"{file.name}: "
    return tuple(
        f"{start}{name}: {describe(value)}, expected a table, as in [{_join(table, name)}]"
        for name, value in values.items()
        if not isinstance(value, dict)
    )


def _join(table: str, name: str) -> str:
    return f"{table}.{name}" if table else name


def environment_layer(environ: Mapping[str, str], platform: str) -> Layer:
    """Return the ``RELOADER_*`` variables. An empty one is not set."""
    values: dict[str, object] = {}
    problems: list[str] = []
    for variable, text in environ.items():
        key = key_of_variable(variable)
        if key is not None:
            values |= {key.name: parse_value(key, text)} if text else {}
        elif variable.startswith(VARIABLE_PREFIX) and not is_reserved(variable):
            problems.append(_unknown_variable(variable))
    return Layer(LayerKind.ENVIRONMENT, values, platform, tuple(problems))


def command_line_layer(arguments: Arguments, platform: str) -> Layer:
    """Return the flags, and the command after ``--``."""
    values = {name: _flag_value(name, typed) for name, typed in arguments.flags.items()}
    if arguments.command:
        values["command"] = list(arguments.command)
    return Layer(LayerKind.COMMAND_LINE, values, platform)


def _flag_value(name: str, typed: object) -> object:
    match typed:
        case str():
            return parse_value(KEYS[name], typed)
        case list() | tuple():
            return merge_values(KEYS[name], [str(text) for text in typed])
        case _:
            return typed


def _unknown_variable(variable: str) -> str:
    near = suggest(variable.removeprefix(VARIABLE_PREFIX), KEYS)
    return f"{printable(variable)}: unknown variable: {f'did you mean {KEYS[near].variable}?' if near else _ALL_KEYS}"
