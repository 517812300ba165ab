"""The generated parts of the pages are up to date, and the site holds every page with links between them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import tomli
from manual.blocks import BLOCKS, escaped, names_in, pages, renewed, table
from manual.site import CONFIG, OUTSIDE, adapted, copy_pages

from tests.support.pages import MANUAL, links
from tests.support.programs.announcements import ROOT


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_generated_parts_of_a_page_are_up_to_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run python packaging/docs"


def test_each_part_stands_on_one_page() -> None:
    assert sorted(name for page in pages(ROOT) for name in names_in(page.read_text(encoding="utf-8"))) == sorted(BLOCKS)


def test_text_outside_of_the_marks_is_unchanged() -> None:
    text = "before\n<!-- generated: ignores -->\nstale\n<!-- /generated -->\nafter\n"
    new = renewed(text)
    assert new.startswith("before\n<!-- generated: ignores -->\n\n```text\n")
    assert new.endswith("\n\n<!-- /generated -->\nafter\n")
    assert "stale" not in new
    assert renewed(new) == new


def test_a_cell_of_a_table_means_nothing_to_markdown() -> None:
    assert escaped("__a__ *b* [c] d|e <f>") == r"\_\_a\_\_ \*b\* \[c\] d\|e &lt;f>"
    assert table(("a", "b"), [("1", "")]) == "| a | b |\n|---|---|\n| 1 | |"


def pages_of_the_site(nav: object) -> list[str]:
    match nav:
        case str():
            return [nav]
        case dict():
            return [page for part in nav.values() for page in pages_of_the_site(part)]
        case list():
            return [page for part in nav for page in pages_of_the_site(part)]
    raise AssertionError(nav)


def test_every_page_is_in_the_navigation() -> None:
    config = tomli.loads(CONFIG.read_text(encoding="utf-8"))["project"]
    ours = [page.removeprefix("docs/") for page in MANUAL]
    brought = [target for target in OUTSIDE.values() if target.endswith(".md")]
    assert sorted(pages_of_the_site(config["nav"])) == sorted([*ours, *brought])


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("index.md", "getting-started.md", "getting-started.md"),
        ("index.md", "../CONTRIBUTING.md", "contributing.md"),
        ("internals/architecture.md", "../../CONTRIBUTING.md#set-up", "../contributing.md#set-up"),
        ("benchmarks.md", "../benchmarks/results/field.svg", "field.svg"),
        ("contributing.md", "docs/internals/style.md", "internals/style.md"),
        ("guides/python.md", "../reference/json.md#runs", "../reference/json.md#runs"),
        ("guides/python.md", "#errors", "#errors"),
        ("guides/python.md", "https://example.org/a.md", "https://example.org/a.md"),
    ],
)
def test_a_link_leads_to_the_same_page_among_the_copies(page: str, link: str, expected: str) -> None:
    assert adapted(f"see [it]({link}).", page) == f"see [it]({expected})."


def test_no_link_leads_out_of_the_copies(tmp_path: Path) -> None:
    copy_pages(ROOT, tmp_path / "docs")
    dead = []
    for page in (tmp_path / "docs").rglob("*.md"):
        for link in links(os.path.relpath(page, ROOT)):
            path = link.partition("#")[0]
            if path and "://" not in path and not (page.parent / path).is_file():
                dead.append(f"{page.name}: {link}")
    assert dead == []
