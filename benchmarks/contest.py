"""Starts one tool in one project, and measures it with all processes that it has started."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.findings import Pairs
from benchmarks.processes import Usage, usage
from benchmarks.sessions import Session, bare_start, clean_environment, pause, running
from benchmarks.tools import EDITED, Tool, say
from benchmarks.watchman import Watchman, private_watchman

#: Seconds after which an edit counts as missed.
PATIENCE = 12.0
LONGEST_START = 30.0
#: Seconds between two measurements; edits come at any phase of a poll.
PAUSE = (0.2, 0.9)
#: A tool is at rest when it has used less than this share of a core for so many seconds. Some never are.
AT_REST, LOOK = 0.03, 0.7
LONGEST_UNREST = 15.0


class Refused(Exception):
    """The tool ended before it had started the program."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A running tool. ``daemons`` are processes that serve it alone but that it has not started."""

    tool: Tool
    project: Path
    session: Session
    daemons: tuple[int, ...]

    @property
    def pids(self) -> list[int]:
        return [*self.session.pids, *self.daemons]

    def used(self) -> Usage:
        return usage(self.pids)

    def expect(self, line: str) -> float:
        """Return the seconds from the start of the tool to the program's line. Raise Refused."""
        moment = self.session.moment_of(line, within=LONGEST_START)
        if moment is None:
            raise Refused(self.session.last_words())
        return moment - self.session.started

    def measure_pair(self, pairs: Pairs, number: int) -> None:
        """Measure a bare start, then an edit."""
        line = f"edit {number}"
        bare = bare_start_of(self.tool, self.project)
        before = time.perf_counter()
        say(self.project, line, number)
        moment = self.session.moment_of(line, within=PATIENCE)
        if moment is None:
            pairs.missed += 1
        else:
            pairs.bare.append(bare)
            pairs.edits.append(moment - before)

    def come_to_rest(self) -> None:
        limit, rested = time.monotonic() + LONGEST_UNREST, self.used()
        while time.monotonic() < limit:
            pause(LOOK)
            before, rested = rested, self.used()
            if rested.since(before).processor < AT_REST * LOOK:
                return


@contextmanager
def contestant(tool: Tool, project: Path, watchman: Watchman | None = None) -> Iterator[Contestant]:
    """Start the tool, and before it a Watchman if it uses one and is not given one. Raise Refused."""
    with ExitStack() as resources:
        if tool.uses_watchman and watchman is None:
            watchman = resources.enter_context(watchman_for(tool))
        additions = {} if watchman is None else {"WATCHMAN_SOCK": watchman.address}
        environment = clean_environment(**tool.environment, **additions)
        session = resources.enter_context(
            running(tool.argv, cwd=project, environment=environment, polite=tool.stop_signal)
        )
        yield Contestant(tool, project, session, () if watchman is None else (watchman.pid,))


@contextmanager
def watchman_for(tool: Tool) -> Iterator[Watchman | None]:
    """Start a Watchman for the tool, if it uses one. Raise Refused."""
    if not tool.uses_watchman:
        yield None
    elif shutil.which("watchman") is None:
        raise Refused("the program watchman is not installed")
    else:
        with private_watchman() as watchman:
            yield watchman


def bare_start_of(tool: Tool, project: Path) -> float:
    """Return the seconds to the line that the program prints at present."""
    line = (project / EDITED).read_text(encoding="utf-8").split('"')[1]
    return bare_start(tool.bare, cwd=project, environment=clean_environment(**tool.environment), line=line)


def pause_a_little() -> None:
    pause(random.uniform(*PAUSE))
