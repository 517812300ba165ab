"""The command line: what was typed, by the table of keys and the verb's own. Judges no value of a key and does nothing.

Imports argparse and the tables only, so that an answer does not have to wait for the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence

from reloader import __version__
from reloader.cli.output.stdout import write
from reloader.cli.subcommand import Argument, Flag, Subcommand
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS, load
from reloader.config.arguments import Arguments
from reloader.config.options import KEYS, Key, Kind

TYPE_CHECKING = False  # the import of typing would cost as much as argparse; type checkers know the name
if TYPE_CHECKING:
    from typing import NoReturn


_ALIKE = 0.75
"""So much alike must a word be to a verb; less, and it is rather a command."""


def no_dashes(words: Sequence[str]) -> str:
    """A word where a flag or a verb is expected."""
    first = words[0]
    if first in SUBCOMMANDS:
        return f"{first} is a verb, which comes first: write reloader {first}, then the flags"
    line = " ".join(words if len(words) <= 4 else (*words[:4], "..."))
    near = _nearest(first, SUBCOMMANDS, _ALIKE)
    if near:
        return (
            f'"{first}" is no verb: did you mean reloader {near}? '
            f'If it is a command, put "--" before it, as in reloader -- {line}'
        )
    return f'"{first}" is no flag: put "--" before the command, as in reloader -- {line}'


def no_positional(word: str, name: str) -> str:
    return f'"{word}" is no flag, and reloader {name} takes nothing else: leave it out'


def missing_positional(prog: str, positional: Argument) -> str:
    choices = f": one of {', '.join(positional.choices)}" if positional.choices else ""
    return f"{positional.metavar} is missing{choices}: write {prog} {positional.choices[0] if choices else positional.metavar}"


def not_a_choice(word: str, choices: Sequence[str]) -> str:
    near = _nearest(word, choices, 0.5)
    remedy = f"did you mean {near}?" if near else f"write, for example, {choices[0]}"
    return f'"{word}" is not one of {", ".join(choices)}: {remedy}'


def stray_flag(flag: str, subcommand: Subcommand) -> str:
    written = flag.partition("=")[0]
    near = _nearest(written, _flags_of(subcommand), 0.6)
    return f"unknown flag {written}" + (f": did you mean {near}?" if near else "")


def _flags_of(subcommand: Subcommand) -> list[str]:
    keys = list(KEYS.values()) if subcommand.takes_keys else []
    return [
        *(key.flag for key in keys),
        *(f"--no-{key.flag[2:]}" for key in keys if key.kind is Kind.BOOLEAN),
        *(flag.flag for flag in subcommand.flags),
        *(f"--{name}" for name in (*subcommand.general, "version", "help")),
    ]


def _nearest(word: str, known: Iterable[str], cutoff: float) -> str | None:
    from difflib import get_close_matches  # costs more than the parser itself, and is wanted only now

    near = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return near[0] if near else None


def parse(argv: Sequence[str], *, ends_the_process: bool = False) -> Arguments:
    """What ``argv`` (without the program's name) asks for. Exits with 2 and a line of text if it cannot be understood."""
    own, rest = _split_at_dashes(argv)
    is_named = bool(own) and own[0] in SUBCOMMANDS
    name = own.pop(0) if is_named else DEFAULT
    subcommand = load(name)
    parser = _parser(name, subcommand)
    if not is_named and own and not own[0].startswith("-"):
        parser.error(no_dashes(own))
    known, stray = parser.parse_known_args(own)
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
        positionals=_positionals(parser, name, subcommand, stray, () if subcommand.takes_command else rest or ()),
        ends_the_process=ends_the_process,
    )


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all flags in front."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f'reloader: error: {message}\nSee "{self.prog} -h".\n')


class _Show(argparse.Action):
    """Writes the text that ``const`` makes, and ends."""

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
    """Of a fixed width: asking the terminal costs the import of shutil, and the help is not argparse's anyway."""
    return argparse.HelpFormatter(prog, width=80)


def _add_general(parser: argparse.ArgumentParser, names: tuple[str, ...]) -> None:
    if "config" in names:
        parser.add_argument("-c", "--config", dest="config_file", metavar="FILE")
    loudness = parser.add_mutually_exclusive_group()
    if "quiet" in names:
        loudness.add_argument("-q", "--quiet", dest="is_quiet", action="store_true")
    if "verbose" in names:
        loudness.add_argument("-v", "--verbose", dest="is_verbose", action="store_true")
    if "json" in names:
        parser.add_argument("--json", dest="writes_json", action="store_true")


def _add_key(parser: argparse.ArgumentParser, key: Key) -> None:
    """A flag that leaves a trace only when it is typed. Values stay text: the configuration judges them, with its own words."""
    flags = (key.short, key.flag) if key.short else (key.flag,)
    match key.kind:
        case Kind.BOOLEAN:
            parser.add_argument(*flags, dest=key.name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS)
        case Kind.LIST | Kind.TABLE | Kind.STEPS:
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
    """Our own words, and the command after the first ``--``, or None without one."""
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
        parser.error(f'there is no command after "--": write {parser.prog} -- COMMAND')
    if "command" in flags:
        parser.error('the command is given twice: use --command or "--", not both')
    return tuple(rest)


def _options(parser: argparse.ArgumentParser, subcommand: Subcommand, known: argparse.Namespace) -> dict[str, object]:
    given = {flag: getattr(known, f"option_{flag.name}", None) for flag in subcommand.flags}
    for flag, value in given.items():
        if flag.choices and value is not None and value not in flag.choices:
            parser.error(f"{flag.flag}: {not_a_choice(str(value), flag.choices)}")
    return {flag.name: value for flag, value in given.items() if value is not None}


def _positionals(
    parser: argparse.ArgumentParser, name: str, subcommand: Subcommand, stray: list[str], rest: Sequence[str]
) -> tuple[str, ...]:
    """The words that are no flags, after which ``rest`` was told to be none."""
    flags = [word for word in stray if word.startswith("-") and word != "-"]
    positional = subcommand.positional
    words = (*stray, *rest)
    if flags and (subcommand.positional is not None or stray[0] == flags[0]):
        parser.error(stray_flag(flags[0], subcommand))
    if positional is None:
        if words:
            parser.error(no_dashes(words) if subcommand.takes_command else no_positional(words[0], name))
        return ()
    if len(words) > 1 and not positional.is_many:
        parser.error(f'"{words[1]}" is one too many: write {parser.prog} {positional.metavar}')
    if not words and not positional.is_optional:
        parser.error(missing_positional(parser.prog, positional))
    for word in words:
        if positional.choices and word not in positional.choices:
            parser.error(not_a_choice(word, positional.choices))
    return words


def _version() -> str:
    return f"reloader {__version__}\n"


def _help(name: str, *, is_short: bool) -> str:
    from reloader.cli import help as help_texts

    if name != DEFAULT:
        return help_texts.subcommand_help(name)
    return help_texts.short_help() if is_short else help_texts.full_help()
