"""Brings the agent into a Python program, then makes way for the program's own ``sitecustomize``.

Runs in whatever Python the command starts: the standard library only, Python 3.8 and later. Its directory comes first on
PYTHONPATH; it leaves no trace of itself in ``sys.path`` and ``sys.modules``.
"""

import os
import sys


def _bring_in_the_agent():
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        import _reloader_agent

        _reloader_agent.attach(os.environ.get("RELOADER_AGENT", ""))
        if os.environ.get("WERKZEUG_SERVER_FD") == "-1":
            import _reloader_werkzeug

            _reloader_werkzeug.attach()
    except Exception:
        return  # whatever is wrong with us, the program is to run as it would without us
    finally:
        for name in ("_reloader_agent", "_reloader_open_files", "_reloader_werkzeug"):
            sys.modules.pop(name, None)
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
        sys.path_importer_cache.pop(here, None)


_bring_in_the_agent()

# Out of the way: the import of this name goes on with the next on the path. If there is none, site takes the ImportError for
# what it is, and no module of this name is left behind.
del sys.modules["sitecustomize"]
import sitecustomize  # noqa: E402, F401
