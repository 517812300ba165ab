"""Calls the user who looks elsewhere: by the terminal's bell, and by a notification that the terminal shows.

Whether a window is in front only its terminal knows, so it is asked to notify by an escape sequence: that reaches the
desktop through ssh, containers and tmux, too, where a library of ours would talk to the wrong desktop or to none.
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

_LONGEST = 200
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
    """Hears the same notices as the console. ``write`` writes to the terminal."""

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
                self._ended = notice  # whether that was an end, or asks for the next run, the next notice says
            case WaitingForChangeNotice() | FinishedNotice():
                self._call_for_end()
            case BackingOffNotice(failures=1):
                self._call_for_end()
            case _ if notice.level is Level.ERROR:
                self._call(message(notice))

    def _call_for_end(self) -> None:
        if self._ended is not None:
            self._call(message(self._ended))
            self._ended = None

    def _call(self, text: str) -> None:
        notification = notification_of(text, self._environ) if self._notifies else None
        self._write((notification or "") + (BELL if self._has_bell or (self._notifies and not notification) else ""))


def notification_of(text: str, environ: Mapping[str, str]) -> str | None:
    """What makes the terminal of ``environ`` notify, or None if it is not known to be able to."""
    protocol = _protocol(environ)
    if protocol is None:
        return None
    body = text.replace(";", ",") if protocol == "777" else text  # there it parts the title from the text
    sequence = _sequence(protocol, body[:_LONGEST])
    if environ.get("TMUX"):  # it hands on what is wrapped so, if it is allowed to
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
