"""The manual page in roff's man macros, made from the same tables as the help."""

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
    "reloader runs a command. When a file that the command depends on changes, it stops the command with all its processes "
    "and starts it again. Each restart names its reason. For a Python program, it watches what the program imports; for any "
    "other command, it watches files by patterns."
)
_CONFIG_FILE = (
    "The config file, in the current directory or above it, up to the root of the project. Its keys are the long flags "
    "without their dashes, with _ for -. The table [python] holds the keys that begin with python_, without that prefix."
)
_FILES: tuple[Option, ...] = (
    (FILE_NAME, _CONFIG_FILE),
    ("pyproject.toml", "May hold the same keys in [tool.reloader]."),
)
_ENVIRONMENT: tuple[Option, ...] = (
    ("RELOADER_*", "Every key, in capitals. A flag wins over the variable, the variable over the file."),
    ("RELOADER_CONFIG", "The config file, as with --config."),
    ("NO_COLOR, FORCE_COLOR", "Disable or force colours. By default, a terminal gets colours."),
)
_EXIT: tuple[Option, ...] = (
    ("the command's", "The command ended by itself; 128 + n if signal n ended it."),
    ("2", "The command line or the configuration is wrong."),
    ("126, 127", "The command cannot be run (126) or was not found (127)."),
    ("130, 143, 129", "Ctrl-C, SIGTERM or SIGHUP ended reloader, and the command stopped in time."),
    ("137", "The command had to be killed."),
)
_SIGNALS: tuple[Option, ...] = (
    ("SIGINT, SIGTERM, SIGHUP, SIGQUIT", "Stop the command, then reloader. A second signal kills the command."),
    ("SIGUSR1", "Restarts the command."),
    ("SIGUSR2", "Is forwarded to the command."),
    ("SIGTSTP, SIGCONT", "Suspend and continue both."),
)


def manual() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH RELOADER 1 "" "reloader {__version__}" "User Commands"'
    yield from (".SH NAME", "reloader \\- run a command and restart it when its files change")
    yield from (".SH SYNOPSIS", ".nf", *map(_text, _synopses()), ".fi")
    yield from (".SH DESCRIPTION", _text(_ABOUT))
    yield from _section("SUBCOMMANDS", _subcommands())
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
    """Yield each with its own flags. The shared flags are under OPTIONS."""
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
    """Escape what roff would interpret: backslashes, dashes, quotes, and a dot at the start."""
    escaped = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace('"', "\\(dq")
    )
    escaped = escaped.replace("~", "\\(ti").replace("^", "\\(ha")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
