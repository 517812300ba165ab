"""Lets Werkzeug be our child: it expects to inherit the listening socket of its parent, and here it opens its own.

Only with ``compatible = ["werkzeug"]``, which sets WERKZEUG_SERVER_FD to -1. Werkzeug's ``make_server`` then takes that number
for what its own parent would have said: none. Nothing else of it is touched.

Python 3.8 and later.
"""

import os
import sys

_MODULE = "werkzeug.serving"
_NONE = -1


class Finder:
    """Waits on ``sys.meta_path`` for one module, and leaves when that was found."""

    def find_spec(self, name, path=None, target=None):
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec is not None else None
            if spec is not None:
                return _mended(spec)
        return None


def attach():
    sys.meta_path.insert(0, Finder())


def _mended(spec):
    """``spec``, whose loader does one thing more, for this module alone: an archive has one loader for all that is in it."""
    try:
        exec_module = spec.loader.exec_module

        def exec_and_mend(module):
            exec_module(module)
            make_server = getattr(module, "make_server", None)
            if module.__name__ == _MODULE and make_server is not None:
                module.make_server = _with_a_socket_of_its_own(make_server)

        spec.loader.exec_module = exec_and_mend
    except Exception:
        return spec  # Werkzeug says then that -1 is no descriptor
    return spec


def _with_a_socket_of_its_own(make_server):
    def make_server_of_a_child(*arguments, **named):
        if named.get("fd") != _NONE:
            return make_server(*arguments, **named)
        server = make_server(*arguments, **{**named, "fd": None})
        if os.environ.get("RELOADER_RUN") == "1":
            server.log_startup()  # as a parent does, once
        return server

    return make_server_of_a_child
