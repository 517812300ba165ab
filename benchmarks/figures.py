"""Formats medians and tables, and describes the machine without its name."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that ``share`` of ``values`` do not exceed, by the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1))]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format rows as a table that reads well as plain text and as Markdown."""
    cells = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def machine() -> str:
    """Return the date and the machine of a measurement."""
    return (
        f"{datetime.now(timezone.utc):%Y-%m-%d}, {os.cpu_count()} cores{_model()}, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def _model() -> str:
    """Return the name of the processor, where the system has it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f" ({name})" if name else ""


def load_average() -> float:
    """Return the load average of the last minute."""
    return float(Path("/proc/loadavg").read_text(encoding="ascii").split()[0])
