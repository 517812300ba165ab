"""Commands that run beside the program: checks, pre-start commands, probes and hooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from reloader.core.changes import ChangeBatch, ChangeKind
from reloader.core.outcome import Outcome
from reloader.core.paths.containment import relative_to
from reloader.core.paths.filters import Patterns
from reloader.core.settings_diff import LIVE

#: In the command of a task: the files that changed, each as one argument.
FILES_PLACEHOLDER = "{files}"

#: The characters of paths that one command gets at most. Windows takes command lines of 32,767 characters, but cmd, which
#: runs the batch files that npm installs, of 8,191. Other systems take far more.
MAX_PATHS_LENGTH = 7_000

#: The exit code of a task that took too long, as that of timeout(1).
TIMEOUT_EXIT_CODE = 124


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A task took longer than ``seconds`` and was killed."""

    seconds: float

    @property
    def exit_code(self) -> int:
        return TIMEOUT_EXIT_CODE


TaskOutcome = Outcome | TimedOut


@dataclass(frozen=True, slots=True)
class Task:
    """A check or a pre-start command. ``argv`` may hold FILES_PLACEHOLDER.

    With ``files`` the task runs only for changes that one of these patterns matches.
    """

    argv: tuple[str, ...]
    files: tuple[Patterns, ...] = ()

    @property
    def is_unconditional(self) -> bool:
        return not self.files and FILES_PLACEHOLDER not in self.argv

    def is_due_for(self, batch: ChangeBatch, separator: str) -> bool:
        """Return True if the task must run after ``batch``. A task with the placeholder needs a changed file that exists."""
        if FILES_PLACEHOLDER in self.argv:
            return bool(self._existing(batch, separator))
        return any(self._matches(path, separator) for path in batch.kinds)

    def commands_for(self, batch: ChangeBatch, separator: str) -> tuple[tuple[str, ...], ...]:
        """Return the command with the changed files that exist in place of the placeholder.

        Many files are spread over several commands. Without any file there is no command (``xargs -r``), because many tools do
        something else without arguments.
        """
        if FILES_PLACEHOLDER not in self.argv:
            return (self.argv,)
        parts = _split(self._existing(batch, separator), MAX_PATHS_LENGTH // self.argv.count(FILES_PLACEHOLDER))
        return tuple(self._command_with(paths) for paths in parts)

    def _command_with(self, paths: Sequence[str]) -> tuple[str, ...]:
        words = (paths if word == FILES_PLACEHOLDER else (word,) for word in self.argv)
        return tuple(word for part in words for word in part)

    def _existing(self, batch: ChangeBatch, separator: str) -> tuple[str, ...]:
        return tuple(
            change.path
            for change in batch
            if change.kind is not ChangeKind.REMOVED and self._matches(change.path, separator)
        )

    def _matches(self, path: str, separator: str) -> bool:
        if not self.files:
            return True
        for patterns in self.files:
            relative = relative_to(path, patterns.base, separator)
            rule = patterns.rule_for(relative.replace(separator, "/")) if relative is not None else None
            if rule is not None:
                return not rule.negates
        return False


def _split(paths: Iterable[str], limit: int) -> list[list[str]]:
    """Split ``paths`` into parts of at most ``limit`` characters. A longer path gets a part of its own."""
    parts: list[list[str]] = []
    length = limit
    for path in paths:
        cost = len(path) + len('"" ')  # as it is quoted on a command line of Windows
        if length + cost > limit:
            parts.append([])
            length = 0
        parts[-1].append(path)
        length += cost
    return parts


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The tasks that must pass before a run is replaced: a check of the changes, then the commands ``before`` a start.

    With ``syntax`` changed Python sources are compiled. Each task may take ``timeout`` seconds.
    """

    syntax: bool = field(default=False, metadata=LIVE)
    check: Task | None = field(default=None, metadata=LIVE)
    before: tuple[Task, ...] = ()
    timeout: float = field(default=60.0, metadata=LIVE)


class HookEvent(Enum):
    """The event that runs a hook."""

    START = "start"
    READY = "ready"
    CHANGE = "change"
    CRASH = "crash"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ReadyPolicy:
    """The probes that make a run ready: all that are set, or without any that it has lived for a second.

    ``http`` is an address that answers with a status below 400. ``tcp`` is a host and port that accept a connection.
    ``log`` is a regular expression that a line of the output matches. ``exec`` is a command that exits with 0.
    """

    http: str | None = None
    tcp: tuple[str, int] | None = None
    log: str | None = None
    exec: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """All tasks beside the program."""

    gate: GatePolicy = field(default_factory=GatePolicy)
    ready: ReadyPolicy = field(default_factory=ReadyPolicy)
    hooks: Mapping[HookEvent, tuple[str, ...]] = field(default_factory=dict, metadata=LIVE)
