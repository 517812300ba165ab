"""The documents of the repository, and how tests read them: sections, tables, code, links, sentences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache

from tests.support.programs.announcements import ROOT

MANUAL = tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")))
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *MANUAL)

CODE = re.compile(r"`([^`]*)`")
_FENCE = re.compile(r"^```.*?^```$\n?", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)


@cache
def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def by_hand(page: str) -> str:
    """The text of a page without what a program writes between marks. Its lines keep their numbers."""
    written = re.compile(r"^<!-- (?:generated: )?(\w+) -->$.*?^<!-- /(?:generated|\1) -->$", re.DOTALL | re.MULTILINE)
    return written.sub(lambda part: "\n" * part[0].count("\n"), text_of(page))


def section(page: str, title: str) -> str:
    """The text below a heading, up to the next one that is not below it."""
    outside_of_code = _FENCE.sub(lambda code: re.sub(r"(?m)^#", " ", code[0]), text_of(page))
    for found in _HEADING.finditer(outside_of_code):
        if found[2] == title:
            rest = outside_of_code[found.end() :]
            end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
            start = found.end()
            return text_of(page)[start : start + end.start() if end else None]
    raise AssertionError(f"{page} has no section {title!r}")


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def console_lines(text: str) -> list[str]:
    return [line.removeprefix("$ ") for block in blocks("console", text) for line in block.splitlines()]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of all tables, without their heads."""
    for table in re.findall(r"(?:^\|.*\n?)+", _FENCE.sub("", text), re.MULTILINE):
        for line in table.splitlines()[2:]:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def links(page: str) -> list[str]:
    return [target for _, target in _LINK.findall(_FENCE.sub("", text_of(page)))]


def anchors(page: str) -> set[str]:
    """As GitHub makes them from the headings."""
    headings = [found[2] for found in _HEADING.finditer(_FENCE.sub("", text_of(page)))]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def prose(page: str) -> Iterator[str]:
    """Its paragraphs and the items of its lists, each on one line: no headings, tables, code or comments."""
    text = re.sub(r"<!--.*?-->", "\n", _FENCE.sub("\n", by_hand(page)), flags=re.DOTALL)
    for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        line = " ".join(part.split())
        if line and line[0] not in "#|" and not line.startswith("!["):
            yield re.sub(r"^(?:[-*]|\d+\.) ", "", line)


def sentences(page: str) -> Iterator[str]:
    """Of its prose. What stands in backticks, and a link, counts as few words as a reader takes it for."""
    for paragraph in prose(page):
        plain = CODE.sub("code", _LINK.sub(r"\1", paragraph))
        yield from re.split(r"(?<=[.!?])\s+(?=[A-Zc*])|:$", plain)


def sentences_of(docstring: str) -> Iterator[str]:
    """The sentences of a docstring, without what is indented: a drawing, a table, an example."""
    for paragraph in re.split(r"\n\s*\n", docstring):
        lines = [line for line in paragraph.splitlines() if not line.startswith(("    ", "  ", "|", "-"))]
        yield from re.split(r"(?<=[.!?:;])\s+", re.sub(r"``[^`]*``", "code", " ".join(lines)))


def own_part(line: str) -> list[str]:
    """The words of a line of a console, up to what a shell joins to them."""
    words = shlex.split(line)
    end = next((at for at, word in enumerate(words) if word in {"|", ">", "&&", "||", ";"}), len(words))
    return words[:end]
