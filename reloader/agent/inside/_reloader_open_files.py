"""Reports the files that a program opens: templates, data, settings. Only with ``open_files = true``.

Python 3.8 and later.
"""

import os
import sys

_abspath, _fsdecode = os.path.abspath, os.fsdecode
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def attach(agent):
    """Report the files that are opened below the current directory from now on."""
    project = os.path.join(os.getcwd(), "")

    def observe(event, arguments):
        if event not in ("open", "os.rename"):
            return
        try:
            path, is_written = _path_and_mode(arguments) if event == "open" else (arguments[1], True)
            path = _abspath(_fsdecode(path))
            if path.startswith(project) and not path.endswith((".pyc", ".pyo")):
                agent.on_write(path) if is_written else agent.on_file(path, "read")
        except Exception:
            return  # a descriptor instead of a path, or a file that does not exist

    sys.addaudithook(observe)


def _path_and_mode(arguments):
    """Return the path, and True if it is opened to be written: ``os.open`` has flags and no mode."""
    path, mode, flags = arguments
    return path, bool(mode.strip("rbtU") if mode else flags & _WRITING)
