"""The backends that a test can be run with on this machine."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.support.watching.watchman import needs_watchman

needs_watchdog = pytest.mark.skipif(find_spec("watchdog") is None, reason="watchdog 7 is not made for this Python")

#: A test that names the backend watchman, by this or its own parameter, has a Watchman of its own: tests/conftest.py sees to it.
with_every_backend = pytest.mark.parametrize(
    "backend",
    ["stat", pytest.param("watchdog", marks=needs_watchdog), pytest.param("watchman", marks=needs_watchman)],
)
