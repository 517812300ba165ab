"""Values as TOML, and the line of a config file that holds a pattern."""

from __future__ import annotations

from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from reloader.config.toml_syntax import in_toml, line_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_back_as_the_same(value: Any) -> None:
    assert tomli.loads(f"value = {in_toml(value)}")["value"] == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        (("a", "b"), '["a", "b"]'),
        (True, "true"),
        (False, "false"),
        (1.0, "1.0"),
        ({}, "{}"),
        ({"A": "1", "b c": [2]}, '{ A = "1", "b c" = [2] }'),
        ("caf\udce9", '"caf?"'),
    ],
)
def test_it_looks_as_people_write_it(value: object, text: str) -> None:
    assert in_toml(value) == text


FILE = """\
command = "run"
# ignore = ["build/"]
ignore = [
  "build/",
  './lib/',
  "!keep\\\\*.py",
  "twice",
]
watch = ["src/**", "templates/", "twice"]
"""


@pytest.mark.parametrize(
    ("pattern", "line"),
    [("build/", 4), ("/lib/", 5), ("!keep\\*.py", 6), ("/src/**", 9), ("templates", 9), ("twice", 0), ("nowhere", 0)],
)
def test_the_line_of_a_pattern_is_found_as_it_was_written(pattern: str, line: int) -> None:
    assert line_of(pattern, FILE) == line
