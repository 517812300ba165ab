"""Everything that may be typed on the command line, by the tables of keys and subcommands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from reloader.cli.help import GENERAL
from reloader.cli.subcommand import Flag, Subcommand
from reloader.cli.subcommands import SUBCOMMANDS, load
from reloader.config.options import KEYS, Key, Kind


class ValueKind(Enum):
    """The kind of a flag's value, or of a positional argument."""

    NOTHING = "nothing"
    TEXT = "text"
    CHOICE = "choice"
    FILE = "file"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class FlagSpec:
    """A flag with all its spellings. With ``value_is_optional``, the value can be left out."""

    spellings: tuple[str, ...]
    about: str
    takes: ValueKind = ValueKind.NOTHING
    metavar: str = ""
    choices: tuple[str, ...] = ()
    is_repeated: bool = False
    value_is_optional: bool = False

    @property
    def needs_value(self) -> bool:
        return self.takes is not ValueKind.NOTHING and not self.value_is_optional


@dataclass(frozen=True, slots=True)
class SubcommandSpec:
    """A subcommand with everything that may follow it. ``positional`` is the kind of its positional arguments."""

    name: str
    about: str
    flags: tuple[FlagSpec, ...]
    positional: ValueKind
    choices: tuple[str, ...]
    takes_command: bool


def subcommand_specs() -> Iterator[SubcommandSpec]:
    for name, about in SUBCOMMANDS.items():
        subcommand = load(name)
        positional = subcommand.positional
        takes = (
            ValueKind.NOTHING
            if positional is None
            else _takes(positional.choices, ValueKind.FILE if positional.is_path else ValueKind.TEXT)
        )
        choices = () if positional is None else positional.choices
        yield SubcommandSpec(name, about, tuple(flag_specs(subcommand)), takes, choices, subcommand.takes_command)


def flag_specs(subcommand: Subcommand) -> Iterator[FlagSpec]:
    """Yield all flags of ``subcommand``, its own first."""
    yield from map(_of_flag, subcommand.flags)
    if subcommand.takes_keys:
        yield from map(_of_key, KEYS.values())
    for name in subcommand.general:
        spelling, about = GENERAL[name]
        takes = ValueKind.FILE if name == "config" else ValueKind.NOTHING
        spellings = spelling.replace(" FILE", "").split(", ")
        yield FlagSpec(tuple(spellings), about, takes, "FILE" if takes is ValueKind.FILE else "")
    yield FlagSpec(("-h", "--help"), "Show the help and exit.")
    yield FlagSpec(("--version",), "Show the version and exit.")


def _of_flag(flag: Flag) -> FlagSpec:
    takes = _takes(flag.choices, ValueKind.TEXT if flag.metavar else ValueKind.NOTHING)
    spellings = (flag.short, flag.flag) if flag.short else (flag.flag,)
    return FlagSpec(spellings, flag.about, takes, flag.metavar, flag.choices)


def _of_key(key: Key) -> FlagSpec:
    spellings = (key.short, key.flag) if key.short else (key.flag,)
    if key.kind is Kind.BOOLEAN:
        return FlagSpec((*spellings, f"--no-{key.flag[2:]}"), key.about)
    kinds = {"FILE": ValueKind.FILE, "DIRECTORY": ValueKind.DIRECTORY, "PATTERN": ValueKind.FILE}
    takes = _takes(key.choices, kinds.get(key.metavar, ValueKind.TEXT))
    is_repeated = key.kind in (Kind.LIST, Kind.TABLE)
    return FlagSpec(spellings, key.about, takes, key.metavar, key.choices, is_repeated, key.kind is Kind.SHELL)


def _takes(choices: tuple[str, ...], otherwise: ValueKind) -> ValueKind:
    return ValueKind.CHOICE if choices else otherwise
