"""Collects what the manual shows of the program and the benchmarks. No other file of the manual imports them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.findings import load
from benchmarks.report import EDIT, IDLE, MEMORY
from reloader.cli.help import full_help, subcommand_help
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS
from reloader.config.options import KEYS
from reloader.config.toml_syntax import in_toml
from reloader.core.paths.ignores import DEFAULT_IGNORES

ROOT = Path(__file__).resolve().parents[2]

#: The tools of the README's small comparison. The first is ours.
TOOLS = (
    "reloader (watchdog)", "nodemon", "Werkzeug (watchdog)", "entr", "watchfiles", "uvicorn --reload",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyFact:
    """A key of the configuration. ``default`` is TOML, or empty where there is none."""

    name: str
    table: str
    group: str
    default: str
    about: str


def keys() -> list[KeyFact]:
    return [
        KeyFact(
            key.toml_name,
            key.table,
            key.group.value,
            "" if key.default is None else in_toml(key.default),
            key.about,
        )
        for key in KEYS.values()
    ]


def helps() -> Iterator[tuple[str, str]]:
    """Yield each command line that prints help, with that help."""
    yield "reloader --help", full_help()
    for name in SUBCOMMANDS:
        if name != DEFAULT:
            yield f"reloader {name} -h", subcommand_help(name)


def default_ignores() -> list[str]:
    return [rule.pattern for rule in DEFAULT_IGNORES]


def comparison() -> tuple[tuple[str, ...], list[tuple[str, ...]], int]:
    """Return the head and the rows of the small comparison, and the number of files of its tree."""
    results = load(ROOT / "benchmarks/results/field.json")
    files = results.sizes[-1]
    measures = (EDIT, MEMORY, IDLE)
    found = {tool.name: tool for tool in results.measured}
    rows = [(name, *(measure.text(found[name], files) for measure in measures)) for name in TOOLS]
    return ("tool", *(measure.heading for measure in measures)), rows, files
