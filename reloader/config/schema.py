"""The JSON Schema of ``reloader.toml``, for editors. It is made from the model and the table of keys.

Draft 7 is what every editor's TOML plug-in reads. It says less than the model: only ``reloader check`` validates patterns
and signals.
"""

from __future__ import annotations

from typing import Any

from reloader.config.model import Config
from reloader.config.options import KEYS, PLATFORM_TABLES, TABLES, Kind

DRAFT = "http://json-schema.org/draft-07/schema#"

_DURATION: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 86400},
        {"type": "string", "pattern": r"^[+]?([0-9]+\.?[0-9]*|\.[0-9]+) ?(ms|s|m|h)$"},
    ]
}


def schema() -> dict[str, Any]:
    """Return the schema of the whole file: its keys, their tables, and the platform tables, which hold the same keys."""
    made = Config.model_json_schema(mode="validation")
    keys = {name: _key(name, _inlined(made["properties"][name], made["$defs"])) for name in KEYS}
    body = _table(keys)
    platforms = {
        name: {"description": f"Wins over the keys above on {name}.", "allOf": [{"$ref": "#/definitions/keys"}]}
        for name in PLATFORM_TABLES
    }
    return {
        "$schema": DRAFT,
        "title": "reloader.toml",
        "description": "Runs a command and restarts it when the files that it depends on change.",
        **body,
        "properties": {**body["properties"], **platforms},
        "definitions": {"keys": body},
    }


def _table(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the top keys, and of a table for each of TABLES."""
    own = {name: value for name, value in keys.items() if not KEYS[name].table}
    tables = {
        table: {
            "type": "object",
            "additionalProperties": False,
            "properties": {KEYS[name].toml_name: value for name, value in keys.items() if KEYS[name].table == table},
        }
        for table in TABLES
    }
    return {"type": "object", "additionalProperties": False, "properties": {**own, **tables}}


def _key(name: str, made: dict[str, Any]) -> dict[str, Any]:
    """Return pydantic's schema of a field, without what is of no use in an editor."""
    kept = {field: value for field, value in made.items() if field not in ("title", "default")}
    if KEYS[name].kind is Kind.SECONDS:
        kept = {**{field: value for field, value in kept.items() if field == "description"}, **_DURATION}
    kept = _without_null(kept)
    default = KEYS[name].default
    return kept if default is None else {**kept, "default": list(default) if isinstance(default, tuple) else default}


def _inlined(made: dict[str, Any], enums: dict[str, Any]) -> dict[str, Any]:
    """Return a field with its choices in place. Beside a reference, draft 7 ignores the description."""
    inlined = {field: _inlined(value, enums) if isinstance(value, dict) else value for field, value in made.items()}
    enum = enums[str(inlined.pop("$ref")).rpartition("/")[2]] if "$ref" in inlined else {}
    return {**{field: enum[field] for field in ("enum", "type") if field in enum}, **inlined}


def _without_null(made: dict[str, Any]) -> dict[str, Any]:
    """Remove ``null``, which TOML does not have."""
    choices = [one for one in made.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) != 1:
        return {**made, "anyOf": choices} if choices else made
    return {**{field: value for field, value in made.items() if field != "anyOf"}, **choices[0]}
