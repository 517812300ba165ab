"""The ``reloader.toml`` of ``reloader init``: values that fit the project, explained, and further keys as comments."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from reloader.cli.scaffold.detect import Project
from reloader.config.options import KEYS
from reloader.config.toml_syntax import in_toml

SCHEMA_NAME = "reloader.schema.json"

_WIDTH = 100
_ALWAYS = ("watch", "ignore", "extra_files", "env", "on_exit", "stop_timeout")
"""Keys that are always there, as a comment if they have no value."""

_WITH_IMPORTS = "Patterns come on top of what the program imports."


def config_text(project: Project, *, has_schema: bool) -> str:
    values = _values(project)
    names = [name for name in KEYS if name in values or name in _ALWAYS]
    remarks = {"command": project.remark, "watch": _WITH_IMPORTS if project.is_python else ""}
    entries = (_entry(name, values.get(name), remarks.get(name, "")) for name in names)
    parts = (_head(project, has_schema=has_schema), *entries)
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _values(project: Project) -> dict[str, object]:
    values: dict[str, object] = {
        "command": project.command,
        "cwd": project.cwd,
        "env": project.env,
        "watch": project.watch,
        "ignore": project.ignore,
        "extra_files": project.extra_files,
    }
    return {name: value for name, value in values.items() if value}


def _head(project: Project, *, has_schema: bool) -> Iterator[str]:
    if has_schema:
        yield f"#:schema ./{SCHEMA_NAME}"
    if project.evidence:
        yield from _comment(f"{project.evidence}.")
    yield from (
        "# Start it:                                   reloader",
        "# Show every value, and where it is set:      reloader check",
        "# Explain all keys:                           reloader --help",
    )


def _entry(name: str, value: object, remark: str) -> Iterator[str]:
    key = KEYS[name]
    yield from _comment(f"{key.about} {remark}".rstrip())
    if value:
        yield f"{name} = {in_toml(value)}"
    else:
        yield f"# {name} = {key.example}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
