"""The command line: which flags there are, and what was typed. Judges no value and does nothing.

Imports argparse and the table of keys only, so that ``--help`` and ``--version`` answer at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from reloader import __version__
from reloader.config.arguments import Arguments
from reloader.config.keys import KEYS, Key, Kind

TYPE_CHECKING = False  # the import of typing would cost as much as argparse; type checkers know the name
if TYPE_CHECKING:
    from typing import NoReturn

VERBS = ("run", "doctor")
"""The first is what happens without a verb."""


def parse(argv: Sequence[str]) -> Arguments:
    """What ``argv`` (without the program's name) asks for. Exits with 2 and a line of text if it cannot be understood."""
    own, command = _split_at_dashes(argv)
    verb, own = (own[0], own[1:]) if own and own[0] in VERBS else (VERBS[0], own)
    parser = _parser()
    if own and not own[0].startswith("-"):
        parser.error(_no_dashes(own))
    known, stray = parser.parse_known_args(own)
    if stray:
        parser.error(_stray(stray[0]) if stray[0].startswith("-") else _no_dashes(stray))
    flags = {name: value for name, value in vars(known).items() if name in KEYS}
    if command is not None and not command:
        parser.error('there is no command after "--": write reloader -- COMMAND')
    if command and "command" in flags:
        parser.error('the command is given twice: use --command or "--", not both')
    return Arguments(
        verb=verb,
        config=known.config_file,
        flags=flags,
        command=tuple(command or ()),
        quiet=known.is_quiet,
        verbose=known.is_verbose,
        json=known.writes_json,
    )


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all flags in front."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f'reloader: error: {message}\nSee "reloader -h".\n')


class _Show(argparse.Action):
    """Writes the text that ``const`` makes, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *given: object) -> None:
        make: Callable[[], str] = self.const
        sys.stdout.write(make())
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="reloader", add_help=False, allow_abbrev=False, formatter_class=_formatter)
    parser.add_argument("-c", "--config", dest="config_file", metavar="FILE")
    for key in KEYS.values():
        _add_key(parser, key)
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", dest="is_quiet", action="store_true")
    loudness.add_argument("-v", "--verbose", dest="is_verbose", action="store_true")
    parser.add_argument("--json", dest="writes_json", action="store_true")
    parser.add_argument("--version", action=_Show, nargs=0, const=_version)
    parser.add_argument("-h", action=_Show, nargs=0, const=_short_help)
    parser.add_argument("--help", action=_Show, nargs=0, const=_full_help)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Of a fixed width: asking the terminal costs the import of shutil, and the help is not argparse's anyway."""
    return argparse.HelpFormatter(prog, width=80)


def _add_key(parser: argparse.ArgumentParser, key: Key) -> None:
    """A flag that leaves a trace only when it is typed. Values stay text: the configuration judges them, with its own words."""
    flags = (key.short, key.flag) if key.short else (key.flag,)
    match key.kind:
        case Kind.BOOLEAN:
            parser.add_argument(*flags, dest=key.name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS)
        case Kind.LIST | Kind.TABLE:
            parser.add_argument(*flags, dest=key.name, action="append", default=argparse.SUPPRESS)
        case Kind.SHELL:
            parser.add_argument(*flags, dest=key.name, nargs="?", const="true", default=argparse.SUPPRESS)
        case _:
            parser.add_argument(*flags, dest=key.name, default=argparse.SUPPRESS)


def _split_at_dashes(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Our own words, and the command after the first ``--``, or None without one."""
    words = list(argv)
    if "--" not in words:
        return words, None
    here = words.index("--")
    return words[:here], words[here + 1 :]


def _no_dashes(words: Sequence[str]) -> str:
    line = " ".join(words if len(words) <= 4 else (*words[:4], "..."))
    return f'"{words[0]}" is no flag: put "--" before the command, as in reloader -- {line}'


def _stray(flag: str) -> str:
    from difflib import get_close_matches  # costs more than the parser itself, and is wanted only now

    written = flag.partition("=")[0]
    known = [key.flag for key in KEYS.values()]
    known += [f"--no-{flag[2:]}" for flag in known if KEYS[flag[2:].replace("-", "_")].kind is Kind.BOOLEAN]
    near = get_close_matches(
        written, [*known, "--config", "--quiet", "--verbose", "--json", "--version", "--help"], n=1
    )
    return f"unknown flag {written}" + (f": did you mean {near[0]}?" if near else "")


def _version() -> str:
    return f"reloader {__version__}\n"


def _short_help() -> str:
    from reloader.cli.usage import short_help

    return short_help()


def _full_help() -> str:
    from reloader.cli.usage import full_help

    return full_help()
