from __future__ import annotations

import sys
from statistics import median

import pytest

from benchmarks.start import LIMITS, measured
from tests.support.platforms.limits import posix_only
from tests.support.programs.announcements import ROOT


@pytest.mark.alone
@pytest.mark.measures
@posix_only  # elsewhere a process costs more than what is measured
@pytest.mark.parametrize("flag", LIMITS)
def test_help_and_version_take_a_small_multiple_of_an_empty_program(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pairs = measured((sys.executable, "-m", "reloader", flag), 15)
    assert median(ours / nothing for ours, nothing in pairs) <= LIMITS[flag], pairs
