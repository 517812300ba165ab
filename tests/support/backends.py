"""The backends that a test can be run with on this machine."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_watchdog = pytest.mark.skipif(find_spec("watchdog") is None, reason="watchdog 7 is not made for this Python")

with_every_backend = pytest.mark.parametrize("backend", ["stat", pytest.param("watchdog", marks=needs_watchdog)])
