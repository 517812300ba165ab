"""Plain English, as far as a test can hold it: docs/internals/style.md has the rules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pages import PAGES, by_hand, sentences, sentences_of, text_of
from tests.support.programs.announcements import ROOT

COLUMNS = 100
WORDS = 25

#: The pages, and the one of the site that lies outside of docs/.
READ = (*PAGES, "benchmarks/README.md")

#: Ways to say that something is not, or to leave out who does it, that a reader has to decode.
RIDDLES = re.compile(
    r"(?<!there )\bis (?:no|(?-i:none))\b(?! (?:longer|more)\b)|\bcounts? no more\b|\bis not to be had\b|\bwho(?:so)?ever\b"
    r"|\bsomebody\b|\b(?:be|is) no good\b|\bby hand of\b|\bis gone: |\bwho (?:asks|connects|waits|serves|comes)\b",
    re.IGNORECASE,
)


def outside_of_tables_and_code(page: str) -> Iterator[tuple[int, str]]:
    is_code = False
    for number, line in enumerate(by_hand(page).splitlines(), 1):
        is_code ^= line.lstrip().startswith("```")
        if not is_code and not line.startswith("|"):
            yield number, line


@pytest.mark.parametrize("page", READ)
def test_a_line_of_a_page_is_not_wider_than_a_screen(page: str) -> None:
    """One that holds a link may be: it cannot be broken."""
    lines = outside_of_tables_and_code(page)
    assert [number for number, line in lines if len(line) > COLUMNS and "](" not in line] == []


@pytest.mark.parametrize("page", READ)
def test_a_sentence_of_a_page_is_short(page: str) -> None:
    assert [sentence for sentence in sentences(page) if len(sentence.split()) > WORDS] == []


@pytest.mark.parametrize("page", READ)
def test_a_page_has_no_riddles(page: str) -> None:
    lines = outside_of_tables_and_code(page)
    assert [f"{page}:{number}: {line}" for number, line in lines if RIDDLES.search(line)] == []


def messages() -> Iterator[tuple[Path, int, str]]:
    """Every text of the program that may be a message: all but docstrings."""
    for path in sorted((ROOT / "reloader").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = list(ast.walk(tree))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield path, node.lineno, node.value


def test_a_message_has_no_riddles() -> None:
    found = [(path, line, text) for path, line, text in messages() if " " in text and RIDDLES.search(text)]
    assert [f"{path.relative_to(ROOT)}:{line}: {text}" for path, line, text in found] == []


def docstrings(module: str) -> Iterator[tuple[int, str]]:
    """Each docstring of a module, with the line of what it belongs to."""
    for node in ast.walk(ast.parse(text_of(module))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text


MODULES = tuple(
    path.relative_to(ROOT).as_posix()
    for folder in ("reloader", "benchmarks", "packaging")
    for path in sorted((ROOT / folder).rglob("*.py"))
)


@pytest.mark.parametrize("module", MODULES)
def test_a_docstring_does_not_begin_with_a_question_word(module: str) -> None:
    first_words = re.compile(r"(?:Whether|What|Who|How|Where|That)\b")
    assert [(line, text) for line, text in docstrings(module) if first_words.match(text)] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_sentence_of_a_docstring_is_short(module: str) -> None:
    found = [(line, sentence) for line, text in docstrings(module) for sentence in sentences_of(text)]
    assert [(line, sentence) for line, sentence in found if len(sentence.split()) > WORDS] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_docstring_has_no_riddles(module: str) -> None:
    assert [(line, text) for line, text in docstrings(module) if RIDDLES.search(text)] == []


def test_contributing_is_short() -> None:
    assert len(text_of("CONTRIBUTING.md").encode()) <= 8_000
