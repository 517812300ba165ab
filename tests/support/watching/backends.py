"""Every backend that can be named, and whether it can be tested on this machine."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from reloader.core.choices import BackendName
from tests.support.watching.watchman import HAS_WATCHMAN, needs_watchman

HAS_WATCHDOG = find_spec("watchdog") is not None
needs_watchdog = pytest.mark.skipif(not HAS_WATCHDOG, reason="watchdog 7 does not support this Python")

NAMED_BACKENDS = [backend for backend in BackendName if backend is not BackendName.AUTO]
#: The backends whose library or program may be missing. Any other backend is tested everywhere.
_NEEDS = {BackendName.WATCHDOG: needs_watchdog, BackendName.WATCHMAN: needs_watchman}
IS_AVAILABLE = {BackendName.WATCHDOG: HAS_WATCHDOG, BackendName.WATCHMAN: HAS_WATCHMAN}

#: For a test whose backend is "watchman", the fixture watchman_of_its_own in tests/conftest.py starts a Watchman.
with_every_backend = pytest.mark.parametrize(
    "backend", [pytest.param(backend.value, marks=_NEEDS.get(backend, ())) for backend in NAMED_BACKENDS]
)
