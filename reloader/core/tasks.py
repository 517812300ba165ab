"""Commands that are run beside the program: to check what changed, before a start, and when something has happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from reloader.core.changes import ChangeBatch, ChangeKind
from reloader.core.outcome import Outcome
from reloader.core.paths.filters import Patterns

#: In the command of a step: the files that changed, each as a word of its own.
FILES_PLACEHOLDER = "{files}"

#: So many characters of paths are given to one command. Windows takes a command line of 32,767, but cmd, which runs the
#: batch files that npm installs, of 8,191; the others take far more.
MAX_PATHS_LENGTH = 7_000

#: The exit code of what was not done in its time (timeout(1)).
TIMEOUT_EXIT_CODE = 124


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A step took longer than ``seconds``, and was ended."""

    seconds: float

    @property
    def exit_code(self) -> int:
        return TIMEOUT_EXIT_CODE


TaskOutcome = Outcome | TimedOut


@dataclass(frozen=True, slots=True)
class Task:
    """``argv`` may hold FILES. With ``files`` the step is wanted only where one of these patterns matches a change."""

    argv: tuple[str, ...]
    files: tuple[Patterns, ...] = ()

    @property
    def is_unconditional(self) -> bool:
        return not self.files and FILES_PLACEHOLDER not in self.argv

    def is_due_for(self, batch: ChangeBatch, separator: str) -> bool:
        """Whether ``batch`` is a reason to take this step. One that asks for files is not, without any that exists."""
        if FILES_PLACEHOLDER in self.argv:
            return bool(self._existing(batch, separator))
        return any(self._concerns(path, separator) for path in batch.kinds)

    def commands_for(self, batch: ChangeBatch, separator: str) -> tuple[tuple[str, ...], ...]:
        """The command, in which the changed files that exist stand for FILES: several times where they are many.

        None where it asks for files and there are none (``xargs -r``): many a tool means something else without any.
        """
        if FILES_PLACEHOLDER not in self.argv:
            return (self.argv,)
        parts = _parts_of(self._existing(batch, separator), MAX_PATHS_LENGTH // self.argv.count(FILES_PLACEHOLDER))
        return tuple(self._command_with(paths) for paths in parts)

    def _command_with(self, paths: Sequence[str]) -> tuple[str, ...]:
        words = (paths if word == FILES_PLACEHOLDER else (word,) for word in self.argv)
        return tuple(word for some in words for word in some)

    def _existing(self, batch: ChangeBatch, separator: str) -> tuple[str, ...]:
        return tuple(
            change.path
            for change in batch
            if change.kind is not ChangeKind.REMOVED and self._concerns(change.path, separator)
        )

    def _concerns(self, path: str, separator: str) -> bool:
        if not self.files:
            return True
        for patterns in self.files:
            prefix = patterns.base.rstrip(separator) + separator
            if path.startswith(prefix):
                rule = patterns.rule_for(path[len(prefix) :].replace(separator, "/"))
                if rule is not None:
                    return not rule.negates
        return False


def _parts_of(paths: Iterable[str], limit: int) -> list[list[str]]:
    """``paths`` in their order, in parts of at most ``limit`` characters, but for a path that is longer."""
    parts: list[list[str]] = []
    length = limit
    for path in paths:
        cost = len(path) + len('"" ')  # as Windows has it on the command line
        if length + cost > limit:
            parts.append([])
            length = 0
        parts[-1].append(path)
        length += cost
    return parts


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What has to pass before a run is replaced: a check of what changed, then the steps ``before`` a start.

    ``syntax`` says that Python's sources are compiled. A step may take ``timeout`` seconds.
    """

    syntax: bool = False
    check: Task | None = None
    before: tuple[Task, ...] = ()
    timeout: float = 60.0


class HookEvent(Enum):
    """When a hook is run."""

    START = "start"
    READY = "ready"
    CHANGE = "change"
    CRASH = "crash"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ReadyPolicy:
    """What makes a run ready: all of these, and without any that it has lived for a second.

    ``http`` is an address that answers with a status below 400, ``tcp`` a host and port that can be connected to, ``log`` a
    regular expression that a line of the run's output matches, ``exec`` a command that ends with 0.
    """

    http: str | None = None
    tcp: tuple[str, int] | None = None
    log: str | None = None
    exec: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """All that is done beside the program."""

    gate: GatePolicy = field(default_factory=GatePolicy)
    ready: ReadyPolicy = field(default_factory=ReadyPolicy)
    hooks: Mapping[HookEvent, tuple[str, ...]] = field(default_factory=dict)
