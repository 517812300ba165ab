"""Restart loops: a program that writes a file which counts restarts itself for ever. Who wrote it is not seen, so it is judged.

A program writes at the same moment of each of its runs, a person does not: ten restarts in a row by the same file, all within a
minute and all half a second about the same age of the run, are its own doing. Ten saves of a person who works hard are spread
over several seconds of the runs' lives. Where the agent has reported that the run wrote the file, its moment does not matter.

A script that writes on and on is as even as a program. So before a file is suspended for its evenness there is a trial: nothing
runs for a while, and who writes the file then is not the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: So many restarts in a row by the same file …
MIN_RESTARTS = 10
#: … within so many seconds …
WINDOW = 60.0
#: … make a loop, if the moments at which the runs were overtaken differ by no more seconds than this …
MAX_SPREAD = 0.5
#: … and this share of the earliest: what starts slowly does not start evenly.
SPREAD_SHARE = 0.1
#: A trial takes at least so many seconds, and ``MAX_SPREAD`` longer than any of the runs took to come to the change.
MIN_TRIAL = 1.0


@dataclass(frozen=True, slots=True)
class FileRestart:
    """One restart by files, at ``moment``: how old the run before it was, in seconds, when each of them was seen to change.

    None instead of an age: the run has reported that it wrote the file.
    """

    moment: float
    ages: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """For so many seconds nothing is to run, so that it shows whether somebody else writes one of the ``suspects``."""

    suspects: frozenset[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class RestartLoops:
    """What is known of loops: the last restarts by files, and the ``suspended`` files, whose changes count no more."""

    restarts: tuple[FileRestart, ...] = ()
    suspended: frozenset[str] = frozenset()

    def with_restart(self, restart: FileRestart) -> RestartLoops:
        """What is known after one more restart. A file that has made a loop by now is suspended."""
        restarts = (*self.restarts, restart)[-MIN_RESTARTS:]
        return RestartLoops(restarts, self.suspended.union(_looping(restarts)))

    def trial_before(self, restart: FileRestart) -> Trial | None:
        """What is to be found out before ``restart``, or None if it would suspend nothing for its evenness alone."""
        restarts = (*self.restarts, restart)[-MIN_RESTARTS:]
        ages = {path: _ages(path, restarts) for path in _looping(restarts) if path not in self.suspended}
        suspects = {path: max(known) for path, known in ages.items() if known}
        if not suspects:
            return None
        return Trial(frozenset(suspects), max(MIN_TRIAL, max(suspects.values()) + MAX_SPREAD))

    def reset(self) -> RestartLoops:
        """Somebody wants to start afresh: every file counts again."""
        return RestartLoops()

    def note_external_activity(self) -> RestartLoops:
        """Somebody outside acts in step with the runs, so that their evenness says nothing. What is suspended stays so."""
        return RestartLoops((), self.suspended)


def _looping(restarts: tuple[FileRestart, ...]) -> list[str]:
    """The files behind each of these restarts, if there are enough of them, close enough together."""
    if len(restarts) < MIN_RESTARTS or restarts[-1].moment - restarts[0].moment > WINDOW:
        return []
    return [path for path in restarts[-1].ages if _is_written_by_the_runs(path, restarts)]


def _is_written_by_the_runs(path: str, restarts: tuple[FileRestart, ...]) -> bool:
    if not all(path in restart.ages for restart in restarts):
        return False
    ages = _ages(path, restarts)
    return not ages or max(ages) - min(ages) <= MAX_SPREAD + SPREAD_SHARE * min(ages)


def _ages(path: str, restarts: tuple[FileRestart, ...]) -> list[float]:
    """Those that are known of a file that is behind each of ``restarts``."""
    return [age for restart in restarts if (age := restart.ages[path]) is not None]
