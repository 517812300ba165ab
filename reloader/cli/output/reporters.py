"""Who is told in a session: the console, and what the plan asks for beside it. Each gets every notice, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reloader.cli.output.console import Console
from reloader.cli.output.log_file import LogFile
from reloader.cli.output.notifications import Attention
from reloader.cli.output.screen import ClearedScreen
from reloader.core.notices import Notice
from reloader.core.settings import TellingPolicy
from reloader.interfaces import Reporter


class Several:
    def __init__(self, reporters: tuple[Reporter, ...]) -> None:
        self._reporters = reporters

    def tell(self, notice: Notice) -> None:
        for reporter in self._reporters:
            reporter.tell(notice)


def reporter_for(policy: TellingPolicy, console: Console, environ: Mapping[str, str]) -> Reporter:
    """Raises ConfigError if the log cannot be written."""
    if policy.timestamps:
        console.show_times()
    reporters = tuple(_reporters(policy, console, environ))
    return reporters[0] if len(reporters) == 1 else Several(reporters)


def _reporters(policy: TellingPolicy, console: Console, environ: Mapping[str, str]) -> Iterator[Reporter]:
    is_screen = console.is_screen and environ.get("TERM") != "dumb"
    yield ClearedScreen(console) if policy.clear and is_screen else console
    if policy.log_file is not None:
        yield LogFile(policy.log_file, as_json=console.writes_json)
    if (policy.bell or policy.notify) and is_screen:
        yield Attention(console.write, environ, has_bell=policy.bell, notifies=policy.notify)
