"""What a running session tells of itself when it is asked, and of what was asked of it.

All fields are plain: what one process tells as JSON another one takes apart again.
"""

from __future__ import annotations

from dataclasses import dataclass

from reloader.core.level import Level


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """How a session is. ``state`` is starting, running, stopping, settling, waiting, cooling down, or finished.

    ``seconds`` have gone by since the newest run started, ``ready_after`` of them until it was ready. ``child`` is its pid, as
    long as it lives; ``held`` are the files that changed while the session is paused.
    """

    pid: int
    project: str
    command: tuple[str, ...]
    state: str
    run: int
    child: int | None
    seconds: float
    ready_after: float | None
    reason: str
    is_paused: bool
    held: tuple[str, ...]
    backend: str
    files: int
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Paused:
    """From now on changes are collected, and served by one restart when somebody resumes."""

    by: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class Resumed:
    """Changes are served again; ``held`` so many were waiting for it."""

    by: str
    held: int
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class WaitOver:
    """The answer to a ``wait``. ``verdict`` is ready, failed or timed out; ``trace`` is what the program wrote of its failure.

    ``seconds`` is what the run took to be ready, or how long it lived.
    """

    verdict: str
    run: int
    seconds: float | None
    exit_code: int | None
    why: str
    trace: str
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run of this project, as its history has it. ``at`` is in seconds since 1970.

    ``exit_code`` is None for a run that has not ended, or that nobody saw end. ``stopped_in`` is how long its stop took, None if
    it ended by itself.
    """

    session: int
    run: int
    at: float
    reason: str
    files: tuple[str, ...]
    ready_after: float | None
    seconds: float | None
    exit_code: int | None
    outcome: str
    stopped_in: float | None
    forced: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class PathExplained:
    """Whether ``path`` counts, and why.

    ``kind`` is file, directory, missing, or other. ``cause`` is what decided: named (extra_files), imported, everything, rule,
    virtualenv, not asked for, outside, not imported, no source, no file. The rule is ``pattern``, at ``line`` (0: unknown) of
    ``source``; it met ``at``, which is the path or a directory above. ``target`` is where links lead. ``root``, ``backend`` and
    ``importer`` are empty where there is none, or nobody to ask; ``is_live`` says that a session was asked.
    """

    path: str
    kind: str
    counts: bool
    cause: str
    pattern: str
    source: str
    line: int
    at: str
    target: str
    root: str
    backend: str
    importer: str
    is_live: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class FilesListed:
    """Every file that counts."""

    files: tuple[str, ...]
    is_live: bool
    level = Level.INFO


@dataclass(frozen=True, slots=True)
class KeysExplained:
    """Which keys there are."""

    level = Level.INFO


@dataclass(frozen=True, slots=True)
class ControlUnavailable:
    """Nobody can ask this session anything, for this reason."""

    cause: str
    remedy: str
    level = Level.DETAIL


SessionNotice = (
    SessionStatus
    | Paused
    | Resumed
    | WaitOver
    | PastRun
    | PathExplained
    | FilesListed
    | KeysExplained
    | ControlUnavailable
)
