"""Keeps the results of ``benchmarks.field``: enough to write the tables and draw the chart again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from pydantic import TypeAdapter

OUR_NAME = "reloader"


@dataclass(slots=True)
class Pairs:
    """Seconds of each pair: a bare start, and an edit that caused a restart. ``missed`` counts the edits that caused none."""

    bare: list[float] = field(default_factory=list)
    edits: list[float] = field(default_factory=list)
    missed: int = 0

    @property
    def overheads(self) -> list[float]:
        return [edit - bare for bare, edit in zip(self.bare, self.edits, strict=True)]

    @property
    def overhead(self) -> float | None:
        return median(self.overheads) if self.edits else None


@dataclass(slots=True)
class InTree:
    """A tool in a tree of many files, in seconds, bytes, and per second.

    ``first`` is the time from the start of the tool to the program's first line, ``ready`` that to the first edit seen.
    ``never`` counts the starts in which no edit was seen. ``idle`` is a share of a core.
    """

    first: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    never: int = 0
    pairs: Pairs = field(default_factory=Pairs)
    memory: int | None = None
    watches: int | None = None
    idle: float | None = None
    wakeups: float | None = None

    @property
    def seen(self) -> float | None:
        """The median of ``ready``. A start in which no edit was seen counts as slower than all others."""
        ordered = [*sorted(self.ready), *[None] * self.never]
        return ordered[(len(ordered) - 1) // 2] if ordered else None


@dataclass(slots=True)
class Found:
    """One tool. ``refused`` is its last line of output if it could not be measured."""

    name: str
    version: str
    refused: str | None = None
    small: Pairs = field(default_factory=Pairs)
    trees: dict[int, InTree] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.name.startswith(OUR_NAME)

    @property
    def missed(self) -> int:
        return self.small.missed + sum(tree.pairs.missed for tree in self.trees.values())

    @property
    def edits(self) -> int:
        """The number of single edits, missed ones included."""
        all_pairs = [self.small, *(tree.pairs for tree in self.trees.values())]
        return self.missed + sum(len(pairs.edits) for pairs in all_pairs)


@dataclass(slots=True)
class Settings:
    pairs: int
    starts: int
    edits: int
    idle: float


@dataclass(slots=True)
class Results:
    """``directories`` are the watched ones, by the size of the tree. ``loads`` are those of the machine, first and last."""

    machine: str
    loads: tuple[float, float]
    settings: Settings
    tools: list[Found]
    directories: dict[int, int] = field(default_factory=dict)
    storms: list[int] = field(default_factory=list)

    @property
    def sizes(self) -> list[int]:
        return sorted(self.directories)

    @property
    def measured(self) -> list[Found]:
        return [tool for tool in self.tools if tool.refused is None]


_KEPT = TypeAdapter(Results)


def save(results: Results, file: Path) -> None:
    file.write_bytes(_KEPT.dump_json(results, indent=1) + b"\n")


def load(file: Path) -> Results:
    return _KEPT.validate_json(file.read_bytes())
