"""Notifies the user by the terminal's bell, or by a desktop notification that the terminal shows.

An escape sequence asks the terminal to notify, because only the terminal knows if its window is in front. The sequence also
passes through ssh, containers and tmux, where a notification library would reach the wrong desktop or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reloader.cli.output.messages import message
from reloader.core.notices import (
    BackingOffNotice,
    Ended,
    FinishedNotice,
    Launched,
    Level,
    Notice,
    WaitingForChangeNotice,
)

BELL = "\a"
TITLE = "reloader"

_MAX_LENGTH = 200
_BY_PROGRAM = {"iTerm.app": "9", "WezTerm": "9", "ghostty": "777", "WarpTerminal": "9", "kitty": "99"}
_BY_TERM = {
    "xterm-kitty": "99",
    "foot": "99",
    "foot-extra": "99",
    "xterm-ghostty": "777",
    "rxvt-unicode-256color": "777",
}
_BY_VARIABLE = {"KITTY_WINDOW_ID": "99", "VTE_VERSION": "777", "KONSOLE_VERSION": "777"}


class Notifier:
    """A reporter that notifies of ended runs and of errors. ``write`` writes to the terminal."""

    def __init__(
        self, write: Callable[[str], None], environ: Mapping[str, str], *, has_bell: bool, notifies: bool
    ) -> None:
        self._write = write
        self._environ = environ
        self._has_bell = has_bell
        self._notifies = notifies
        self._ended: Ended | None = None

    def report(self, notice: Notice) -> None:
        match notice:
            case Launched():
                self._ended = None
            case Ended(stopped=False):
                self._ended = notice  # the next notice shows if this is an end or a request for the next run
            case WaitingForChangeNotice() | FinishedNotice():
                self._notify_of_end()
            case BackingOffNotice(failures=1):
                self._notify_of_end()
            case _ if notice.level is Level.ERROR:
                self._notify(message(notice))

    def _notify_of_end(self) -> None:
        if self._ended is not None:
            self._notify(message(self._ended))
            self._ended = None

    def _notify(self, text: str) -> None:
        notification = notification_of(text, self._environ) if self._notifies else None
        self._write((notification or "") + (BELL if self._has_bell or (self._notifies and not notification) else ""))


def notification_of(text: str, environ: Mapping[str, str]) -> str | None:
    """Return the escape sequence for the terminal of ``environ``, or None if it has no known one."""
    protocol = _protocol(environ)
    if protocol is None:
        return None
    body = text.replace(";", ",") if protocol == "777" else text  # there it separates the title from the text
    sequence = _sequence(protocol, body[:_MAX_LENGTH])
    if environ.get("TMUX"):  # tmux passes on what is wrapped like this, with allow-passthrough
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence


def _sequence(protocol: str, body: str) -> str:
    match protocol:
        case "99":
            return f"\x1b]99;i=1:d=0:o=unfocused;{TITLE}\x1b\\\x1b]99;i=1:d=1:p=body;{body}\x1b\\"
        case "777":
            return f"\x1b]777;notify;{TITLE};{body}\x1b\\"
        case _:
            return f"\x1b]9;{TITLE}: {body}\x1b\\"


def _protocol(environ: Mapping[str, str]) -> str | None:
    for names, variable in ((_BY_PROGRAM, "TERM_PROGRAM"), (_BY_TERM, "TERM"), (_BY_PROGRAM, "LC_TERMINAL")):
        found = names.get(environ.get(variable, ""))
        if found is not None:
            return found
    return next((protocol for variable, protocol in _BY_VARIABLE.items() if environ.get(variable)), None)
