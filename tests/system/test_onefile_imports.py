"""Only a frozen program pays for imports that it may never need."""

from __future__ import annotations

import sys

import pytest

from reloader.system.onefile import import_ahead


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_frozen_program_imports_ahead_what_it_may_need(is_frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_frozen:
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    before = sys.modules.pop("psutil", None)
    try:
        import_ahead()
        assert ("psutil" in sys.modules) is is_frozen
    finally:
        if before is not None:
            sys.modules["psutil"] = before
