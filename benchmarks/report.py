"""Writes results as Markdown: all tables, the short one, and the sentence on where a peer is ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from benchmarks.figures import milliseconds, percentile, table
from benchmarks.findings import Found, InTree, Results

UNKNOWN = "–"
EDITS_HEAD = ("tool", "version", "edits", "median", "p95", "max", "bare start", "overhead", "missed")
TREE_HEAD = (
    "tool", "first run (s)", "ready (s)", "edit, overhead (ms)", "memory (MiB)", "kernel watches", "idle CPU (%)",
    "wake-ups a second", "missed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One column, in which less is better. ``value`` returns that of a tool in a tree of a given size, or None."""

    title: str
    unit: str
    value: Callable[[Found, int], float | None]
    digits: int

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def text(self, tool: Found, files: int) -> str:
        found = self.value(tool, files)
        return UNKNOWN if found is None else f"{found:,.{self.digits}f}"


def _of_tree(read: Callable[[InTree], float | None]) -> Callable[[Found, int], float | None]:
    return lambda tool, files: read(tool.trees[files]) if files in tool.trees else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


EDIT = Measure("edit → new child", "ms", lambda tool, _: _scaled(tool.small.overhead, 1000), 0)
READY = Measure("ready", "s", _of_tree(lambda tree: tree.seen), 2)
MEMORY = Measure("memory", "MiB", _of_tree(lambda tree: _scaled(tree.memory, 2**-20)), 1)
IDLE = Measure("idle CPU", "%", _of_tree(lambda tree: _scaled(tree.idle, 100)), 2)
WATCHES = Measure("kernel watches", "", _of_tree(lambda tree: tree.watches), 0)
MEASURES = (EDIT, READY, MEMORY, IDLE, WATCHES)


def conditions(results: Results) -> str:
    before, after = results.loads
    return f"{results.machine}; load {before:.1f} at the start, {after:.1f} at the end"


def full_tables(results: Results) -> str:
    """Return all tables, for ``benchmarks/README.md``."""
    parts = [
        f"{conditions(results)}.",
        f"**A small project**, milliseconds, {results.settings.pairs} pairs:",
        table(EDITS_HEAD, map(_edits_row, results.tools)),
    ]
    for files in results.sizes:
        parts += [
            f"**{files:,} files**, {results.directories[files]:,} directories that count, {results.settings.starts} starts:",
            table(TREE_HEAD, (_tree_row(tool, files) for tool in results.measured)),
        ]
    parts += [f"{tool.name} is not available: {tool.refused}" for tool in results.tools if tool.refused is not None]
    if results.storms:
        parts.append(
            f"500 files rewritten at once: {', '.join(map(str, results.storms))} restarts of {results.tools[0].name}."
        )
    return "\n\n".join(parts)


def summary(results: Results) -> str:
    """Return the table of the most important columns, in the largest tree."""
    files = results.sizes[-1]
    head = ("tool", "version", *(measure.heading for measure in MEASURES), "missed edits")
    rows = [
        (
            tool.name,
            tool.version,
            *(measure.text(tool, files) for measure in MEASURES),
            f"{tool.missed} of {tool.edits}",
        )
        for tool in in_order(results)
    ]
    refused = [f"`{tool.name}` is not available." for tool in results.tools if tool.refused is not None]
    measured = f"Measured in a tree of {files:,} files; {conditions(results)}."
    return "\n\n".join([table(head, rows), *refused, where_peers_are_ahead(results), measured])


def in_order(results: Results) -> list[Found]:
    """Sort the tools: reloader first, then the peers, the quickest first."""
    peers = [tool for tool in results.measured if not tool.is_ours]
    late = float("inf")
    peers.sort(key=lambda tool: late if tool.small.overhead is None else tool.small.overhead)
    return [*(tool for tool in results.measured if tool.is_ours), *peers]


def where_peers_are_ahead(results: Results) -> str:
    """Compare the peers with the first row of reloader, the backend that most systems get."""
    ordered = in_order(results)
    if not ordered or not ordered[0].is_ours:
        return "Nothing of ours was measured."
    ours, peers = ordered[0], [tool for tool in ordered if not tool.is_ours]
    ahead = [(measure, list(_ahead(measure, ours, peers, results.sizes[-1]))) for measure in MEASURES]
    named = [f"{measure.title}: {', '.join(texts)}" for measure, texts in ahead if texts]
    if not named:
        return f"No peer that was measured is ahead of `{ours.name}` in any of these columns."
    return f"Ahead of `{ours.name}` are, in {'; in '.join(named)}."


def _ahead(measure: Measure, ours: Found, peers: Iterable[Found], files: int) -> Iterable[str]:
    """Yield the peers that are better by the figures of the table."""
    limit = measure.value(ours, files)
    for peer in peers:
        value = measure.value(peer, files)
        if value is not None and (limit is None or round(value, measure.digits) < round(limit, measure.digits)):
            yield f"{peer.name} ({measure.text(peer, files)}{' ' * bool(measure.unit)}{measure.unit})"


def _edits_row(tool: Found) -> tuple[object, ...]:
    pairs = tool.small
    if tool.refused is not None or not pairs.edits:
        return (tool.name, tool.version, 0, *[UNKNOWN] * 5, UNKNOWN if tool.refused is not None else pairs.missed)
    figures = (
        median(pairs.edits), percentile(pairs.edits, 0.95), max(pairs.edits), median(pairs.bare), median(pairs.overheads),
    )  # fmt: skip
    return (tool.name, tool.version, len(pairs.edits), *map(milliseconds, figures), pairs.missed)


def _tree_row(tool: Found, files: int) -> tuple[object, ...]:
    tree = tool.trees[files]
    pairs = tree.pairs
    return (
        tool.name,
        f"{median(tree.first):.2f}" if tree.first else UNKNOWN,
        READY.text(tool, files),
        UNKNOWN if pairs.overhead is None else milliseconds(pairs.overhead),
        MEMORY.text(tool, files),
        UNKNOWN if tree.watches is None else tree.watches,
        UNKNOWN if tree.idle is None else f"{tree.idle * 100:.3f}",
        UNKNOWN if tree.wakeups is None else f"{tree.wakeups:.1f}",
        f"{pairs.missed} of {pairs.missed + len(pairs.edits)}",
    )
