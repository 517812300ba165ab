"""The texts of ``-h`` (one screen) and ``--help`` (everything), made from the tables of keys and subcommands."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from reloader.cli.subcommand import Subcommand
from reloader.cli.subcommands import SUBCOMMANDS, load
from reloader.config.options import KEYS, Group, Key, Kind

WIDTH = 80
_COLUMN = 26

Option = tuple[str, str]
"""The spelling of a flag, and its description."""

HEAD = """\
usage: reloader [OPTIONS] -- COMMAND...
       reloader [OPTIONS]                 runs the command of reloader.toml
       reloader SUBCOMMAND [OPTIONS]      reloader SUBCOMMAND -h explains it

Runs a command and restarts it when the files that it depends on change.
"""

GENERAL: dict[str, Option] = {
    "config": (
        "-c, --config FILE",
        "The config file. Default: the nearest reloader.toml, or pyproject.toml with [tool.reloader], here or above.",
    ),
    "quiet": ("-q, --quiet", "Print only warnings and errors."),
    "verbose": ("-v, --verbose", "Print details too."),
    "json": ("--json", "Print each notice as one line of JSON."),
    "version": ("--version", "Show the version and exit."),
    "short": ("-h", "Show the flags that matter most and exit."),
    "help": ("--help", "Show all flags and exit."),
}

BRIEF: dict[str, Option] = {
    "config": ("-c, --config FILE", "The config file. Default: the nearest one, upwards."),
    "quiet": GENERAL["quiet"],
    "verbose": GENERAL["verbose"],
    "json": ("--json", "Print JSON, one object on each line."),
    "help": ("--help", "Show all flags. (--version shows the version.)"),
}
"""The same for the short help, one line each."""

HELP: Option = ("-h, --help", "Show this help and exit.")
"""The flag of each subcommand except run, whose -h is shorter than its --help."""

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

A PATTERN is a gitignore pattern: without a slash it matches a name at any depth, with a slash it starts at the \
config file's directory. '!' negates it, and the last match wins. A watch pattern may begin with ../, ~/ or, as an \
absolute path, with /; ./ means the config file's directory. Separate names with / on Windows too.
"""


def short_help() -> str:
    """Return the text of ``-h``, at most 40 lines."""
    essential = [(spelling_of(key), key.brief) for key in KEYS.values() if key.brief]
    options = _section("Options", (*essential, *BRIEF.values()))
    return "\n".join((HEAD, _section("Subcommands", SUBCOMMANDS.items()), options, EXAMPLES))


def full_help() -> str:
    sections = [_section(group.value, _options_of(group)) for group in Group]
    notes = (_fill(note) + "\n" for note in NOTES.split("\n\n"))
    subcommands, general = _section("Subcommands", SUBCOMMANDS.items()), _section("General", GENERAL.values())
    return "\n".join((HEAD, subcommands, *sections, general, *notes, EXAMPLES))


def subcommand_help(name: str) -> str:
    """Return the help of any subcommand except run."""
    subcommand = load(name)
    details = (_fill(paragraph) + "\n" for paragraph in paragraphs(subcommand))
    examples = "\n".join(("Examples:", *(f"  {example}" for example in subcommand.examples), ""))
    keys = ["Every config key is a flag here too: see reloader --help.\n"] if subcommand.takes_keys else []
    about = f"usage: {synopsis(name, subcommand)}\n\n{SUBCOMMANDS[name]}\n"
    return "\n".join((about, *details, _section("Options", options_of_subcommand(subcommand)), *keys, examples))


def paragraphs(subcommand: Subcommand) -> list[str]:
    """Return the paragraphs of its details, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in subcommand.details.split("\n\n") if paragraph.strip()]


def synopsis(name: str, subcommand: Subcommand) -> str:
    words = ["reloader", name, "[OPTIONS]"]
    if subcommand.positional is not None:
        word = subcommand.positional.metavar + ("..." if subcommand.positional.is_many else "")
        words.append(f"[{word}]" if subcommand.positional.is_optional else word)
    return " ".join([*words, *(["[-- COMMAND...]"] if subcommand.takes_command else [])])


def options_of_subcommand(subcommand: Subcommand) -> Iterator[Option]:
    """Yield its positional argument, its own flags, and the flags that it shares with others."""
    if subcommand.positional is not None:
        yield subcommand.positional.metavar, subcommand.positional.about
    for flag in subcommand.flags:
        spelling = f"{flag.short}, {flag.flag}" if flag.short else flag.flag
        yield f"{spelling} {flag.metavar}".rstrip(), flag.about
    yield from (GENERAL[name] for name in subcommand.general)
    yield HELP


def _fill(paragraph: str) -> str:
    return textwrap.fill(paragraph, WIDTH, break_on_hyphens=False)


def _section(title: str, options: Iterable[Option]) -> str:
    return "\n".join((f"{title}:", *_lines(options), ""))


def _options_of(group: Group) -> Iterator[Option]:
    return (option_of_key(key) for key in KEYS.values() if key.group is group)


def option_of_key(key: Key) -> Option:
    default = _default(key)
    return spelling_of(key), key.about + (f" Default: {default}." if default else "")


def spelling_of(key: Key) -> str:
    """Return all spellings of a key's flag, with its value."""
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
        wrapped = textwrap.wrap(about, WIDTH - _COLUMN, break_on_hyphens=False)
        head = f"  {flags}"
        if len(head) > _COLUMN - 2:
            yield head
        else:
            yield f"{head:<{_COLUMN}}{wrapped.pop(0)}"
        yield from (" " * _COLUMN + line for line in wrapped)
