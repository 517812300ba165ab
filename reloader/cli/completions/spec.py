"""What may be typed, as the tables have it: for those who complete it, and for those who describe all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from reloader.cli.help import GENERAL
from reloader.cli.subcommand import Flag, Verb
from reloader.cli.subcommands import VERBS, load
from reloader.config.options import KEYS, Key, Kind


class Takes(Enum):
    """What stands behind a flag, or as an operand."""

    NOTHING = "nothing"
    TEXT = "text"
    CHOICE = "choice"
    FILE = "file"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class FlagWord:
    """A flag with all of its spellings. The value of one that ``may_lack`` it can be left out."""

    spellings: tuple[str, ...]
    about: str
    takes: Takes = Takes.NOTHING
    metavar: str = ""
    choices: tuple[str, ...] = ()
    is_repeated: bool = False
    may_lack: bool = False

    @property
    def needs_value(self) -> bool:
        return self.takes is not Takes.NOTHING and not self.may_lack


@dataclass(frozen=True, slots=True)
class VerbWord:
    """A verb with all that may follow it. ``operand`` is what its other words are."""

    name: str
    about: str
    flags: tuple[FlagWord, ...]
    operand: Takes
    choices: tuple[str, ...]
    takes_command: bool


def verb_words() -> Iterator[VerbWord]:
    for name, about in VERBS.items():
        verb = load(name)
        operand = verb.operand
        takes = (
            Takes.NOTHING if operand is None else _takes(operand.choices, Takes.FILE if operand.is_path else Takes.TEXT)
        )
        choices = () if operand is None else operand.choices
        yield VerbWord(name, about, tuple(flag_words(verb)), takes, choices, verb.takes_command)


def flag_words(verb: Verb) -> Iterator[FlagWord]:
    """All flags that ``verb`` takes, its own first."""
    yield from map(_of_flag, verb.flags)
    if verb.takes_keys:
        yield from map(_of_key, KEYS.values())
    for name in verb.general:
        spelling, about = GENERAL[name]
        takes = Takes.FILE if name == "config" else Takes.NOTHING
        words = spelling.replace(" FILE", "").split(", ")
        yield FlagWord(tuple(words), about, takes, "FILE" if takes is Takes.FILE else "")
    yield FlagWord(("-h", "--help"), "Show the help and exit.")
    yield FlagWord(("--version",), "Show the version and exit.")


def _of_flag(flag: Flag) -> FlagWord:
    takes = _takes(flag.choices, Takes.TEXT if flag.metavar else Takes.NOTHING)
    spellings = (flag.short, flag.flag) if flag.short else (flag.flag,)
    return FlagWord(spellings, flag.about, takes, flag.metavar, flag.choices)


def _of_key(key: Key) -> FlagWord:
    spellings = (key.short, key.flag) if key.short else (key.flag,)
    if key.kind is Kind.BOOLEAN:
        return FlagWord((*spellings, f"--no-{key.flag[2:]}"), key.about)
    places = {"FILE": Takes.FILE, "DIRECTORY": Takes.DIRECTORY, "PATTERN": Takes.FILE}
    takes = _takes(key.choices, places.get(key.metavar, Takes.TEXT))
    is_repeated = key.kind in (Kind.LIST, Kind.TABLE)
    return FlagWord(spellings, key.about, takes, key.metavar, key.choices, is_repeated, key.kind is Kind.SHELL)


def _takes(choices: tuple[str, ...], otherwise: Takes) -> Takes:
    return Takes.CHOICE if choices else otherwise
