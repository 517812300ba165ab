"""The words that a key allows are written once, and once more for the type checkers of those who call the library."""

from __future__ import annotations

import inspect
import os
from enum import Enum
from typing import Literal, NoReturn, get_args, get_type_hints

import pytest

from reloader import api, werkzeug
from reloader.config.model import Config
from reloader.config.options import KEYS, Key, Kind
from reloader.core.choices import BackendName

WITH_CHOICES = [key for key in KEYS.values() if key.choices]
PARAMETERS = inspect.signature(api.run_with_reloader).parameters
HINTS = get_type_hints(
    api.run_with_reloader,
    {**vars(api), "Literal": Literal, "NoReturn": NoReturn, "StrPath": str | os.PathLike[str]},
)


def enums_in(annotation: object) -> list[type[Enum]]:
    """The enums of a type, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [annotation]
    return [enum for one in get_args(annotation) for enum in enums_in(one)]


def test_the_keys_that_allow_a_few_words_have_choices() -> None:
    assert {key.name for key in KEYS.values() if key.kind is Kind.CHOICE} <= {key.name for key in WITH_CHOICES}


@pytest.mark.parametrize("key", WITH_CHOICES, ids=lambda key: key.name)
def test_the_model_has_the_enum_whose_values_the_table_lists(key: Key) -> None:
    [enum] = enums_in(Config.model_fields[key.name].annotation)
    assert key.choices == tuple(member.value for member in enum)


@pytest.mark.parametrize("name", [name for name, hint in HINTS.items() if name in KEYS and KEYS[name].choices])
def test_the_library_declares_the_same_words_for_type_checkers(name: str) -> None:
    assert get_args(HINTS[name]) == KEYS[name].choices


def test_every_argument_of_the_library_is_a_key_or_a_general_flag() -> None:
    assert set(PARAMETERS) - set(KEYS) == {"main", "quiet", "verbose", "json"}


def test_werkzeugs_function_takes_every_backend_that_needs_no_other_program() -> None:
    assert set(werkzeug._BACKENDS) == {backend.value for backend in BackendName} - {BackendName.WATCHMAN.value}
