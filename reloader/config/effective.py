"""The configuration that is in force: each key with its value, and where that was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from reloader.config.load import Loaded
from reloader.config.options import KEYS, Key, Kind
from reloader.config.resolve import MergedConfig
from reloader.config.validators import TaskConfig
from reloader.core.notices import HIDDEN, KeyChange

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """``origin`` names the file, the variable or the flag; of a table that was merged, all of them."""

    key: Key
    value: object
    origin: str

    @property
    def is_written(self) -> bool:
        return self.origin != DEFAULT


def effective_values(merged: MergedConfig) -> tuple[EffectiveValue, ...]:
    """Every key, in the order of the table of keys. A command that is not written has the value None."""
    places = merged.layers.places
    return tuple(
        EffectiveValue(key, _value(merged, name), ", ".join(places[name]) if name in places else DEFAULT)
        for name, key in KEYS.items()
    )


def _value(merged: MergedConfig, name: str) -> object:
    is_missing = name == "command" and name not in merged.layers.values
    return None if is_missing else _as_written(getattr(merged.config, name))


def _as_written(value: object) -> object:
    """``value`` with each command, and the address of a probe, as it could be written."""
    match value:
        case TaskConfig(run, ()):
            return list(run)
        case TaskConfig(run, files):
            return {"run": list(run), "files": list(files)}
        case {"tcp": (str(host), int(port)), **others}:
            return {"tcp": f"[{host}]:{port}" if ":" in host else f"{host}:{port}", **others}
        case Enum():
            return value.value
        case tuple():
            return tuple(_as_written(one) for one in value)
        case _:
            return value


def differences(before: Loaded, after: Loaded) -> tuple[KeyChange, ...]:
    """Each key with another value; of a table, each name. Where a value is written makes no difference, but for the file."""
    return tuple(_differences(before, after))


def _differences(before: Loaded, after: Loaded) -> Iterator[KeyChange]:
    old, new = _file(before), _file(after)
    if old != new:
        yield KeyChange("config", old, new)
    for one, other in zip(effective_values(before.merged), effective_values(after.merged), strict=True):
        key = one.key
        name = f"{key.table}.{key.written}" if key.table else key.name
        if key.kind is Kind.TABLE and isinstance(one.value, Mapping) and isinstance(other.value, Mapping):
            yield from _in_table(name, one.value, other.value)
        elif one.value != other.value:
            yield KeyChange(name, one.value, other.value)


def _in_table(name: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[KeyChange]:
    for part in dict.fromkeys((*before, *after)):
        if before.get(part) != after.get(part):
            yield KeyChange(f"{name}.{part}", _told(name, before.get(part)), _told(name, after.get(part)))


def _told(table: str, value: object) -> object:
    """A variable may be a password, and what is told goes into logs."""
    return HIDDEN if table == "env" and value is not None else value


def _file(loaded: Loaded) -> str | None:
    return loaded.file.path if loaded.file is not None else None
