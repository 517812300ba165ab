"""The files that a program reads and that it did not write itself: templates, data, settings. Only with ``open_files = true``.

Python 3.8 and later.
"""

import os
import sys

_abspath, _fsdecode = os.path.abspath, os.fsdecode
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def attach(agent):
    """Report what is opened below the current directory from now on."""
    project = os.path.join(os.getcwd(), "")

    def observe(event, arguments):
        if event not in ("open", "os.rename"):
            return
        try:
            path, is_written = _opened(arguments) if event == "open" else (arguments[1], True)
            path = _abspath(_fsdecode(path))
            if path.startswith(project) and not path.endswith((".pyc", ".pyo")):
                agent.wrote(path) if is_written else agent.file(path, "read")
        except Exception:
            return  # a descriptor instead of a path, a file that is not there

    sys.addaudithook(observe)


def _opened(arguments):
    """The path, and whether it is to be written: ``os.open`` has flags and no mode."""
    path, mode, flags = arguments
    return path, bool(mode.strip("rbtU") if mode else flags & _WRITING)
