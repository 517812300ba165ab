"""The configuration that is in force: each key with its value, and where that was written."""

from __future__ import annotations

from dataclasses import dataclass

from reloader.config.keys import KEYS, Key
from reloader.config.resolve import Written

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """``origin`` names the file, the variable or the flag; of a table that was merged, all of them."""

    key: Key
    value: object
    origin: str

    @property
    def is_written(self) -> bool:
        return self.origin != DEFAULT


def settings_of(written: Written) -> tuple[Setting, ...]:
    """Every key, in the order of the table of keys. A command that is not written has the value None."""
    places = written.stack.places
    return tuple(
        Setting(key, _value(written, name), ", ".join(places[name]) if name in places else DEFAULT)
        for name, key in KEYS.items()
    )


def _value(written: Written, name: str) -> object:
    is_missing = name == "command" and name not in written.stack.values
    return None if is_missing else getattr(written.config, name)
