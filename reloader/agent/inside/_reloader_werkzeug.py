"""Lets Werkzeug run as a child of reloader: it opens its own listening socket, which it expects to inherit.

Only with ``compatible = ["werkzeug"]``, which sets WERKZEUG_SERVER_FD to -1. This module makes Werkzeug's ``make_server``
take that number for no socket. It changes nothing else.

Python 3.8 and later.
"""

import os
import sys

_MODULE = "werkzeug.serving"
_NO_SOCKET = -1


class Finder:
    """Waits on ``sys.meta_path`` for one module, and removes itself when that is searched for."""

    def find_spec(self, name, path=None, target=None):
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec is not None else None
            if spec is not None:
                return _patched(spec)
        return None


def attach():
    sys.meta_path.insert(0, Finder())


def _patched(spec):
    """Return ``spec`` with a loader that also patches this module. It checks the name: an archive has one loader for all."""
    try:
        exec_module = spec.loader.exec_module

        def exec_and_patch(module):
            exec_module(module)
            make_server = getattr(module, "make_server", None)
            if module.__name__ == _MODULE and make_server is not None:
                module.make_server = _opening_its_own_socket(make_server)

        spec.loader.exec_module = exec_and_patch
    except Exception:
        return spec  # Werkzeug then reports -1 as an invalid descriptor
    return spec


def _opening_its_own_socket(make_server):
    def make_server_in_child(*arguments, **named):
        if named.get("fd") != _NO_SOCKET:
            return make_server(*arguments, **named)
        server = make_server(*arguments, **{**named, "fd": None})
        if os.environ.get("RELOADER_RUN") == "1":
            server.log_startup()  # once, as Werkzeug's own parent does
        return server

    return make_server_in_child
