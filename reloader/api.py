"""The library: a Python program that restarts itself, on the engine of the command line. Nothing heavy is imported by a child."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence

from reloader.child import is_running_from_reloader, restart, watch_also
from reloader.errors import ReloaderError
from reloader.invocation import Invocation, current_invocation

TYPE_CHECKING = False  # the import of typing would be felt in each run of the program
if TYPE_CHECKING:
    from typing import Literal, NoReturn

    StrPath = str | os.PathLike[str]

__all__ = ["ReloaderError", "is_running_from_reloader", "restart", "run_with_reloader", "watch_also"]


def run_with_reloader(
    main: Callable[[], object],
    *,
    extra_files: Iterable[StrPath] = (),
    ignore: Iterable[str] = (),
    watch: Iterable[str] | None = None,
    interval: float | str = 1.0,
    backend: Literal["auto", "stat", "watchdog", "watchman"] = "auto",
    debounce: float | str = 0.05,
    debounce_max: float | str = 2.0,
    compare: Literal["content", "stat"] = "content",
    on_exit: Literal["auto", "exit", "wait", "restart"] = "auto",
    stop_signal: str = "SIGTERM",
    stop_timeout: float | str = 5.0,
    check: str | Sequence[str] = "syntax",
    python_open_files: bool = False,
    python_site_packages: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    json: bool = False,
) -> NoReturn:
    """Run ``main`` in a child of this program, which is started again whenever a file that it depends on changes.

    The parent, which is the process that calls this first, never runs ``main``: it starts the program again, exactly as it
    was started, and becomes its reloader. It ends by SystemExit with the exit code of the session. In the child, the same
    call runs ``main`` on the main thread and ends by SystemExit, with what ``main`` returned if that is an int, else with 0.
    Neither comes back, so that what stands behind the call is for nobody.

    What the program imports is watched; ``watch`` asks for patterns instead. The arguments are the keys of the config file, and
    paths and patterns are relative to the current directory. No file is read. A ``RELOADER_*`` variable counts where
    an argument has its default value. ``quiet``, ``verbose`` and ``json`` are those of the command line.

    Call it early: what the program did before was done by the parent too, and the child inherits what it left in the
    environment. Code that fails before the call ends a program whose parent is not up yet: started with
    ``python -m reloader -- python app.py``, it waits for that repair as well.

    Raises ReloaderError where the program cannot be started again (an interactive session, ``-c``, standard input), on
    another thread than the main one, and for arguments that are no good.
    """
    if threading.current_thread() is not threading.main_thread():
        raise ReloaderError("run_with_reloader() was called on another thread: signals reach the main thread only")
    if is_running_from_reloader():
        result = main()
        raise SystemExit(result if isinstance(result, int) else 0)
    values: dict[str, object] = {
        "extra_files": tuple(os.fspath(file) for file in extra_files),
        "ignore": tuple(ignore),
        "watch": None if watch is None else tuple(watch),
        "interval": interval,
        "backend": backend,
        "debounce": debounce,
        "debounce_max": debounce_max,
        "compare": compare,
        "on_exit": on_exit,
        "stop_signal": stop_signal,
        "stop_timeout": stop_timeout,
        "check": check if isinstance(check, str) else tuple(check),
        "python_open_files": python_open_files,
        "python_site_packages": python_site_packages,
    }
    raise SystemExit(_session(current_invocation(), values, quiet=quiet, verbose=verbose, json=json))


def _session(start: Invocation, values: dict[str, object], *, quiet: bool, verbose: bool, json: bool) -> int:
    """Be the parent, and return the exit code."""
    from reloader.app.session import enable_colour, run_session
    from reloader.cli.output.console import Console, Style
    from reloader.cli.output.reporters import reporter_for
    from reloader.config.arguments import Arguments
    from reloader.config.load import settings_for_call
    from reloader.config.options import KEYS

    given = {name: value for name, value in values.items() if value != KEYS[name].default}
    settings = settings_for_call(
        "run_with_reloader()",
        {**given, "command": start.argv, "shell": False, "cwd": start.directory},
        environ=os.environ,
        directory=start.directory,
        home=os.path.expanduser("~"),
        platform=sys.platform,
    )
    # A program without a console (pythonw) has no stderr.
    stream = sys.stderr if sys.stderr is not None else open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    options = Arguments(quiet=quiet, verbose=verbose, json=json)
    style = Style.of(options, stream, shows_colour=enable_colour(stream), environ=os.environ)
    return run_session(settings, reporter_for(settings.output, Console(stream, style), os.environ))
