"""Resolved values: everything that the engine has to know, with nothing of how it was written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reloader.core.addresses import SocketSpec
from reloader.core.choices import BackendName, Framework, OnExit
from reloader.core.debounce import DebouncePolicy
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.tasks import TaskSettings


@dataclass(frozen=True, slots=True)
class BackOffPolicy:
    """A pause that doubles from ``first`` to ``ceiling`` seconds, and is forgotten after a run of ``healthy`` seconds."""

    first: float = 0.5
    ceiling: float = 8.0
    healthy: float = 10.0

    def pause(self, failures: int) -> float:
        """Seconds to wait after the ``failures``-th failure in a row (1 is the first)."""
        doublings = min(max(failures - 1, 0), 32)  # the ceiling is reached long before; keeps the float finite
        return min(self.first * 2.0**doublings, self.ceiling)


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """What to start. ``argv`` is never empty; ``environment`` holds only what is added to ours.

    A value that is already in our environment wins over one from ``env_files`` (absolute paths, read anew at each launch),
    and ``environment`` wins over both. The reloaders of ``compatible`` are told by their own markers that they are a child.
    Without ``has_input`` it is we who read what the user types. ``sockets`` are opened before the first run; what ``argv``
    and ``environment`` say of them in placeholders is filled in then.
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
    """How a run is ended: ``signal`` is a number of this platform, ``timeout`` the seconds until force."""

    signal: int = 15
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """What follows when the child ends by itself. ``restart_code`` of None: no code asks for a restart.

    ``once`` is a session of one run, whose code it ends with; with ``postpone`` the first run waits for a change.
    """

    on_exit: OnExit = OnExit.AUTO
    restart_code: int | None = 3
    stop: StopPolicy = field(default_factory=StopPolicy)
    back_off: BackOffPolicy = field(default_factory=BackOffPolicy)
    once: bool = False
    postpone: bool = False


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What counts. All paths are absolute.

    ``roots`` are watched with all that lies below them, ``extra_files`` alone, whether they exist or not. ``own_file`` is the
    configuration's, which is none of the program unless it is asked for.
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
    """What a Python program is asked to report: its ``modules``, also ``site_packages``, and files it reads (``open_files``)."""

    modules: bool = True
    open_files: bool = False
    site_packages: bool = False


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """How the user is told. ``log_file`` is an absolute path, or None for none."""

    clear: bool = False
    bell: bool = False
    notify: bool = False
    timestamps: bool = False
    log_file: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole of a session. ``source`` names the file that it came from, for the user, or says that there was none.

    ``project`` is what all sessions of one project have in common: the real path of that file, or of the directory.
    """

    launch: LaunchSettings
    watch: WatchSettings
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    python: PythonPolicy = field(default_factory=PythonPolicy)
    output: OutputSettings = field(default_factory=OutputSettings)
    tasks: TaskSettings = field(default_factory=TaskSettings)
    source: str = "the command line"
    project: str = ""


def needs_new_session(before: Settings, after: Settings) -> bool:
    """Whether the run, or what watches for it, was made by what is different; else the policies alone are exchanged."""
    return _made_by(before) != _made_by(after)


def _made_by(settings: Settings) -> Settings:
    """``settings`` without what can be exchanged at any time."""
    restart = settings.restart
    gate = replace(settings.tasks.gate, syntax=True, check=None, timeout=0.0)
    return replace(
        settings,
        watch=replace(settings.watch, debounce=DebouncePolicy()),
        restart=RestartPolicy(stop=StopPolicy(restart.stop.signal), once=restart.once, postpone=restart.postpone),
        output=OutputSettings(),
        tasks=replace(settings.tasks, gate=gate, hooks={}),
        source="",
        project="",
    )
