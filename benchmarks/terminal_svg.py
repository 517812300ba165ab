"""Draws lines of a terminal as SVG: text, and the few colours that reloader uses. Cursor movements are not supported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

SIZE = 13
ADVANCE = SIZE * 0.602
LEADING = SIZE * 1.45
MARGIN = 16

_COLOURS = {
    "31": "#ff7b72",
    "33": "#e3b341",
    "36": "#56d4dd",
    "90": "#8b949e",
    "3": "#7ee787",
    "32": "#7ee787",
    "35": "#d2a8ff",
}
_PLAIN = "#e6edf3"
_GROUND = "#0d1117"
_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")

Piece = tuple[str, str]
"""A text and its colour."""


def drawn(text: str, columns: int) -> str:
    lines = [line for whole in text.strip("\n").split("\n") for line in wrapped(pieces(whole), columns)]
    width = round(columns * ADVANCE + 2 * MARGIN)
    height = round(len(lines) * LEADING + 2 * MARGIN)
    rows = "\n".join(_row(number, line) for number, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="A session of reloader in a terminal">\n'
        f"<style>text {{ white-space: pre }}</style>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{_GROUND}"/>\n'
        f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{SIZE}" xml:space="preserve">\n'
        f"{rows}\n</g>\n</svg>\n"
    )


def pieces(line: str) -> Iterator[Piece]:
    """Yield the parts of a line, each of one colour. Sequences other than those for colours are left out."""
    colour = _PLAIN
    for number, part in enumerate(_SEQUENCE.split(line)):
        if number % 2:
            codes = part.split(";")
            colour = next((_COLOURS[code] for code in codes if code in _COLOURS), _PLAIN)
        elif part := re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78=>]|[\r\a]", "", part):
            yield part, colour


def wrapped(line: Iterator[Piece], columns: int) -> Iterator[list[Piece]]:
    """Break a line as a terminal does, where it is full."""
    row: list[Piece] = []
    room = columns
    for text, colour in line:
        rest = text
        while len(rest) > room:
            row.append((rest[:room], colour))
            yield row
            row, rest, room = [], rest[room:], columns
        row.append((rest, colour))
        room -= len(rest)
    yield row


def _row(number: int, line: list[Piece]) -> str:
    y = MARGIN + (number + 0.78) * LEADING
    spans = "".join(f'<tspan fill="{colour}">{escape(text)}</tspan>' for text, colour in line)
    return f'<text x="{MARGIN}" y="{y:.1f}">{spans}</text>'
