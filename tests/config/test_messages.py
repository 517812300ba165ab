"""Parts of error messages, which the command line uses as well."""

from __future__ import annotations

import pytest

from reloader.config.messages import printable, quoted, suggest


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\\x0alines"),
        ("\x1b[2J\x7f\x9b", "\\x1b[2J\\x7f\\x9b"),
        ("caf\udce9", "caf\\udce9"),
        ("a\u2028b\u202ec\u2066", "a\\u2028b\\u202ec\\u2066"),
        ("日本\u3000語, می\u200cخواهم", "日本\u3000語, می\u200cخواهم"),
    ],
)
def test_only_what_is_unsafe_in_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_is_shortened_in_quotes() -> None:
    assert quoted("x" * 61) == f'"{"x" * 59}…"'
    assert quoted("x" * 60) == f'"{"x" * 60}"'


@pytest.mark.parametrize(
    ("word", "suggestion"), [("intervall", "interval"), ("INTERVAL", "interval"), ("SIGTREM", "SIGTERM"), ("q", None)]
)
def test_the_most_similar_word_is_suggested_whatever_its_case(word: str, suggestion: str | None) -> None:
    assert suggest(word, ["interval", "SIGTERM"]) == suggestion


def test_a_cutoff_asks_for_more_similarity() -> None:
    assert suggest("state", ["status"], cutoff=0.9) is None
    assert suggest("state", ["status"]) == "status"
