"""The session that the README shows was a real one, and still goes the same way."""

from __future__ import annotations

import re
import sys
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.programs.announcements import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")

PICTURE = ROOT / "docs/session.svg"
STEPS = (
    "$ reloader init",
    "Created reloader.toml and reloader.schema.json: app.py is a Python program.",
    "$ reloader",
    "[reloader] watching 2 files",
    "[reloader] starting: python app.py (run 1",
    "greeting.py is saved",
    "SyntaxError",
    "greeting.py is saved",
    "[reloader] restarting: python app.py (run",
    "Hello, world!",
    "^C",
    "Good bye.",
    "[reloader] run 2 exited with code 0",
)


def is_in_order(text: str) -> bool:
    return re.search(".*".join(map(re.escape, STEPS)), text, re.DOTALL) is not None


def shown() -> str:
    rows = re.findall(r"<text[^>]*>(.*?)</text>", PICTURE.read_text(encoding="utf-8"))
    return "\n".join(unescape(re.sub(r"<[^>]*>", "", row)) for row in rows)


def test_the_picture_is_svg_with_the_whole_session() -> None:
    assert ET.parse(PICTURE).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 our own file
    assert is_in_order(shown())


def test_the_picture_names_nothing_of_the_machine() -> None:
    assert not re.search(r"/(?:tmp|root|home|var|usr|work)\b", shown())


def test_a_session_still_goes_like_this(tmp_path: Path) -> None:
    from benchmarks.recording import recorded

    text = re.sub(r"\x1b\[[0-9;]*m", "", recorded(tmp_path.resolve()))
    assert is_in_order(text), text


def test_long_lines_are_wrapped_and_keep_their_colours() -> None:
    from benchmarks.terminal_svg import pieces, wrapped

    rows = list(wrapped(pieces("ab\x1b[31mcdef\x1b[0mg"), 4))
    assert [[text for text, _ in row] for row in rows] == [["ab", "cd"], ["ef", "g"]]
    assert rows[0][1][1] == rows[1][0][1] != rows[0][0][1] == rows[1][1][1]
