"""The first moments of a frozen program, which is one built by PyInstaller. Before they are over, nothing is imported or started.

What the bootloader tells itself in the environment would reach all that we start: a frozen program would take it for its own,
and any other one would load our libraries in place of its own.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing costs too much for --version
if TYPE_CHECKING:
    from collections.abc import MutableMapping

#: Asks for what the guard needs a Python for elsewhere. Not for users, and no verb: a command may have any name.
GIVE_TERMINAL_BACK = "--give-the-terminal-back"

_PRIVATE = ("_PYI_", "_MEIPASS")
_ORIGINAL = "_ORIG"


def main() -> int:
    """Run the program and return its exit code."""
    bundle, parent = getattr(sys, "_MEIPASS", ""), os.getppid()
    clean(os.environ, bundle)
    if sys.platform != "win32" and sys.argv[1:2] == [GIVE_TERMINAL_BACK]:
        from reloader.system.posix.terminal import RESTORE_TERMINAL

        del sys.argv[1]
        exec(RESTORE_TERMINAL, {})  # noqa: S102 - our own text, which elsewhere is handed to python -c
        return 0
    try:
        from reloader.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        return 130  # it came while our own modules were being read
    finally:
        if os.getppid() != parent:  # never so on Windows, where nothing could be removed that runs
            remove_what_was_unpacked(bundle)


def remove_what_was_unpacked(bundle: str) -> None:
    """What the bootloader of a onefile build does, unless somebody has killed it."""
    from reloader.system.onefile import is_unpacked

    if is_unpacked():
        import shutil

        shutil.rmtree(bundle, ignore_errors=True)  # what cannot be removed now is the system's to clean up


def clean(environ: MutableMapping[str, str], bundle: str) -> None:
    """Make ``environ`` what it was before the bootloader, which keeps the libraries in ``bundle``, has written to it."""
    for name in [name for name in environ if name.startswith(_PRIVATE)]:
        del environ[name]
    for name in [name for name in environ if _is_library_path(name)]:
        before = environ.pop(name + _ORIGINAL, None)
        if before is None:
            before = os.pathsep.join(part for part in environ[name].split(os.pathsep) if not _lies_in(part, bundle))
        if before:
            environ[name] = before
        else:
            del environ[name]


def _is_library_path(name: str) -> bool:
    return not name.endswith(_ORIGINAL) and (name in ("LD_LIBRARY_PATH", "LIBPATH") or name.startswith("DYLD_"))


def _lies_in(entry: str, directory: str) -> bool:
    return directory != "" and (entry == directory or entry.startswith(directory + os.sep))
