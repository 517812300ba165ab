"""Werkzeug's own function: import ``run_with_reloader`` from here in place of ``werkzeug._reloader``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from reloader.api import run_with_reloader as _run_with_reloader
from reloader.errors import ReloaderError

TYPE_CHECKING = False  # as in the api
if TYPE_CHECKING:
    from typing import Literal, NoReturn

    Backend = Literal["auto", "stat", "watchdog"]

_BACKENDS: dict[str, Backend] = {"auto": "auto", "stat": "stat", "watchdog": "watchdog"}


def run_with_reloader(
    main_func: Callable[[], object],
    extra_files: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    interval: float = 1,
    reloader_type: str = "auto",
) -> NoReturn:
    """Run ``main_func`` in a child that is restarted on changes. The arguments are those of Werkzeug's function.

    Unlike there, ``main_func`` runs on the main thread, the run ends when it returns, and the call never returns.
    ``exclude_patterns`` are patterns of whole paths. A ``*`` between slashes stands for any number of directories
    (``*/tests/*``); elsewhere it stays within a name.

    Raises ReloaderError for a pattern outside of the current directory, and as ``reloader.run_with_reloader`` does.
    """
    if reloader_type not in _BACKENDS:
        raise ReloaderError(
            f'reloader_type = "{reloader_type}" is not one of {", ".join(_BACKENDS)}: write, for example, "auto"'
        )
    _run_with_reloader(
        main_func,
        extra_files=tuple(extra_files or ()),
        ignore=[ignore_pattern(pattern, os.getcwd()) for pattern in exclude_patterns or ()],
        interval=interval,
        backend=_BACKENDS[reloader_type],
    )


def ignore_pattern(pattern: str, directory: str) -> str:
    """Turn a pattern of absolute paths, as in Werkzeug, into one that is relative to ``directory``."""
    below = directory.rstrip(os.sep) + os.sep
    if os.path.isabs(pattern) and not pattern.startswith(below):
        raise ReloaderError(f'exclude_patterns: "{pattern}" lies outside of {directory}: begin it with */')
    anchored = os.sep + pattern[len(below) :] if pattern.startswith(below) else pattern
    parts = anchored.replace(os.sep, "/").split("/")
    return "/".join("**" if part == "*" else part for part in parts) if len(parts) > 1 else pattern
