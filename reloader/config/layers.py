"""Each place where configuration is written is a layer: judged alone, so that problems name it, then laid over the others."""

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
from reloader.config.model import Layer as LayerModel
from reloader.config.options import KEYS, PLATFORM_TABLES, TABLES, VARIABLE_PREFIX, Kind, is_reserved, key_of_variable
from reloader.config.text_values import merge_values, parse_value

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class LayerKind(Enum):
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Layer:
    """Raw values of one place. ``platform`` is the ``sys.platform`` whose rules they follow.

    ``problems`` are those met while collecting. ``table`` is the table of ``file`` that holds the keys; ``part`` is its last
    word if that is one of TABLES, whose keys have there only the rest of their names. ``file`` may be a call's name too.
    """

    place: LayerKind
    values: Mapping[str, object]
    platform: str
    problems: tuple[str, ...] = ()
    file: str = ""
    table: str = ""
    part: str = ""

    def origin_of(self, key: str) -> str:
        """Where ``key`` is written, as errors name it."""
        match self.place:
            case LayerKind.FILE | LayerKind.CALL:
                return f"{self._heading}{self._as_written(key)}"
            case LayerKind.ENVIRONMENT:
                return KEYS[key].variable
            case _:
                return "the command line: command" if key == "command" else KEYS[key].flag

    def location_of(self, key: str) -> str:
        """Where ``key`` is written, as ``reloader check`` names it: without its name, where that stands beside it."""
        match self.place:
            case LayerKind.FILE | LayerKind.CALL:
                return f"{self.file} [{self.table}]" if self.table.rpartition(".")[2] in PLATFORM_TABLES else self.file
            case _:
                return self.origin_of(key).partition(":")[0]

    def source_of(self, key: str) -> str:
        """Where the rules of ``key`` come from, as ``reloader why`` names it."""
        return self.file if self.place is LayerKind.FILE else self.origin_of(key)

    def judge(self) -> ValidatedLayer:
        """Check everything; pydantic stops at nothing, so that the user is sent round once."""
        known = {key: value for key, value in self.values.items() if self._allows(key)}
        unknown = tuple(self._unknown(key) for key in self.values if key not in known)
        faults = self._faults(known)
        invalid_keys = frozenset(str(fault["loc"][0]) for fault in faults)
        good = {key: value for key, value in known.items() if key not in invalid_keys}
        model = LayerModel.model_validate(good, context={"platform": self.platform})
        problems = (*self.problems, *unknown, *(self._problem(fault) for fault in faults))
        return ValidatedLayer(self, {key: getattr(model, key) for key in good}, problems, invalid_keys)

    def _faults(self, known: Mapping[str, object]) -> list[ErrorDetails]:
        try:
            LayerModel.model_validate(known, context={"platform": self.platform})
        except ValidationError as invalid:
            return invalid.errors(include_url=False)
        return []

    @property
    def _heading(self) -> str:
        return f"{self.file}: [{self.table}] " if self.table else f"{self.file}: "

    def _allows(self, key: str) -> bool:
        return key in KEYS and (self.place is not LayerKind.FILE or KEYS[key].table == self.part)

    def _as_written(self, key: str) -> str:
        return key.removeprefix(f"{self.part}_") if self.part else key

    def _unknown(self, key: str) -> str:
        in_platform_table = self.table.rpartition(".")[2] in PLATFORM_TABLES
        known = [one.written for one in KEYS.values() if one.table == self.part]
        others = () if self.part else TABLES if in_platform_table else (*TABLES, *PLATFORM_TABLES)
        near = suggest(self._as_written(key), (*known, *others))
        remedy = f'did you mean "{near}"?' if near else 'see "reloader --help" for the keys'
        if key in KEYS and KEYS[key].table != self.part:
            remedy = f"write {KEYS[key].written} into a table [{KEYS[key].table}]"
        return f"{self._heading}unknown key {quoted(self._as_written(key))}: {remedy}"

    def _problem(self, error: ErrorDetails) -> str:
        key, *within = (str(step) if isinstance(step, str) else step for step in error["loc"])
        origin = self.origin_of(str(key))
        if self.place in (LayerKind.FILE, LayerKind.CALL):
            origin += "".join(_step(step) for step in within if step != "[key]")
        return f"{origin}: {message_for(KEYS[str(key)], error)}"


@dataclass(frozen=True, slots=True)
class ValidatedLayer:
    """The good values of a layer, and its problems. ``invalid_keys`` are the keys whose values are not good."""

    layer: Layer
    values: Mapping[str, Any]
    problems: tuple[str, ...]
    invalid_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class MergedLayers:
    """All layers that apply, as one. ``origins`` and ``sources`` name the place that each key was taken from.

    ``places`` names each place that has a part in it: those of a merged table may be several.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    sources: Mapping[str, str]
    places: Mapping[str, tuple[str, ...]]


def merge_layers(layers: Sequence[ValidatedLayer]) -> MergedLayers:
    """Lay ``layers`` over each other, weakest first. Tables are merged, all else is replaced whole."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    sources: dict[str, str] = {}
    places: dict[str, tuple[str, ...]] = {}
    for judged in layers:
        for key, value in judged.values.items():
            is_merged = KEYS[key].kind is Kind.TABLE
            values[key] = {**values.get(key, {}), **value} if is_merged else value
            places[key] = (*(places.get(key, ()) if is_merged else ()), judged.layer.location_of(key))
            origins[key] = judged.layer.origin_of(key)
            sources[key] = judged.layer.source_of(key)
    return MergedLayers(values, origins, sources, places)


def _step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _BARE.fullmatch(step) else f".{quoted(step)}"


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
    yield Layer(LayerKind.FILE, keys, platform, (*problems, *_no_tables(file, heading, parts)), file.name, heading)
    for name, part in parts.items():
        if isinstance(part, dict):
            longer = {f"{name}_{key}": value for key, value in part.items()}
            yield Layer(LayerKind.FILE, longer, platform, (), file.name, _below(heading, name), name)


def _no_tables(file: ConfigFile, heading: str, named: Mapping[str, object]) -> tuple[str, ...]:
    start = f"{file.name}: [{heading}] " if heading else f"{file.name}: "
    return tuple(
        f"{start}{name}: {describe(value)}, expected a table, as in [{_below(heading, name)}]"
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
            values |= {key.name: parse_value(key, text)} if text else {}
        elif variable.startswith(VARIABLE_PREFIX) and not is_reserved(variable):
            problems.append(_unknown_variable(variable))
    return Layer(LayerKind.ENVIRONMENT, values, platform, tuple(problems))


def command_line_layer(arguments: Arguments, platform: str) -> Layer:
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
    key = suggest(variable.removeprefix(VARIABLE_PREFIX), KEYS)
    remedy = f"did you mean {KEYS[key].variable}?" if key else 'see "reloader --help" for the keys'
    return f"{printable(variable)}: unknown variable: {remedy}"
