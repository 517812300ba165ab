"""``reloader history``: the last runs of this project, whether one goes on or not."""

from __future__ import annotations

import os

from reloader.cli.asking import projects_of_here, show
from reloader.cli.subcommand import Flag, Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments

USUAL = 20


def perform(arguments: Arguments) -> int:
    from reloader.app.client import past_runs
    from reloader.errors import ConfigError

    last = str(arguments.options.get("last", USUAL))
    if not last.isdecimal() or int(last) == 0:
        raise ConfigError([f'--last: "{last}" is not a number of runs: write, for example, --last 50'])
    runs = past_runs(projects_of_here(arguments, os.environ))
    show(arguments, *runs[-int(last) :])
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "json"),
    flags=(Flag("last", "Show so many runs; 20 if not set.", metavar="NUMBER"),),
    details="""
Each run with its moment, its reason and the first of the files that led to it, the time until it was ready, how long
it lived, and how it ended: by which code, or how long its stop took. The newest is the last. No session has to run;
where there is no history yet, nothing is shown.

The history is a file of this user for each project, some thousand runs long, in $XDG_STATE_HOME/reloader/history
(else ~/.local/state, ~/Library/Application Support or %LOCALAPPDATA%).
""",
    examples=("reloader history", "reloader history --last 100 --json"),
)
