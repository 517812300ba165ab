from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.config.options import KEYS
from reloader.config.text_values import LONGEST_DURATION, duration_problem, parse_duration, parse_number, parse_value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300ms", 0.3),
        ("2s", 2.0),
        ("1.5m", 90.0),
        ("1h", 3600.0),
        (".5s", 0.5),
        ("2 s", 2.0),
        ("0s", 0.0),
        ("-1s", -1.0),
    ],
)
def test_a_text_with_a_unit_is_a_length(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "2", "2x", "2 minutes", "1e3s", "inf s", "nans", "٣s", "2s ", "1_0s"])
def test_any_other_text_is_none(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("2", 2.0), ("-.5", -0.5), ("1e3", 1000.0), ("+0", 0.0), ("1e999", math.inf)]
)
def test_a_bare_number_is_seconds(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["", "nan", "inf", "1_000", "0x10", "2s", "١"])
def test_what_only_python_calls_a_number_is_none(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("seconds", "zero_is_allowed", "fault"),
    [
        (1.0, False, None),
        (0.0, True, None),
        (LONGEST_DURATION, False, None),
        (0.0, False, "is not allowed: write more than 0"),
        (-1.0, False, "is negative: write more than 0"),
        (-1.0, True, "is negative: write 0 or more"),
        (LONGEST_DURATION + 1, True, "is longer than a day: write at most 86400"),
        (math.nan, True, "is not a duration: write a finite number of seconds"),
        (-math.inf, True, "is not a duration: write a finite number of seconds"),
    ],
)
def test_a_length_is_finite_not_negative_and_at_most_a_day(
    seconds: float, zero_is_allowed: bool, fault: str | None
) -> None:
    assert duration_problem(seconds, zero_is_allowed=zero_is_allowed) == fault


@given(st.floats(min_value=0, max_value=LONGEST_DURATION))
def test_a_number_survives_being_a_variable(seconds: float) -> None:
    assert parse_value(KEYS["interval"], repr(seconds)) == seconds


@given(st.integers(min_value=0, max_value=86_400_000))
def test_milliseconds_are_thousandths_of_a_second(milliseconds: int) -> None:
    assert parse_duration(f"{milliseconds}ms") == pytest.approx(milliseconds / 1000)


@given(st.text())
def test_no_text_is_more_than_a_length_or_none(text: str) -> None:
    for length in (parse_duration(text), parse_number(text)):
        assert length is None or isinstance(length, float)
