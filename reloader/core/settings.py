"""Resolved settings: everything the engine needs, without how it was written down.

A field with ``metadata=LIVE`` takes effect at once when the configuration changes; any other one needs a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reloader.core.addresses import SocketSpec
from reloader.core.choices import BackendName, Framework, OnExit
from reloader.core.debounce import DebouncePolicy
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.settings_diff import LIVE
from reloader.core.tasks import TaskSettings


@dataclass(frozen=True, slots=True)
class BackOffPolicy:
    """A pause that doubles from ``first`` to ``ceiling`` seconds. A run of ``healthy`` seconds resets it."""

    first: float = field(default=0.5, metadata=LIVE)
    ceiling: float = field(default=8.0, metadata=LIVE)
    healthy: float = field(default=10.0, metadata=LIVE)

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after the ``failures``-th failure in a row (1 is the first)."""
        doublings = min(max(failures - 1, 0), 32)  # the ceiling is reached long before; keeps the float finite
        return min(self.first * 2.0**doublings, self.ceiling)


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """The command and its surroundings. ``argv`` is never empty; ``environment`` is added to that of reloader.

    The variables of reloader's own environment override those of ``env_files`` (absolute paths, read at each launch).
    ``environment`` overrides both. The frameworks of ``compatible`` get the variable by which their reloaders know a child.
    Without ``has_input`` reloader reads the keyboard instead of the command. ``sockets`` are opened before the first run; their
    placeholders in ``argv`` and ``environment`` are filled in then.
    """

    argv: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    compatible: tuple[Framework, ...] = ()
    has_input: bool = True
    sockets: tuple[SocketSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class StopPolicy:
    """The stop of a run: ``signal`` is a number of this platform, ``timeout`` the seconds until it is killed."""

    signal: int = 15
    timeout: float = field(default=5.0, metadata=LIVE)


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The rules by which runs end and follow each other. With ``restart_code`` None no exit code asks for a restart.

    With ``once`` the session is a single run and ends with its exit code. With ``postpone`` the first run waits for a change.
    """

    on_exit: OnExit = field(default=OnExit.AUTO, metadata=LIVE)
    restart_code: int | None = field(default=3, metadata=LIVE)
    stop: StopPolicy = field(default_factory=StopPolicy)
    back_off: BackOffPolicy = field(default_factory=BackOffPolicy)
    once: bool = False
    postpone: bool = False


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """The watched paths and the way they are watched. All paths are absolute; ``interval`` is in seconds.

    ``roots`` are watched with everything below them. ``extra_files`` are watched one by one, also while they do not exist.
    ``own_file`` is the config file, which is watched for the program only if ``watch`` or ``extra_files`` ask for it.
    """

    base: str
    roots: tuple[str, ...]
    watch: tuple[Patterns, ...] | None = None
    ignore: tuple[Rule, ...] = ()
    extra_files: tuple[str, ...] = ()
    gitignore: bool = True
    default_ignores: bool = True
    follow_symlinks: bool = True
    compare_content: bool = True
    backend: BackendName = BackendName.AUTO
    interval: float = 1.0
    debounce: DebouncePolicy = field(default_factory=DebouncePolicy)
    own_file: str | None = None


@dataclass(frozen=True, slots=True)
class PythonPolicy:
    """The reports of Python programs: the ``modules`` they import, also of ``site_packages``, and the files they read."""

    modules: bool = True
    open_files: bool = False
    site_packages: bool = False


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """The output of notices. ``log_file`` is an absolute path, or None."""

    clear: bool = field(default=False, metadata=LIVE)
    bell: bool = field(default=False, metadata=LIVE)
    notify: bool = field(default=False, metadata=LIVE)
    timestamps: bool = field(default=False, metadata=LIVE)
    log_file: str | None = field(default=None, metadata=LIVE)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a session. ``source`` names the config file for the user, or says that there was none.

    ``project`` identifies all sessions of one project: the real path of the config file, or of the directory.
    """

    launch: LaunchSettings
    watch: WatchSettings
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    python: PythonPolicy = field(default_factory=PythonPolicy)
    output: OutputSettings = field(default_factory=OutputSettings)
    tasks: TaskSettings = field(default_factory=TaskSettings)
    source: str = field(default="the command line", metadata=LIVE)
    project: str = field(default="", metadata=LIVE)
