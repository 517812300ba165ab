"""The entry point of the program that PyInstaller builds. It runs before anything else is imported or started.

PyInstaller's bootloader leaves variables in the environment, which every process that we start would inherit. Another
frozen program would take them for its own, and any program would load our libraries in place of its own.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing costs too much for --version
if TYPE_CHECKING:
    from collections.abc import MutableMapping

#: Runs what the guard of an installed reloader runs with ``python -c``. For the guard only, and so not a subcommand.
RESTORE_TERMINAL_FLAG = "--restore-terminal"

_PRIVATE_PREFIXES = ("_PYI_", "_MEIPASS")
_ORIGINAL_SUFFIX = "_ORIG"


def main() -> int:
    """Run reloader and return its exit code."""
    bundle, parent = getattr(sys, "_MEIPASS", ""), os.getppid()
    clean(os.environ, bundle)
    if sys.platform != "win32" and sys.argv[1:2] == [RESTORE_TERMINAL_FLAG]:
        from reloader.system.posix.terminal import RESTORE_TERMINAL

        del sys.argv[1]
        exec(RESTORE_TERMINAL, {})  # noqa: S102 - our own text, which an installed reloader passes to python -c
        return 0
    try:
        from reloader.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        return 130  # pressed while our modules were being imported
    finally:
        if os.getppid() != parent:  # never on Windows, where a running program cannot be removed
            remove_unpacked_files(bundle)


def remove_unpacked_files(bundle: str) -> None:
    """Remove the files of a onefile build. Its bootloader does so, unless it was killed."""
    from reloader.system.onefile import is_unpacked

    if is_unpacked():
        import shutil

        shutil.rmtree(bundle, ignore_errors=True)  # the system cleans up the rest


def clean(environ: MutableMapping[str, str], bundle: str) -> None:
    """Remove from ``environ`` what the bootloader wrote into it. ``bundle`` is the directory of its libraries."""
    for name in [name for name in environ if name.startswith(_PRIVATE_PREFIXES)]:
        del environ[name]
    for name in [name for name in environ if _is_library_path(name)]:
        original = environ.pop(name + _ORIGINAL_SUFFIX, None)
        if original is None:
            original = os.pathsep.join(part for part in environ[name].split(os.pathsep) if not _lies_in(part, bundle))
        if original:
            environ[name] = original
        else:
            del environ[name]


def _is_library_path(name: str) -> bool:
    return not name.endswith(_ORIGINAL_SUFFIX) and (name in ("LD_LIBRARY_PATH", "LIBPATH") or name.startswith("DYLD_"))


def _lies_in(entry: str, directory: str) -> bool:
    return directory != "" and (entry == directory or entry.startswith(directory + os.sep))
