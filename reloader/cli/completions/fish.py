"""For fish 3 and later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reloader.cli.completions.spec import FlagSpec, SubcommandSpec, ValueKind

_FRAME = """\
# Completions of reloader for fish, written by: reloader completions fish
function __reloader_subcommand
    set -l words (commandline -opc)
    if set -q words[2]; and contains -- $words[2] %(names)s
        echo $words[2]
    else
        echo %(default)s
    end
end
function __reloader_of
    not __reloader_has_dashes; and contains -- (__reloader_subcommand) $argv
end
function __reloader_has_dashes
    contains -- -- (commandline -opc)
end
function __reloader_is_first
    test (count (commandline -opc)) -eq 1
end
function __reloader_command
    set -l words (commandline -opc)
    set -l here (contains -i -- -- $words)
    set -l rest (string escape -- $words[(math $here + 1)..-1])
    complete -C (string join ' ' -- $rest (commandline -ct))
end
complete -c reloader -e
complete -c reloader -n __reloader_has_dashes -f -a '(__reloader_command)'
%(lines)s
"""


def script(subcommands: Sequence[SubcommandSpec], default: str) -> str:
    return _FRAME % {
        "default": default,
        "names": " ".join(subcommand.name for subcommand in subcommands),
        "lines": "\n".join((*_subcommands(subcommands), *_flags(subcommands), *_positionals(subcommands))),
    }


def _subcommands(subcommands: Sequence[SubcommandSpec]) -> Iterator[str]:
    for subcommand in subcommands:
        yield f"complete -c reloader -n __reloader_is_first -f -a {subcommand.name} -d {_quoted(subcommand.about)}"


def _flags(subcommands: Sequence[SubcommandSpec]) -> Iterator[str]:
    """Yield a line for each flag, with all subcommands that take it."""
    takers: dict[FlagSpec, list[str]] = {}
    for subcommand in subcommands:
        for flag in subcommand.flags:
            takers.setdefault(flag, []).append(subcommand.name)
    for flag, names in takers.items():
        condition = _quoted(f"__reloader_of {' '.join(names)}")
        spelled = " ".join(_spelled(spelling) for spelling in flag.spellings)
        yield f"complete -c reloader -n {condition} {spelled}{_value(flag)} -d {_quoted(flag.about)}"


def _spelled(spelling: str) -> str:
    return f"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}"


def _value(flag: FlagSpec) -> str:
    match flag.takes:
        case ValueKind.CHOICE:
            return f" -x -a {_quoted(' '.join(flag.choices))}"
        case ValueKind.FILE:
            return " -r -F"
        case ValueKind.DIRECTORY:
            return " -x -a '(__fish_complete_directories)'"
        case ValueKind.TEXT if flag.needs_value:
            return " -x"
        case _:
            return ""


def _positionals(subcommands: Sequence[SubcommandSpec]) -> Iterator[str]:
    for subcommand in subcommands:
        condition = f"complete -c reloader -n {_quoted(f'__reloader_of {subcommand.name}')}"
        if subcommand.choices:
            yield f"{condition} -f -a {_quoted(' '.join(subcommand.choices))}"
        elif subcommand.takes_command:
            yield f"{condition} -f -a -- -d 'The command follows'"
        else:
            yield condition + (" -F" if subcommand.positional is ValueKind.FILE else " -f")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
