"""The reporters of a session: the console, and those that the settings add. Each gets every notice, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reloader.cli.output.console import Console
from reloader.cli.output.log_file import LogFile
from reloader.cli.output.notifications import Notifier
from reloader.core.notices import Changed, Ended, Launched, Level, Notice
from reloader.core.settings import OutputSettings
from reloader.core.states import FirstStart
from reloader.interfaces import Reporter

CLEAR = "\x1b[H\x1b[2J"
"""Move to the upper left and erase the screen, but not the scrollback."""


class ClearingReporter:
    """A console that clears the screen for a new run, and then repeats the reason for it and the warnings on the way.

    After a change, it clears as soon as nothing runs, because the new command may write before its launch is reported.
    It clears at the launch only if no change led to it, as for a restart that the user requested.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._repeated: list[Notice] = []
        self._is_running = False
        self._is_clear = True

    def report(self, notice: Notice) -> None:
        match notice:
            case Launched(reason=reason):
                self._clear_once(if_so=not isinstance(reason, FirstStart))
                self._is_running = True
                self._is_clear = False
                self._repeated.clear()
            case Changed():
                self._clear_once(if_so=not self._is_running)
                self._repeated.append(notice)
            case Ended(stopped=stopped):
                self._is_running = False
                self._clear_once(if_so=stopped and any(isinstance(one, Changed) for one in self._repeated))
            case _ if notice.level is Level.WARNING:
                self._repeated.append(notice)
        self._console.report(notice)

    def _clear_once(self, *, if_so: bool) -> None:
        if if_so and not self._is_clear:
            self._is_clear = True
            self._console.write(CLEAR)
            for notice in self._repeated:
                self._console.report(notice)


class ReporterGroup:
    """A reporter that passes each notice to several."""

    def __init__(self, reporters: tuple[Reporter, ...]) -> None:
        self._reporters = reporters

    def report(self, notice: Notice) -> None:
        for reporter in self._reporters:
            reporter.report(notice)


def reporter_for(settings: OutputSettings, console: Console, environ: Mapping[str, str]) -> Reporter:
    """Return the reporter for these settings. Raises ConfigError if the log file cannot be written."""
    if settings.timestamps:
        console.show_times()
    reporters = tuple(_reporters(settings, console, environ))
    return reporters[0] if len(reporters) == 1 else ReporterGroup(reporters)


def _reporters(settings: OutputSettings, console: Console, environ: Mapping[str, str]) -> Iterator[Reporter]:
    is_screen = console.is_screen and environ.get("TERM") != "dumb"
    yield ClearingReporter(console) if settings.clear and is_screen else console
    if settings.log_file is not None:
        yield LogFile(settings.log_file, as_json=console.writes_json)
    if (settings.bell or settings.notify) and is_screen:
        yield Notifier(console.write, environ, has_bell=settings.bell, notifies=settings.notify)


class TwoStreams:
    """A reporter that sends changes to one reporter, and everything else to another."""

    def __init__(self, changes: Reporter, rest: Reporter) -> None:
        self._changes = changes
        self._rest = rest

    def report(self, notice: Notice) -> None:
        (self._changes if isinstance(notice, Changed) else self._rest).report(notice)
