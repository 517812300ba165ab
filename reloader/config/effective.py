"""The configuration in force: each key with its value, and the place where that is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from reloader.config.load import Loaded
from reloader.config.options import KEYS, Key, Kind
from reloader.config.resolve import MergedConfig
from reloader.config.task_validators import TaskConfig
from reloader.core.notices import HIDDEN, KeyChange

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """``origin`` names the file, the variable or the flag; for a merged table, all of them."""

    key: Key
    value: object
    origin: str

    @property
    def is_written(self) -> bool:
        return self.origin != DEFAULT


def effective_values(merged: MergedConfig) -> tuple[EffectiveValue, ...]:
    """Return every key in the order of the table of keys. The value of a missing command is None."""
    locations = merged.layers.locations
    return tuple(
        EffectiveValue(key, _value(merged, name), ", ".join(locations[name]) if name in locations else DEFAULT)
        for name, key in KEYS.items()
    )


def _value(merged: MergedConfig, name: str) -> object:
    is_missing = name == "command" and name not in merged.layers.values
    return None if is_missing else _as_written(getattr(merged.config, name))


def _as_written(value: object) -> object:
    """Return ``value`` as a config file could hold it."""
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
    """Return each key whose value differs; of a table, each name. A value that only moved does not differ.

    The first is ``config``, if another file is used.
    """
    return tuple(_differences(before, after))


def _differences(before: Loaded, after: Loaded) -> Iterator[KeyChange]:
    old_file, new_file = _file(before), _file(after)
    if old_file != new_file:
        yield KeyChange("config", old_file, new_file)
    for old, new in zip(effective_values(before.merged), effective_values(after.merged), strict=True):
        key = old.key
        name = f"{key.table}.{key.toml_name}" if key.table else key.name
        if key.kind is Kind.TABLE and isinstance(old.value, Mapping) and isinstance(new.value, Mapping):
            yield from _differences_in_table(name, old.value, new.value)
        elif old.value != new.value:
            yield KeyChange(name, old.value, new.value)


def _differences_in_table(table: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[KeyChange]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield KeyChange(f"{table}.{name}", _for_logs(table, old), _for_logs(table, new))


def _for_logs(table: str, value: object) -> object:
    """Return ``value``, or HIDDEN for an environment variable: it may be a password."""
    return HIDDEN if table == "env" and value is not None else value


def _file(loaded: Loaded) -> str | None:
    return loaded.file.path if loaded.file is not None else None
