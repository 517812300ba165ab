"""Who is told in a session: the console, and what the plan asks for beside it. Each gets every notice, in the same order."""

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
"""To the upper left, and erase the screen. What was scrolled away stays."""


class ClearingReporter:
    """A console that keeps what is needed to understand the new run: why it is started, and what was wrong on the way.

    A change clears as soon as nothing runs: once a launch is told of, its command may have written already. So only what no
    change leads to (a restart by hand) clears then.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._kept: list[Notice] = []
        self._runs = False
        self._is_clear = True

    def report(self, notice: Notice) -> None:
        match notice:
            case Launched(reason=reason):
                self._clear_once(if_so=not isinstance(reason, FirstStart))
                self._runs = True
                self._is_clear = False
                self._kept.clear()
            case Changed():
                self._clear_once(if_so=not self._runs)
                self._kept.append(notice)
            case Ended(stopped=stopped):
                self._runs = False
                self._clear_once(if_so=stopped and any(isinstance(one, Changed) for one in self._kept))
            case _ if notice.level is Level.WARNING:
                self._kept.append(notice)
        self._console.report(notice)

    def _clear_once(self, *, if_so: bool) -> None:
        if if_so and not self._is_clear:
            self._is_clear = True
            self._console.write(CLEAR)
            for notice in self._kept:
                self._console.report(notice)


class ReporterGroup:
    def __init__(self, reporters: tuple[Reporter, ...]) -> None:
        self._reporters = reporters

    def report(self, notice: Notice) -> None:
        for reporter in self._reporters:
            reporter.report(notice)


def reporter_for(policy: OutputSettings, console: Console, environ: Mapping[str, str]) -> Reporter:
    """Raises ConfigError if the log cannot be written."""
    if policy.timestamps:
        console.show_times()
    reporters = tuple(_reporters(policy, console, environ))
    return reporters[0] if len(reporters) == 1 else ReporterGroup(reporters)


def _reporters(policy: OutputSettings, console: Console, environ: Mapping[str, str]) -> Iterator[Reporter]:
    is_screen = console.is_screen and environ.get("TERM") != "dumb"
    yield ClearingReporter(console) if policy.clear and is_screen else console
    if policy.log_file is not None:
        yield LogFile(policy.log_file, as_json=console.writes_json)
    if (policy.bell or policy.notify) and is_screen:
        yield Notifier(console.write, environ, has_bell=policy.bell, notifies=policy.notify)


class TwoStreams:
    def __init__(self, changes: Reporter, rest: Reporter) -> None:
        self._changes = changes
        self._rest = rest

    def report(self, notice: Notice) -> None:
        (self._changes if isinstance(notice, Changed) else self._rest).report(notice)
