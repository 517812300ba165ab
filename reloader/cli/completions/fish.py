"""For fish 3 and later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reloader.cli.completions.spec import FlagSpec, SubcommandSpec, ValueKind

_FRAME = """\
# Completions of reloader for fish, written by: reloader completions fish
function __reloader_verb
    set -l words (commandline -opc)
    if set -q words[2]; and contains -- $words[2] %(names)s
        echo $words[2]
    else
        echo %(default)s
    end
end
function __reloader_of
    not __reloader_has_dashes; and contains -- (__reloader_verb) $argv
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


def script(verbs: Sequence[SubcommandSpec], default: str) -> str:
    return _FRAME % {
        "default": default,
        "names": " ".join(verb.name for verb in verbs),
        "lines": "\n".join((*_verbs(verbs), *_flags(verbs), *_operands(verbs))),
    }


def _verbs(verbs: Sequence[SubcommandSpec]) -> Iterator[str]:
    for verb in verbs:
        yield f"complete -c reloader -n __reloader_is_first -f -a {verb.name} -d {_quoted(verb.about)}"


def _flags(verbs: Sequence[SubcommandSpec]) -> Iterator[str]:
    """A flag that several verbs take stands there once."""
    takers: dict[FlagSpec, list[str]] = {}
    for verb in verbs:
        for flag in verb.flags:
            takers.setdefault(flag, []).append(verb.name)
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


def _operands(verbs: Sequence[SubcommandSpec]) -> Iterator[str]:
    for verb in verbs:
        of_verb = f"complete -c reloader -n {_quoted(f'__reloader_of {verb.name}')}"
        if verb.choices:
            yield f"{of_verb} -f -a {_quoted(' '.join(verb.choices))}"
        elif verb.takes_command:
            yield f"{of_verb} -f -a -- -d 'The command follows'"
        else:
            yield of_verb + (" -F" if verb.operand is ValueKind.FILE else " -f")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
