"""For zsh, by its own ``_arguments``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reloader.cli.completions.spec import FlagWord, Takes, VerbWord

_FRAME = """\
#compdef reloader
# Completions of reloader for zsh, written by: reloader completions zsh
_reloader() {
    local verb=%(default)s
    local -i dashes=${words[(i)--]}
    local -a verbs
    verbs=(
%(verbs)s
    )
    if (( dashes < CURRENT )); then
        # What follows is a command: its own completions.
        shift $dashes words
        (( CURRENT -= dashes ))
        _normal
        return
    fi
    if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
        _describe -t verbs verb verbs
        return
    fi
    case ${words[2]} in
        %(names)s)
            verb=${words[2]}
            if (( CURRENT > 2 )); then
                shift words
                (( CURRENT -= 1 ))
            fi
            ;;
    esac
    case $verb in
%(cases)s
    esac
}
if [[ ${funcstack[1]} == _reloader ]]; then
    _reloader "$@"  # found by fpath
else
    compdef _reloader reloader  # read by a start-up file
fi
"""


def script(verbs: Sequence[VerbWord], default: str) -> str:
    return _FRAME % {
        "default": default,
        "names": "|".join(verb.name for verb in verbs),
        "verbs": "\n".join(f"        {_quoted(f'{verb.name}:{verb.about}')}" for verb in verbs),
        "cases": "\n".join(line for verb in verbs for line in _case(verb)),
    }


def _case(verb: VerbWord) -> Iterator[str]:
    yield f"        {verb.name})"
    yield "            _arguments -s \\"
    for flag in verb.flags:
        yield from (f"                {spec} \\" for spec in _specs(flag))
    yield f"                {_operand(verb)}"
    yield "            ;;"


def _specs(flag: FlagWord) -> Iterator[str]:
    """A spelling is not offered again beside its twin, unless it may be repeated."""
    excluded = "*" if flag.is_repeated else f"({' '.join(flag.spellings)})"
    about = re.sub(r"([\[\]:\\])", r"\\\1", flag.about)
    for spelling in flag.spellings:
        equals = "=" if flag.takes is not Takes.NOTHING and spelling.startswith("--") else ""
        yield _quoted(f"{excluded}{spelling}{equals}[{about}]{_value(flag)}")


def _value(flag: FlagWord) -> str:
    if flag.takes is Takes.NOTHING:
        return ""
    colons = "::" if flag.may_lack else ":"
    return f"{colons}{flag.metavar.replace(':', ' ')}:{_action(flag.takes, flag.choices)}"


def _action(takes: Takes, choices: Sequence[str]) -> str:
    match takes:
        case Takes.CHOICE:
            return f"({' '.join(choices)})"
        case Takes.FILE:
            return "_files"
        case Takes.DIRECTORY:
            return "_files -/"
        case _:
            return " "


def _operand(verb: VerbWord) -> str:
    if verb.takes_command:
        return "'1:command:(--)'"
    return _quoted(f"*:word:{_action(verb.operand, verb.choices)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
