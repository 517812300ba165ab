"""The texts of ``-h``, one screen, and of ``--help``, everything. Made from the table of keys, and the same on every Python."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from reloader.config.keys import KEYS, Group, Key, Kind

WIDTH = 80
_COLUMN = 26

Option = tuple[str, str]
"""How a flag is written, and what it does."""

HEAD = """\
usage: reloader [OPTIONS] -- COMMAND...
       reloader [OPTIONS]                 with the command of reloader.toml
       reloader doctor [OPTIONS]          says what would watch here, and why

Runs a command and restarts it when the files that it depends on change.
"""

GENERAL: tuple[Option, ...] = (
    (
        "-c, --config FILE",
        "The config file; else reloader.toml, or [tool.reloader] in pyproject.toml, is searched upwards.",
    ),
    ("-q, --quiet", "Say only what is wrong."),
    ("-v, --verbose", "Say more."),
    ("--json", "Write each notice as one line of JSON."),
    ("--version", "Show the version and exit."),
    ("-h", "Show the flags that matter most and exit."),
    ("--help", "Show all flags and exit."),
)

EXAMPLES = """\
Examples:
  reloader -- python app.py
  reloader --watch 'src/**/*.py' --watch templates/ -- flask run --no-reload
"""

NOTES = """\
Every flag is also a key of the config file (--stop-timeout is stop_timeout) and a variable (RELOADER_STOP_TIMEOUT). \
A flag wins over a variable, a variable over the file. Paths are relative to the config file's directory.

SECONDS are numbers, or text with a unit: 300ms, 2s, 1.5m. A flag for a list may be repeated, or take items \
separated by commas.

A PATTERN is a gitignore pattern: without a slash it is a name at any depth, with a slash it begins at the config \
file's directory, '!' takes back, and the last match wins. A watch pattern may begin with ../, ~/ or, as an absolute \
path, with /; ./ in front means the config file's directory. Between names write / on Windows too.
"""


def short_help() -> str:
    """At most 40 lines."""
    essential = [_option(key) for key in KEYS.values() if key.essential]
    return "\n".join((HEAD, _section("Options", (*essential, *GENERAL)), EXAMPLES))


def full_help() -> str:
    sections = [_section(group.value, _options_of(group)) for group in Group]
    notes = (textwrap.fill(note, WIDTH) + "\n" for note in NOTES.split("\n\n"))
    return "\n".join((HEAD, *sections, _section("General", GENERAL), *notes, EXAMPLES))


def _section(title: str, options: Iterable[Option]) -> str:
    return "\n".join((f"{title}:", *_lines(options), ""))


def _options_of(group: Group) -> Iterator[Option]:
    return (_option(key, with_default=True) for key in KEYS.values() if key.group is group)


def _option(key: Key, *, with_default: bool = False) -> Option:
    default = _default(key) if with_default else ""
    return spelled(key), key.about + (f" Default: {default}." if default else "")


def spelled(key: Key) -> str:
    """All spellings of a key's flag, with its value."""
    flags = f"{key.short}, {key.flag}" if key.short else key.flag
    if key.kind is Kind.BOOLEAN:
        return f"{flags}, --no-{key.flag.removeprefix('--')}"
    return f"{flags} [{key.metavar}]" if key.kind is Kind.SHELL else f"{flags} {key.metavar}"


def _default(key: Key) -> str:
    match key.default:
        case bool():
            return {True: "true", False: "false"}[key.default]
        case str() | float() | int():
            return f"{key.default:g}" if isinstance(key.default, float) else str(key.default)
        case _:
            return ""


def _lines(options: Iterable[Option]) -> Iterator[str]:
    for flags, about in options:
        wrapped = textwrap.wrap(about, WIDTH - _COLUMN)
        head = f"  {flags}"
        if len(head) > _COLUMN - 2:
            yield head
        else:
            yield f"{head:<{_COLUMN}}{wrapped.pop(0)}"
        yield from (" " * _COLUMN + line for line in wrapped)
