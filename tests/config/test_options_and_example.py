"""The table of keys, the model, and the example file say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import tomli

from reloader.config.model import Config, LayerModel
from reloader.config.options import KEYS, PLATFORM_TABLES, TABLES, is_reserved, key_of_variable
from tests.config.projects import project_in

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "reloader.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
COMMENTED = re.compile(r"^# (?=[a-z_]+ = |\[[a-z]+\]$)", re.MULTILINE)


def example_with_everything_uncommented() -> dict[str, Any]:
    """The example file, with the commented keys."""
    return tomli.loads(COMMENTED.sub("", TEXT))


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    """The values of a document by the full names of their keys, also of those in tables."""
    own = {name: value for name, value in document.items() if name not in TABLES}
    return own | {f"{table}_{name}": value for table in TABLES for name, value in document.get(table, {}).items()}


def test_the_model_has_the_keys_of_the_table_and_no_others() -> None:
    assert list(Config.model_fields) == list(KEYS)
    assert list(LayerModel.model_fields) == list(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_the_model_explains_a_key_as_the_table_does(name: str) -> None:
    assert Config.model_fields[name].description == KEYS[name].about


@pytest.mark.parametrize("name", [name for name in KEYS if name != "command"])
def test_the_model_has_the_defaults_of_the_table(name: str) -> None:
    assert Config.model_fields[name].default == KEYS[name].default


def test_only_the_command_must_be_given() -> None:
    assert [name for name, field in Config.model_fields.items() if field.is_required()] == ["command"]


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_the_example_of_a_key_is_valid(key: Any) -> None:
    value = tomli.loads(f"value = {key.example}")["value"]
    Config.model_validate({"command": ["x"], key.name: value}, context={"platform": "linux"})


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_a_key_is_explained_in_one_sentence_that_fits_a_line(key: Any) -> None:
    assert key.about.endswith(".")
    assert len(key.about) <= 115


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_the_example_file_names_each_key_below_its_explanation(key: Any) -> None:
    assert re.search(rf"^# {re.escape(key.about)}\n(# )?{key.toml_name} = ", TEXT, re.MULTILINE)


def test_the_example_file_holds_every_key_that_has_a_default_with_that_default() -> None:
    written = by_name(tomli.loads(TEXT))
    assert written.pop("command") == ["python", "-m", "http.server"]
    assert {name: tuple(value) if value == [] else value for name, value in written.items()} == {
        key.name: key.default for key in KEYS.values() if key.default is not None
    }


def test_what_the_example_file_comments_out_is_toml_with_known_keys() -> None:
    document = by_name(example_with_everything_uncommented())
    assert set(document) == {*KEYS, *PLATFORM_TABLES}
    assert all(set(document[table]) <= set(KEYS) for table in PLATFORM_TABLES)


def test_the_example_file_loads_as_it_is(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write(TEXT)
    assert project.settings().launch.argv == ("python", "-m", "http.server")


def test_the_example_file_loads_with_everything_uncommented(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write(COMMENTED.sub("", TEXT))
    assert project.settings().watch.roots == (project.path("src"), project.path("templates"))


def test_a_variable_belongs_to_the_key_of_its_name() -> None:
    assert key_of_variable("RELOADER_STOP_TIMEOUT") is KEYS["stop_timeout"]
    assert key_of_variable("RELOADER_stop_timeout") is None
    assert key_of_variable("STOP_TIMEOUT") is None


def test_what_a_parent_sets_for_its_child_is_reserved() -> None:
    assert is_reserved("RELOADER_RUN")
    assert is_reserved("RELOADER_AGENT_SOCKET")
    assert not is_reserved("RELOADER_RUNS")
