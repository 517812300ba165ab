"""Draws the results of ``benchmarks.field``, and writes them into the pages that show them.

    python -m benchmarks.chart FILE.json

The drawing is a few hundred marks, written without a library. A plotting library would be the largest dependency of the
benchmarks. Its SVG would be many times larger, with letters as outlines and one set of colours.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.findings import Found, Results, load, save
from benchmarks.report import EDIT, IDLE, MEMORY, READY, UNKNOWN, Measure, conditions, full_tables, in_order, summary
from benchmarks.sessions import REPOSITORY

PANELS = (EDIT, READY, MEMORY, IDLE)
NAMES, PANEL, GAP, ROW, TOP, BOTTOM = 184, 186, 38, 24, 84, 58
MARGIN = 24
EXPLAINED = "Edit → new child: less the program's own start, in a small project. The others: in a tree of"
#: It has a background, and dark colours for readers who prefer them, so it is readable on every page.
STYLE = """\
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 } .head, .ours { font-weight: 600 } .quiet { fill: #59636e; font-size: 11px }
.ground { fill: #ffffff; stroke: #d1d9e0 } .line { stroke: #d1d9e0 } .peer { fill: #818b98 } .reloader { fill: #0969da }
.end { text-anchor: end } .middle { text-anchor: middle }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .quiet { fill: #9198a1 } .ground { fill: #0d1117; stroke: #3d444d } .line { stroke: #3d444d }
.reloader { fill: #4493f8 } }
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic axis over whole powers of ten, since the figures differ by a factor of hundreds."""

    lowest: int
    highest: int

    @classmethod
    def of(cls, values: Sequence[float], smallest: float) -> Scale:
        """Return the scale for ``values``. Values below ``smallest`` are drawn at ``smallest``."""
        logarithms = [math.log10(max(value, smallest)) for value in values] or [0.0]
        lowest = math.floor(min(logarithms))
        return cls(lowest, max(math.ceil(max(logarithms)), lowest + 1))

    def place(self, value: float) -> float:
        share = (math.log10(max(value, 10.0**self.lowest)) - self.lowest) / (self.highest - self.lowest)
        return share * PANEL


def draw(results: Results) -> str:
    tools, files = in_order(results), results.sizes[-1]
    width = NAMES + len(PANELS) * (PANEL + GAP)
    height = TOP + ROW * len(tools) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>reloader and its peers</title><style>{STYLE}</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>',
        _text(MARGIN, 30, "title", "reloader and its peers: a restart, and the wait for it"),
        _text(MARGIN, 48, "quiet", f"{EXPLAINED} {files:,} files. Less is better; each axis is logarithmic."),
        *(_name(row, tool) for row, tool in enumerate(tools)),
    ]
    for number, measure in enumerate(PANELS):
        parts += _panel(NAMES + number * (PANEL + GAP), measure, tools, files)
    parts += [_text(MARGIN, height - 14, "quiet", conditions(results)), "</svg>", ""]
    return "\n".join(parts)


def _name(row: int, tool: Found) -> str:
    return _text(NAMES - 12, _middle_of(row) + 4, "end ours" if tool.is_ours else "end", tool.name)


def _panel(left: int, measure: Measure, tools: Sequence[Found], files: int) -> Iterator[str]:
    known = [value for tool in tools if (value := measure.value(tool, files)) is not None]
    scale = Scale.of(known, 10.0**-measure.digits)
    bottom = TOP + ROW * len(tools)
    yield _text(left, TOP - 14, "head", measure.heading)
    for power in range(scale.lowest, scale.highest + 1):
        across = left + scale.place(10.0**power)
        yield f'<line class="line" x1="{across:.1f}" y1="{TOP - 4}" x2="{across:.1f}" y2="{bottom}"/>'
        yield _text(across, bottom + 15, "quiet middle", f"{10.0**power:g}")
    for row, tool in enumerate(tools):
        yield from _mark(left, _middle_of(row), measure, tool, files, scale)


def _mark(left: int, middle: float, measure: Measure, tool: Found, files: int, scale: Scale) -> Iterator[str]:
    value = measure.value(tool, files)
    if value is None:
        yield _text(left + 6, middle + 4, "quiet", UNKNOWN)
        return
    place = scale.place(value)
    kind, side = ("reloader" if tool.is_ours else "peer"), (10, "") if place < PANEL * 0.75 else (-10, "end")
    yield f'<circle class="{kind}" cx="{left + place:.1f}" cy="{middle}" r="5"/>'
    strong = " ours" if tool.is_ours else ""
    yield _text(left + place + side[0], middle + 4, f"{side[1]}{strong}".strip() or "plain", measure.text(tool, files))


def _middle_of(row: int) -> float:
    return TOP + ROW * (row + 0.5)


def _text(x: float, y: float, kind: str, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def publish(results: Results, directory: Path) -> None:
    """Write the results, the tables and the chart. Those of the repository also go into its pages."""
    directory.mkdir(parents=True, exist_ok=True)
    save(results, directory / "field.json")
    (directory / "field.md").write_text(full_tables(results) + "\n", encoding="utf-8")
    (directory / "field.svg").write_text(draw(results), encoding="utf-8")
    if directory.resolve() == REPOSITORY / "benchmarks/results":
        put_between_marks(REPOSITORY / "docs/benchmarks.md", summary(results))
        put_between_marks(REPOSITORY / "benchmarks/README.md", full_tables(results))


def put_between_marks(file: Path, text: str, mark: str = "field") -> None:
    """Replace the text between ``<!-- MARK -->`` and ``<!-- /MARK -->``."""
    old = file.read_text(encoding="utf-8")
    new, marks = re.subn(
        rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", lambda _: f"\n{text}\n\n", old, flags=re.DOTALL
    )
    if marks != 1:
        raise SystemExit(f"{file.name} has not one place for the results, but {marks}")
    file.write_text(new, encoding="utf-8")


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m benchmarks.chart FILE.json", file=sys.stderr)
        return 2
    file = Path(sys.argv[1])
    publish(load(file), file.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
