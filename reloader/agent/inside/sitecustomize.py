"""Attaches the agent to a Python program, then imports the program's own ``sitecustomize``.

It runs in every Python that the command starts, and needs the standard library only: Python 3.8 and later. Its directory
comes first on PYTHONPATH. It leaves no trace of itself in ``sys.path`` and ``sys.modules``.
"""

import os
import sys


def _attach_agent():
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        import _reloader_agent

        _reloader_agent.attach(os.environ.get("RELOADER_AGENT", ""))
        if os.environ.get("WERKZEUG_SERVER_FD") == "-1":
            import _reloader_werkzeug

            _reloader_werkzeug.attach()
    except Exception:
        return  # whatever fails here, the program must run as without the agent
    finally:
        for name in ("_reloader_agent", "_reloader_open_files", "_reloader_werkzeug"):
            sys.modules.pop(name, None)
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
        sys.path_importer_cache.pop(here, None)


_attach_agent()

# Import the next module of this name on the path. If there is none, site handles the ImportError, as without the agent.
del sys.modules["sitecustomize"]
import sitecustomize  # noqa: E402, F401
