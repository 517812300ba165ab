"""The manual page, in roff's man macros: made from the same tables as the help, so that neither knows more than the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reloader import __version__
from reloader.cli.help import (
    EXAMPLES,
    GENERAL,
    HELP,
    NOTES,
    Option,
    option_of_key,
    options_of_subcommand,
    paragraphs,
    synopsis,
)
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS, load
from reloader.config.discovery import FILE_NAME
from reloader.config.options import KEYS, Group

_ABOUT = (
    "reloader runs a command, and when a file that it depends on changes, ends the whole of it and runs it anew. What runs "
    "is what is on the disk; nothing of a run is left behind; each restart names its reason. A Python program is watched "
    "by what it imports, any other command by patterns."
)
_CONFIG_FILE = (
    "The config file, in the current directory or above it, up to the root of the project. Its keys are the long flags "
    "without their dashes, with _ for -; those of [python] stand there without python_."
)
_FILES: tuple[Option, ...] = (
    (FILE_NAME, _CONFIG_FILE),
    ("pyproject.toml", "May hold the same below [tool.reloader]."),
)
_ENVIRONMENT: tuple[Option, ...] = (
    ("RELOADER_*", "Every key, in capitals. A flag wins over it, it wins over the file."),
    ("RELOADER_CONFIG", "The config file, as --config names it."),
    ("NO_COLOR, FORCE_COLOR", "Whether what is said is coloured; without them, it is on a terminal."),
)
_EXIT: tuple[Option, ...] = (
    ("the command's", "It ended by itself; 128 + n if signal n ended it."),
    ("2", "The command line or the configuration is wrong."),
    ("126, 127", "The command cannot be run; cannot be found."),
    ("130, 143, 129", "Ctrl-C, SIGTERM or SIGHUP ended reloader, and the command obeyed."),
    ("137", "It had to be ended by force."),
)
_SIGNALS: tuple[Option, ...] = (
    ("SIGINT, SIGTERM, SIGHUP, SIGQUIT", "End the command, then reloader; a second one forces."),
    ("SIGUSR1", "Restarts by hand."),
    ("SIGUSR2", "Is handed on to the command."),
    ("SIGTSTP, SIGCONT", "Stop and continue both."),
)


def manual() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH RELOADER 1 "" "reloader {__version__}" "User Commands"'
    yield from (".SH NAME", "reloader \\- run a command and restart it when its files change")
    yield from (".SH SYNOPSIS", ".nf", *map(_text, _synopses()), ".fi")
    yield from (".SH DESCRIPTION", _text(_ABOUT))
    yield from _section("VERBS", _subcommands())
    yield from (".SH OPTIONS",)
    for group in Group:
        options = [option_of_key(key) for key in KEYS.values() if key.group is group]
        yield from (f".SS {_text(group.value)}", *_terms(options))
    yield from (".SS General", *_terms(GENERAL.values()))
    for note in NOTES.strip().split("\n\n"):
        yield from (".PP", _text(" ".join(note.split())))
    for title, terms in (
        ("FILES", _FILES), ("ENVIRONMENT", _ENVIRONMENT), ("EXIT STATUS", _EXIT), ("SIGNALS", _SIGNALS),
    ):  # fmt: skip
        yield from _section(title, _terms(terms))
    yield from (".SH EXAMPLES", ".nf", *(_text(line.strip()) for line in EXAMPLES.splitlines()[1:]), ".fi")


def _synopses() -> Iterator[str]:
    yield "reloader [OPTIONS] -- COMMAND..."
    yield "reloader [OPTIONS]"
    yield from (synopsis(name, load(name)) for name in SUBCOMMANDS if name != DEFAULT)


def _subcommands() -> Iterator[str]:
    """Each with its own flags; those that it shares stand under OPTIONS."""
    shared = {*GENERAL.values(), HELP}
    for name, about in SUBCOMMANDS.items():
        subcommand = load(name)
        yield from (f".SS {_text(synopsis(name, subcommand))}", _text(about))
        for paragraph in paragraphs(subcommand):
            yield from (".PP", _text(paragraph))
        yield from _terms(option for option in options_of_subcommand(subcommand) if option not in shared)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}"
    yield from lines


def _terms(options: Iterable[Option]) -> Iterator[str]:
    for spelling, about in options:
        yield from (".TP", f".B {_text(spelling)}", _text(about))


def _text(text: str) -> str:
    """No word of ``text`` is taken for roff's own: not a backslash, a dash, a quote, nor a dot in front."""
    escaped = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace('"', "\\(dq")
    )
    escaped = escaped.replace("~", "\\(ti").replace("^", "\\(ha")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
