"""The library: lets a Python program restart itself when its files change. A child imports nothing heavy."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence

from reloader.child import is_running_from_reloader, restart, watch_also
from reloader.errors import ReloaderError
from reloader.invocation import Invocation, current_invocation

TYPE_CHECKING = False  # importing typing would slow down each run of the program
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
    """Run ``main`` in a child process, and start the child again whenever a file that it depends on changes.

    The process that calls this first is the parent. It never runs ``main``: it starts the program again, exactly as it was
    started, and watches files. It ends by SystemExit with the exit code of the session. In the child, the same call runs
    ``main`` on the main thread. It ends by SystemExit with the int that ``main`` returned, or else with 0. Code after the
    call never runs.

    The files that the program imports are watched; ``watch`` replaces them by patterns. The arguments are the keys of
    the config file. Paths and patterns are relative to the current directory. No file is read. A ``RELOADER_*`` variable
    applies where an argument has its default. ``quiet``, ``verbose`` and ``json`` are the flags of the command line.

    Call this early: the parent runs all code before the call, and the child inherits its environment. An error before the
    call ends the program. To let reloader wait for the repair, start it with ``python -m reloader -- python app.py``.

    Raises ReloaderError on any thread but the main one, and for invalid arguments. A program that cannot be started again
    raises it as well: an interactive session, ``-c``, or standard input.
    """
    if threading.current_thread() is not threading.main_thread():
        raise ReloaderError(
            "run_with_reloader() was called on another thread: call it on the main thread, the only one that gets signals"
        )
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
    raise SystemExit(_run_parent(current_invocation(), values, quiet=quiet, verbose=verbose, json=json))


def _run_parent(invocation: Invocation, values: dict[str, object], *, quiet: bool, verbose: bool, json: bool) -> int:
    """Run the session of the parent, and return its exit code."""
    from reloader.app.colour import shows_colour
    from reloader.app.session import run_session
    from reloader.cli.output.console import Console, Style
    from reloader.cli.output.reporters import reporter_for
    from reloader.config.arguments import Arguments
    from reloader.config.load import settings_for_call
    from reloader.config.options import KEYS

    given = {name: value for name, value in values.items() if value != KEYS[name].default}
    settings = settings_for_call(
        "run_with_reloader()",
        {**given, "command": invocation.argv, "shell": False, "cwd": invocation.directory},
        environ=os.environ,
        directory=invocation.directory,
        home=os.path.expanduser("~"),
        platform=sys.platform,
    )
    # A program without a console (pythonw) has no stderr.
    stream = sys.stderr if sys.stderr is not None else open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    options = Arguments(quiet=quiet, verbose=verbose, json=json)
    style = Style.of(options, stream, shows_colour=shows_colour(stream), environ=os.environ)
    return run_session(settings, reporter_for(settings.output, Console(stream, style), os.environ))
