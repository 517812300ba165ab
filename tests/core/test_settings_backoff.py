from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.settings import BackOffPolicy


@pytest.mark.parametrize(("failures", "pause"), [(0, 0.5), (1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0)])
def test_the_pause_doubles_up_to_the_ceiling(failures, pause):
    assert BackOffPolicy().pause(failures) == pause


def test_a_ceiling_below_the_first_pause_wins():
    assert BackOffPolicy(first=2.0, ceiling=1.0).pause(1) == 1.0


@given(st.integers(max_value=10**9))
def test_no_number_of_failures_makes_a_pause_endless_or_nothing(failures):
    assert 0.5 <= BackOffPolicy().pause(failures) <= 8.0
