"""Restart loops: a program that writes a watched file restarts itself for ever. The writer is unknown, so it is inferred.

A program writes at the same age of each of its runs, a person does not. Ten restarts in a row by one file are a loop. All must
come within a minute, and the ages of the runs may differ by half a second at most. Ten saves of a person who works fast
are spread over several seconds of the runs' lives. If the agent reported that the run wrote the file, the age does not matter.

A script that writes again and again is as periodic as a program. So before a file is suspended for its periodicity there is a
trial: nothing runs for a while. If the file is written during that time, something else writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: This number of restarts in a row by the same file …
MIN_RESTARTS = 10
#: … within this many seconds …
WINDOW = 60.0
#: … makes a loop, if the ages of the runs at the change differ by at most this many seconds …
MAX_SPREAD = 0.5
#: … plus this share of the lowest age: the start of a slow program varies more.
SPREAD_SHARE = 0.1
#: Seconds that a trial takes at least. It takes ``MAX_SPREAD`` longer than the highest age at a change.
MIN_TRIAL = 1.0


@dataclass(frozen=True, slots=True)
class FileRestart:
    """One restart by files, at ``moment``, with the age of the run in seconds when each file changed.

    The age is None if the agent reported that the run wrote the file.
    """

    moment: float
    ages: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """Nothing runs for ``seconds``, to find out if something else writes one of the ``suspects``."""

    suspects: frozenset[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class RestartLoops:
    """The last restarts by files, and the ``suspended`` files, whose changes are ignored."""

    restarts: tuple[FileRestart, ...] = ()
    suspended: frozenset[str] = frozenset()

    def with_restart(self, restart: FileRestart) -> RestartLoops:
        """Return the value after one more restart. A file that now makes a loop is suspended."""
        restarts = (*self.restarts, restart)[-MIN_RESTARTS:]
        return RestartLoops(restarts, self.suspended.union(_looping(restarts)))

    def trial_before(self, restart: FileRestart) -> Trial | None:
        """Return the trial that must come before ``restart``, or None if no file would be suspended for periodicity alone."""
        restarts = (*self.restarts, restart)[-MIN_RESTARTS:]
        ages = {path: _ages(path, restarts) for path in _looping(restarts) if path not in self.suspended}
        suspects = {path: max(known) for path, known in ages.items() if known}
        if not suspects:
            return None
        return Trial(frozenset(suspects), max(MIN_TRIAL, max(suspects.values()) + MAX_SPREAD))

    def reset(self) -> RestartLoops:
        """Forget all restarts and suspended files: the user wants to start afresh."""
        return RestartLoops()

    def note_external_activity(self) -> RestartLoops:
        """Forget the restarts: something outside acts in step with the runs, so periodicity proves nothing.

        Suspended files stay suspended.
        """
        return RestartLoops((), self.suspended)


def _looping(restarts: tuple[FileRestart, ...]) -> list[str]:
    """Return the files that caused each of these restarts, if there are enough of them, close enough together."""
    if len(restarts) < MIN_RESTARTS or restarts[-1].moment - restarts[0].moment > WINDOW:
        return []
    return [path for path in restarts[-1].ages if _is_written_by_the_runs(path, restarts)]


def _is_written_by_the_runs(path: str, restarts: tuple[FileRestart, ...]) -> bool:
    if not all(path in restart.ages for restart in restarts):
        return False
    ages = _ages(path, restarts)
    return not ages or max(ages) - min(ages) <= MAX_SPREAD + SPREAD_SHARE * min(ages)


def _ages(path: str, restarts: tuple[FileRestart, ...]) -> list[float]:
    """Return the known ages for a file that caused each of ``restarts``."""
    return [age for restart in restarts if (age := restart.ages[path]) is not None]
