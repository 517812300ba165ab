"""What to say of a command line that cannot be understood: what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reloader.cli.subcommand import Operand, Verb
from reloader.cli.subcommands import VERBS
from reloader.config.options import KEYS, Kind

_ALIKE = 0.75
"""So much alike must a word be to a verb; less, and it is rather a command."""


def no_dashes(words: Sequence[str]) -> str:
    """A word where a flag or a verb is expected."""
    first = words[0]
    if first in VERBS:
        return f"{first} is a verb, which comes first: write reloader {first}, then the flags"
    line = " ".join(words if len(words) <= 4 else (*words[:4], "..."))
    near = _nearest(first, VERBS, _ALIKE)
    if near:
        return (
            f'"{first}" is no verb: did you mean reloader {near}? '
            f'If it is a command, put "--" before it, as in reloader -- {line}'
        )
    return f'"{first}" is no flag: put "--" before the command, as in reloader -- {line}'


def no_operand(word: str, name: str) -> str:
    return f'"{word}" is no flag, and reloader {name} takes nothing else: leave it out'


def missing_operand(prog: str, operand: Operand) -> str:
    choices = f": one of {', '.join(operand.choices)}" if operand.choices else ""
    return f"{operand.metavar} is missing{choices}: write {prog} {operand.choices[0] if choices else operand.metavar}"


def not_a_choice(word: str, choices: Sequence[str]) -> str:
    near = _nearest(word, choices, 0.5)
    remedy = f"did you mean {near}?" if near else f"write, for example, {choices[0]}"
    return f'"{word}" is not one of {", ".join(choices)}: {remedy}'


def stray_flag(flag: str, verb: Verb) -> str:
    written = flag.partition("=")[0]
    near = _nearest(written, _flags_of(verb), 0.6)
    return f"unknown flag {written}" + (f": did you mean {near}?" if near else "")


def _flags_of(verb: Verb) -> list[str]:
    keys = list(KEYS.values()) if verb.takes_keys else []
    return [
        *(key.flag for key in keys),
        *(f"--no-{key.flag[2:]}" for key in keys if key.kind is Kind.BOOLEAN),
        *(flag.flag for flag in verb.flags),
        *(f"--{name}" for name in (*verb.general, "version", "help")),
    ]


def _nearest(word: str, known: Iterable[str], cutoff: float) -> str | None:
    from difflib import get_close_matches  # costs more than the parser itself, and is wanted only now

    near = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return near[0] if near else None
