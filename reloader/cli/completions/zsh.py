"""For zsh, by its own ``_arguments``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reloader.cli.completions.spec import FlagSpec, SubcommandSpec, ValueKind

_FRAME = """\
#compdef reloader
# Completions of reloader for zsh, written by: reloader completions zsh
_reloader() {
    local subcommand=%(default)s
    local -i dashes=${words[(i)--]}
    local -a subcommands
    subcommands=(
%(subcommands)s
    )
    if (( dashes < CURRENT )); then
        # A command follows: use its own completions.
        shift $dashes words
        (( CURRENT -= dashes ))
        _normal
        return
    fi
    if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
        _describe -t subcommands subcommand subcommands
        return
    fi
    case ${words[2]} in
        %(names)s)
            subcommand=${words[2]}
            if (( CURRENT > 2 )); then
                shift words
                (( CURRENT -= 1 ))
            fi
            ;;
    esac
    case $subcommand in
%(cases)s
    esac
}
if [[ ${funcstack[1]} == _reloader ]]; then
    _reloader "$@"  # found by fpath
else
    compdef _reloader reloader  # read by a start-up file
fi
"""


def script(subcommands: Sequence[SubcommandSpec], default: str) -> str:
    return _FRAME % {
        "default": default,
        "names": "|".join(subcommand.name for subcommand in subcommands),
        "subcommands": "\n".join(
            f"        {_quoted(f'{subcommand.name}:{subcommand.about}')}" for subcommand in subcommands
        ),
        "cases": "\n".join(line for subcommand in subcommands for line in _case(subcommand)),
    }


def _case(subcommand: SubcommandSpec) -> Iterator[str]:
    yield f"        {subcommand.name})"
    yield "            _arguments -s \\"
    for flag in subcommand.flags:
        yield from (f"                {spec} \\" for spec in _specs(flag))
    yield f"                {_positional(subcommand)}"
    yield "            ;;"


def _specs(flag: FlagSpec) -> Iterator[str]:
    """Yield each spelling of a flag. It excludes the others from being offered again, unless the flag may be repeated."""
    excluded = "*" if flag.is_repeated else f"({' '.join(flag.spellings)})"
    about = re.sub(r"([\[\]:\\])", r"\\\1", flag.about)
    for spelling in flag.spellings:
        equals = "=" if flag.takes is not ValueKind.NOTHING and spelling.startswith("--") else ""
        yield _quoted(f"{excluded}{spelling}{equals}[{about}]{_value(flag)}")


def _value(flag: FlagSpec) -> str:
    if flag.takes is ValueKind.NOTHING:
        return ""
    colons = "::" if flag.value_is_optional else ":"
    return f"{colons}{flag.metavar.replace(':', ' ')}:{_action(flag.takes, flag.choices)}"


def _action(takes: ValueKind, choices: Sequence[str]) -> str:
    match takes:
        case ValueKind.CHOICE:
            return f"({' '.join(choices)})"
        case ValueKind.FILE:
            return "_files"
        case ValueKind.DIRECTORY:
            return "_files -/"
        case _:
            return " "


def _positional(subcommand: SubcommandSpec) -> str:
    if subcommand.takes_command:
        return "'1:command:(--)'"
    return _quoted(f"*:word:{_action(subcommand.positional, subcommand.choices)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
