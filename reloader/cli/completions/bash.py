"""For bash 3.2 and later, with or without the package bash-completion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reloader.cli.completions.spec import FlagSpec, SubcommandSpec, ValueKind

_FRAME = """\
# Completions of reloader for bash, written by: reloader completions bash
_reloader() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} subcommand=%(default)s i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -- ]] || continue
        # A command follows: use its own completions, if there are any.
        if declare -F _comp_command_offset >/dev/null; then
            _comp_command_offset $((i + 1))
        elif declare -F _command_offset >/dev/null; then
            _command_offset $((i + 1))
        elif ((i + 1 == COMP_CWORD)); then
            COMPREPLY=($(compgen -c -- "$cur"))
        fi
        return
    done
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if ((COMP_CWORD > 1)); then
        case ${COMP_WORDS[1]} in
            %(names)s) subcommand=${COMP_WORDS[1]} ;;
        esac
    elif [[ $cur != -* ]]; then
        COMPREPLY=($(compgen -W "%(subcommands)s" -- "$cur"))
        return
    fi
    case $subcommand:$prev in
%(values)s
    esac
    if [[ $cur != -* ]]; then
        case $subcommand in
%(positionals)s
        esac
        return
    fi
    case $subcommand in
%(flags)s
    esac
}
complete -o bashdefault -o default -F _reloader reloader
"""


def script(subcommands: Sequence[SubcommandSpec], default: str) -> str:
    names = [subcommand.name for subcommand in subcommands]
    return _FRAME % {
        "default": default,
        "names": "|".join(names),
        "subcommands": " ".join(names),
        "values": "\n".join(f"        {line}" for line in _values(subcommands)),
        "positionals": "\n".join(f"            {line}" for line in _positionals(subcommands)),
        "flags": "\n".join(
            f"        {subcommand.name}) {_words(_spellings(subcommand.flags))} ;;" for subcommand in subcommands
        ),
    }


def _spellings(flags: Sequence[FlagSpec]) -> list[str]:
    return [spelling for flag in flags for spelling in flag.spellings]


def _words(words: Sequence[str]) -> str:
    return f'COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$cur"))'


def _values(subcommands: Sequence[SubcommandSpec]) -> Iterator[str]:
    """Yield a case for each flag that needs a value. Where it offers nothing, readline offers files."""
    for subcommand in subcommands:
        for flag in subcommand.flags:
            if flag.needs_value:
                patterns = "|".join(f"{subcommand.name}:{spelling}" for spelling in flag.spellings)
                yield f"{patterns}) {_value(flag)}return ;;"


def _value(flag: FlagSpec) -> str:
    match flag.takes:
        case ValueKind.CHOICE:
            return f"{_words(flag.choices)}; "
        case ValueKind.DIRECTORY:
            return 'COMPREPLY=($(compgen -d -- "$cur")); '
        case _:
            return ""


def _positionals(subcommands: Sequence[SubcommandSpec]) -> Iterator[str]:
    for subcommand in subcommands:
        if subcommand.choices:
            yield f"{subcommand.name}) {_words(subcommand.choices)} ;;"
        elif subcommand.takes_command:
            yield f'{subcommand.name}) [[ -n $cur ]] || COMPREPLY=("--") ;;'
