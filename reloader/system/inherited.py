"""The environment that we were started with. On Windows it holds names that Python keeps to itself: ``=C:`` and its like."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    from reloader.system import _winapi

    def inherited_environment() -> dict[str, str]:
        """All of it: what Python knows of as it stands there, and what begins with ``=`` as Windows has it."""
        return {**_hidden(_winapi.environment_strings()), **os.environ}

    def _hidden(strings: list[str]) -> dict[str, str]:
        """Windows keeps the current directory of each drive in such a variable, and cmd the last exit code."""
        pairs = (text[1:].partition("=") for text in strings if text.startswith("="))
        return {"=" + name: value for name, _, value in pairs}

else:

    def inherited_environment() -> dict[str, str]:
        """All of it."""
        return dict(os.environ)
