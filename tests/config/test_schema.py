"""The schema for editors has every key, and agrees with the model on what is valid."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reloader.config.options import KEYS, PLATFORM_TABLES, TABLES, Key
from reloader.config.schema import schema
from tests.config.projects import project_in
from tests.config.test_options_and_example import COMMENTED, TEXT

SCHEMA = schema()

needs_checker = pytest.mark.skipif(
    find_spec("check_jsonschema") is None, reason="check-jsonschema is not in this environment"
)


def described(key: Key) -> dict[str, Any]:
    """The schema of a key, at its place in the file."""
    place = SCHEMA["properties"][key.table] if key.table else SCHEMA
    found: dict[str, Any] = place["properties"][key.toml_name]
    return found


def test_it_has_every_key_and_table_and_no_others() -> None:
    own = [key.toml_name for key in KEYS.values() if not key.table]
    assert set(SCHEMA["properties"]) == {*own, *TABLES, *PLATFORM_TABLES}
    for table in TABLES:
        assert set(SCHEMA["properties"][table]["properties"]) == {
            key.toml_name for key in KEYS.values() if key.table == table
        }


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_it_explains_a_key_as_the_table_does(key: Key) -> None:
    assert described(key)["description"] == key.about


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_it_names_the_default_of_a_key_that_has_one(key: Key) -> None:
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    assert described(key).get("default") == default


def test_the_tables_of_one_platform_hold_the_same_keys() -> None:
    keys = SCHEMA["definitions"]["keys"]["properties"]
    assert set(keys) == set(SCHEMA["properties"]) - set(PLATFORM_TABLES)
    assert all(SCHEMA["properties"][name]["allOf"] == [{"$ref": "#/definitions/keys"}] for name in PLATFORM_TABLES)


def test_it_never_speaks_of_null_which_toml_does_not_have() -> None:
    assert "null" not in json.dumps(SCHEMA)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(SCHEMA)
    names = {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}
    assert all(name.startswith("#/definitions/") for name in names)
    assert {name.removeprefix("#/definitions/") for name in names} <= set(SCHEMA["definitions"])


def validated(directory: Path, document: str) -> tuple[bool, str]:
    """True if an editor would call ``document`` valid, and its message."""
    (directory / "reloader.toml").write_text(document, encoding="utf-8")
    return checked(directory, "--schemafile", directory / "schema.json", directory / "reloader.toml")


def checked(directory: Path, *arguments: str | Path) -> tuple[bool, str]:
    """The answer of check-jsonschema, without the second that its start takes."""
    from check_jsonschema import main  # type: ignore[import-untyped]
    from click.testing import CliRunner

    (directory / "schema.json").write_text(json.dumps(SCHEMA))
    done = CliRunner().invoke(main, list(map(str, arguments)))
    return done.exit_code == 0, done.output


@needs_checker
def test_it_is_a_schema_of_its_draft(tmp_path: Path) -> None:
    is_good, said = checked(tmp_path, "--check-metaschema", tmp_path / "schema.json")
    assert is_good, said


@needs_checker
@pytest.mark.parametrize("document", [TEXT, COMMENTED.sub("", TEXT)], ids=["as it is", "uncommented"])
def test_the_example_file_is_valid(tmp_path: Path, document: str) -> None:
    is_good, said = validated(tmp_path, document)
    assert is_good, said


@needs_checker
def test_durations_with_a_unit_are_valid(tmp_path: Path) -> None:
    is_good, said = validated(
        tmp_path, 'interval = "300ms"\ndebounce = 0\nstop_timeout = "1.5m"\n[linux]\ninterval = 2\n'
    )
    assert is_good, said


@needs_checker
@pytest.mark.parametrize(
    "line",
    [
        'wach = ["x"]', "interval = true", 'backend = "foo"', 'watch = "x"', "env = { A = 1 }", 'interval = "300 parsecs"',
        "restart_code = 256", "stop_timeout = -1", "[python]\nmodule = true", "[linux]\nnope = 1", "[linux.linux]\nkeys = true",
    ],
)  # fmt: skip
def test_a_file_that_the_model_rejects_is_invalid(tmp_path: Path, line: str) -> None:
    is_good, _ = validated(tmp_path, f"{line}\n")
    assert not is_good
    project = project_in(tmp_path)
    project.write(f'command = "x"\n{line}\n')
    assert project.problems()
