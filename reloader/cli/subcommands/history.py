"""``reloader history``: the last runs of this project, whether a session is running or not."""

from __future__ import annotations

import os

from reloader.cli.session_client import project_locations, show
from reloader.cli.subcommand import Flag, Subcommand
from reloader.config.arguments import Arguments

DEFAULT_COUNT = 20


def perform(arguments: Arguments) -> int:
    from reloader.app.client import past_runs
    from reloader.errors import ConfigError

    last = str(arguments.options.get("last", DEFAULT_COUNT))
    if not last.isdecimal() or int(last) == 0:
        raise ConfigError([f'--last: "{last}" is not a number of runs. Write, for example, --last 50'])
    runs = past_runs(project_locations(arguments, os.environ))
    show(arguments, *runs[-int(last) :])
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=("config", "json"),
    flags=(Flag("last", "Show this many runs. Default: 20.", metavar="NUMBER"),),
    details="""
Shows each run with its start, its reason and the first of the files that caused it, the time until it was ready, how
long it ran, and how it ended: the exit code, or how long the stop took. The newest run is the last line. No session has
to be running. Without a history, nothing is shown.

Each project has one history file, which keeps a few thousand runs and which only you can read. It is in
$XDG_STATE_HOME/reloader/history (by default in ~/.local/state, ~/Library/Application Support or %LOCALAPPDATA%).
""",
    examples=("reloader history", "reloader history --last 100 --json"),
)
