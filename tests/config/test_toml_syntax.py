from __future__ import annotations

from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from reloader.config.toml_syntax import in_toml

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
