"""Writes the generated parts of the manual, between ``<!-- generated: NAME -->`` and ``<!-- /generated -->``."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from manual import facts

_BLOCK = re.compile(r"(?<=<!-- generated: )([a-z]+)( -->\n).*?(?=<!-- /generated -->)", re.DOTALL)


def pages(root: Path) -> list[Path]:
    """Return every page that may hold generated parts."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def renewed(text: str) -> str:
    """Return ``text`` with its generated parts up to date. Raise KeyError for the name of an unknown part."""
    return _BLOCK.sub(lambda found: f"{found[1]}{found[2]}\n{BLOCKS[found[1]]().strip()}\n\n", text)


def names_in(text: str) -> list[str]:
    return [found[1] for found in _BLOCK.finditer(text)]


def keys() -> str:
    parts = []
    for group, members in groupby(facts.keys(), key=lambda key: key.group):
        parts += [f"### {group}", table(("Key", "Default", "What it does"), map(_key_row, members))]
    return "\n\n".join(parts)


def _key_row(key: facts.KeyFact) -> tuple[str, str, str]:
    name = f"`{key.name}` in `[{key.table}]`" if key.table else f"`{key.name}`"
    return name, f"`{key.default}`" if key.default else "", escaped(key.about)


def helps() -> str:
    return "\n\n".join(f"## `{typed}`\n\n```text\n{text.strip()}\n```" for typed, text in facts.helps())


def ignores() -> str:
    listed = textwrap.fill("  ".join(facts.default_ignores()), 90, break_long_words=False, break_on_hyphens=False)
    return f"```text\n{listed}\n```"


def peers() -> str:
    head, rows, files = facts.comparison()
    return (
        f"{table(head, rows)}\n\n"
        f"All tools ran at their default settings, on one machine. *Memory* and *idle CPU* are\n"
        f"those in a tree of {files:,} files."
    )


BLOCKS: Mapping[str, Callable[[], str]] = {"keys": keys, "help": helps, "ignores": ignores, "peers": peers}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (head, *rows))
    return "\n".join((next(lines), "|---" * len(head) + "|", *lines))


def escaped(text: str) -> str:
    """Escape ``text`` for a cell of a table, so that no character means anything to Markdown."""
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", text).replace("<", "&lt;")
