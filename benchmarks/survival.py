"""Keeps the results of ``benchmarks.sockets``, and writes their tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from pydantic import TypeAdapter

from benchmarks.chart import put_between_marks
from benchmarks.clients import Tally
from benchmarks.figures import table
from benchmarks.sessions import REPOSITORY

FILE = "sockets"
HEAD = (
    "server", "under", "restarts", "connections", "refused", "reset, nobody's yet", "reset in a run's hands", "longest wait (ms)",
    "own start (ms)", "own end (ms)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Survival:
    """One server under one tool, through ``restarts`` of those that were ``asked`` for."""

    server: str
    tool: str
    version: str
    restarts: int
    asked: int
    clients: Tally


@dataclass(frozen=True, slots=True)
class Kept:
    """All results. ``lives`` are the seconds that each server takes to start and to end without a reloader.

    ``every`` is the time between two connections, in seconds.
    """

    machine: str
    loads: tuple[float, float]
    every: float
    lives: dict[str, list[tuple[float, float]]]
    versions: dict[str, str]
    found: list[Survival]


_KEPT = TypeAdapter(Kept)


def load(file: Path) -> Kept:
    return _KEPT.validate_json(file.read_bytes())


def publish(new: Kept, directory: Path) -> Kept:
    """Keep ``new``, and older results that it does not replace. Write the tables, also into the pages."""
    file = directory / f"{FILE}.json"
    kept = _merged(load(file), new) if file.exists() else new
    directory.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_KEPT.dump_json(kept, indent=1) + b"\n")
    (directory / f"{FILE}.md").write_text(tables(kept) + "\n", encoding="utf-8")
    if directory.resolve() == REPOSITORY / "benchmarks/results":
        put_between_marks(REPOSITORY / "docs/benchmarks.md", summary(kept), FILE)
        put_between_marks(REPOSITORY / "benchmarks/README.md", tables(kept), FILE)
    return kept


def _merged(old: Kept, new: Kept) -> Kept:
    measured = {(one.server, one.tool) for one in new.found}
    found = [one for one in old.found if (one.server, one.tool) not in measured] + new.found
    order = list(dict.fromkeys([*old.versions, *new.versions]))
    found.sort(key=lambda one: (one.tool != "reloader", one.tool, order.index(one.server)))
    loads = (max(old.loads[0], new.loads[0]), max(old.loads[1], new.loads[1]))
    return replace(new, loads=loads, lives=old.lives | new.lives, versions=old.versions | new.versions, found=found)


def tables(kept: Kept) -> str:
    """Return all tables, for ``benchmarks/README.md``."""
    return "\n\n".join([table(HEAD, (_row(kept, one) for one in kept.found)), _conditions(kept)])


def summary(kept: Kept) -> str:
    """Return the short table: each server under reloader, then each under the others."""
    return tables(kept)


def _row(kept: Kept, one: Survival) -> tuple[object, ...]:
    starts, ends = zip(*kept.lives[one.server], strict=True)
    version = kept.versions[one.server]
    restarts = str(one.restarts) if one.restarts == one.asked else f"{one.restarts} of {one.asked}"
    return (
        f"{one.server} {version}".strip(),
        one.tool,
        restarts,
        f"{one.clients.visits:,}",
        f"{one.clients.refused:,}",
        one.clients.lost,
        one.clients.in_flight,
        f"{one.clients.longest * 1000:,.0f}",
        f"{median(starts) * 1000:,.0f} (up to {max(starts) * 1000:,.0f})",
        f"{median(ends) * 1000:,.0f} (up to {max(ends) * 1000:,.0f})",
    )


def _conditions(kept: Kept) -> str:
    return (
        f"A new connection every {kept.every * 1000:g} ms. {kept.machine}; load {kept.loads[0]:.1f} at the start, "
        f"{kept.loads[1]:.1f} at the end."
    )
