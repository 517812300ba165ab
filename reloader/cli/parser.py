"""The command line, parsed by the table of keys and by the subcommand's declaration. It does not judge the value of a key.

This module imports argparse and the tables only, so that errors and help do not have to wait for the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from reloader import __version__
from reloader.cli.output.stdout import write
from reloader.cli.subcommand import Argument, Flag, Subcommand
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS, load
from reloader.config.arguments import Arguments
from reloader.config.messages import suggest
from reloader.config.options import KEYS, Key, Kind

TYPE_CHECKING = False  # the import of typing would cost as much as argparse; type checkers know the name
if TYPE_CHECKING:
    from typing import NoReturn


def parse(argv: Sequence[str], *, ends_the_process: bool = False) -> Arguments:
    """Parse ``argv``, which lacks the program's name. Exit with code 2 and a line of text if it is wrong."""
    own, rest = _split_at_dashes(argv)
    is_named = bool(own) and own[0] in SUBCOMMANDS
    name = own.pop(0) if is_named else DEFAULT
    subcommand = load(name)
    parser = _parser(name, subcommand)
    if not is_named and own and not own[0].startswith("-"):
        parser.error(_missing_dashes(own))
    known, unknown = parser.parse_known_args(own)
    flags = {key: value for key, value in vars(known).items() if key in KEYS}
    return Arguments(
        subcommand=name,
        config=known.config_file,
        flags=flags,
        command=_command(parser, subcommand, flags, rest),
        quiet=known.is_quiet,
        verbose=known.is_verbose,
        json=known.writes_json,
        options=_options(parser, subcommand, known),
        positionals=_positionals(parser, name, subcommand, unknown, () if subcommand.takes_command else rest or ()),
        ends_the_process=ends_the_process,
    )


class _Parser(argparse.ArgumentParser):
    """Shows an error as one line, without the list of all flags before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f'reloader: error: {message}\nSee "{self.prog} -h".\n')


class _Show(argparse.Action):
    """Prints the text that ``const`` makes, and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *given: object) -> None:
        make: Callable[[], str] = self.const
        write(make())
        parser.exit()


def _parser(name: str, subcommand: Subcommand) -> argparse.ArgumentParser:
    prog = "reloader" if name == DEFAULT else f"reloader {name}"
    parser = _Parser(prog=prog, add_help=False, allow_abbrev=False, formatter_class=_formatter)
    parser.set_defaults(config_file=None, is_quiet=False, is_verbose=False, writes_json=False)
    _add_general(parser, subcommand.general)
    for key in KEYS.values() if subcommand.takes_keys else ():
        _add_key(parser, key)
    for flag in subcommand.flags:
        _add_flag(parser, flag)
    parser.add_argument("-h", action=_Show, nargs=0, const=lambda: _help(name, is_short=True))
    parser.add_argument("--help", action=_Show, nargs=0, const=lambda: _help(name, is_short=False))
    parser.add_argument("--version", action=_Show, nargs=0, const=_version)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Return a formatter of fixed width. Asking the terminal would import shutil, and the help is not argparse's anyway."""
    return argparse.HelpFormatter(prog, width=80)


def _add_general(parser: argparse.ArgumentParser, names: tuple[str, ...]) -> None:
    if "config" in names:
        parser.add_argument("-c", "--config", dest="config_file", metavar="FILE")
    verbosity = parser.add_mutually_exclusive_group()
    if "quiet" in names:
        verbosity.add_argument("-q", "--quiet", dest="is_quiet", action="store_true")
    if "verbose" in names:
        verbosity.add_argument("-v", "--verbose", dest="is_verbose", action="store_true")
    if "json" in names:
        parser.add_argument("--json", dest="writes_json", action="store_true")


def _add_key(parser: argparse.ArgumentParser, key: Key) -> None:
    """Add a flag that leaves no trace unless it is typed. Values stay text: the configuration validates them."""
    flags = (key.short, key.flag) if key.short else (key.flag,)
    match key.kind:
        case Kind.BOOLEAN:
            parser.add_argument(*flags, dest=key.name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS)
        case Kind.LIST | Kind.TABLE | Kind.TASKS:
            parser.add_argument(*flags, dest=key.name, action="append", default=argparse.SUPPRESS)
        case Kind.SHELL:
            parser.add_argument(*flags, dest=key.name, nargs="?", const="true", default=argparse.SUPPRESS)
        case _:
            parser.add_argument(*flags, dest=key.name, default=argparse.SUPPRESS)


def _add_flag(parser: argparse.ArgumentParser, flag: Flag) -> None:
    flags = (flag.short, flag.flag) if flag.short else (flag.flag,)
    dest = f"option_{flag.name}"
    if flag.metavar:
        parser.add_argument(*flags, dest=dest, default=argparse.SUPPRESS)
    else:
        parser.add_argument(*flags, dest=dest, action="store_const", const=True, default=argparse.SUPPRESS)


def _split_at_dashes(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Return our own arguments, and the command after the first ``--``. Without ``--``, that is None."""
    words = list(argv)
    if "--" not in words:
        return words, None
    here = words.index("--")
    return words[:here], words[here + 1 :]


def _command(
    parser: argparse.ArgumentParser, subcommand: Subcommand, flags: dict[str, object], rest: list[str] | None
) -> tuple[str, ...]:
    if rest is None or not subcommand.takes_command:
        return ()
    if not rest:
        parser.error(f'there is no command after "--". Write: {parser.prog} -- COMMAND')
    if "command" in flags:
        parser.error('the command is given twice. Use --command or "--", not both')
    return tuple(rest)


def _options(parser: argparse.ArgumentParser, subcommand: Subcommand, known: argparse.Namespace) -> dict[str, object]:
    given = {flag: getattr(known, f"option_{flag.name}", None) for flag in subcommand.flags}
    for flag, value in given.items():
        if flag.choices and value is not None and value not in flag.choices:
            parser.error(f"{flag.flag}: {_invalid_choice(str(value), flag.choices)}")
    return {flag.name: value for flag, value in given.items() if value is not None}


def _positionals(
    parser: argparse.ArgumentParser, name: str, subcommand: Subcommand, unknown: list[str], rest: Sequence[str]
) -> tuple[str, ...]:
    """Return the positional arguments: those that argparse does not know, and ``rest``, which followed ``--``."""
    flags = [word for word in unknown if word.startswith("-") and word != "-"]
    positional = subcommand.positional
    words = (*unknown, *rest)
    if flags and (positional is not None or unknown[0] == flags[0]):
        parser.error(_unknown_flag(flags[0], subcommand))
    if positional is None:
        if words:
            parser.error(_missing_dashes(words) if subcommand.takes_command else _unexpected_argument(words[0], name))
        return ()
    if len(words) > 1 and not positional.is_many:
        parser.error(f'unexpected argument "{words[1]}". Write: {parser.prog} {positional.metavar}')
    if not words and not positional.is_optional:
        parser.error(_missing_argument(parser.prog, positional))
    for word in words:
        if positional.choices and word not in positional.choices:
            parser.error(_invalid_choice(word, positional.choices))
    return words


def _version() -> str:
    return f"reloader {__version__}\n"


def _help(name: str, *, is_short: bool) -> str:
    from reloader.cli import help as help_texts

    if name != DEFAULT:
        return help_texts.subcommand_help(name)
    return help_texts.short_help() if is_short else help_texts.full_help()


def _missing_dashes(words: Sequence[str]) -> str:
    """Return the error for a word where only flags and a subcommand are allowed."""
    first = words[0]
    if first in SUBCOMMANDS:
        return f"the subcommand {first} must come first. Write: reloader {first} [OPTIONS]"
    line = " ".join(words if len(words) <= 4 else (*words[:4], "..."))
    near = suggest(first, SUBCOMMANDS, _SUBCOMMAND_CUTOFF)
    if near:
        return f'unknown subcommand "{first}". Did you mean reloader {near}? To run it as a command: reloader -- {line}'
    return f'unexpected argument "{first}". Write "--" before the command: reloader -- {line}'


def _unexpected_argument(word: str, name: str) -> str:
    return f'unexpected argument "{word}": reloader {name} takes none'


def _missing_argument(prog: str, positional: Argument) -> str:
    if positional.choices:
        choices = ", ".join(positional.choices)
        return f"{positional.metavar} is missing: it is one of {choices}. Write, for example: {prog} {positional.choices[0]}"
    return f"{positional.metavar} is missing. Write: {prog} {positional.metavar}"


def _invalid_choice(word: str, choices: Sequence[str]) -> str:
    near = suggest(word, choices, 0.5)
    remedy = f"Did you mean {near}?" if near else f"Write, for example, {choices[0]}"
    return f'"{word}" is not one of {", ".join(choices)}. {remedy}'


def _unknown_flag(flag: str, subcommand: Subcommand) -> str:
    written = flag.partition("=")[0]
    near = suggest(written, _flags_of(subcommand), 0.6)
    return f"unknown flag {written}" + (f". Did you mean {near}?" if near else "")


_SUBCOMMAND_CUTOFF = 0.75
"""The least similarity to a subcommand. A word with less is more likely a command."""


def _flags_of(subcommand: Subcommand) -> list[str]:
    keys = list(KEYS.values()) if subcommand.takes_keys else []
    return [
        *(key.flag for key in keys),
        *(f"--no-{key.flag[2:]}" for key in keys if key.kind is Kind.BOOLEAN),
        *(flag.flag for flag in subcommand.flags),
        *(f"--{name}" for name in (*subcommand.general, "version", "help")),
    ]
