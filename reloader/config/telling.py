"""How the user is told, resolved; and that the file in which it is logged restarts nothing."""

from __future__ import annotations

from collections.abc import Iterator

from reloader.config.model import Config
from reloader.config.patterns import Ground
from reloader.core.paths.filters import Rule
from reloader.core.paths.ignore_line import ignore_pattern
from reloader.core.settings import TellingPolicy

KEPT = ".1"
"""What is behind the name of the file that holds the older half of the log."""


def telling(config: Config, ground: Ground) -> TellingPolicy:
    return TellingPolicy(
        clear=config.clear,
        bell=config.bell,
        notify=config.notify,
        timestamps=config.timestamps,
        log_file=None if config.log_file is None else ground.absolute(config.log_file),
    )


def rules_for_log(config: Config, source: str, ground: Ground) -> Iterator[Rule]:
    """We write it at each restart, so a log that counts would be a loop."""
    log = telling(config, ground).log_file
    if log is not None and ground.holds(ground.base, log):
        yield from (Rule(ignore_pattern(path, ground.base, ground.paths.sep), source) for path in (log, log + KEPT))
