"""The pattern that the user is told to copy into the config matches the file, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.paths.filters import Rule, RuleSet
from reloader.core.paths.ignores import ignore_pattern

ODD = [
    "a b",
    " a",
    "a  ",
    "*",
    "?",
    "[a]",
    "\\",
    "a\\",
    "#a",
    "!a",
    '"',
    "ünï",
    "**",
    "^",
    "]",
    "-",
    "\\ ",
]
ANY_NAME = st.text(st.characters(blacklist_characters="/\0"), min_size=1, max_size=6)
NAMES = st.one_of(st.sampled_from(ODD), ANY_NAME.filter(str.isprintable)).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4)


def is_met(rules: RuleSet, names: list[str]) -> bool:
    return rules.rule_for(names[-1], "/".join(names), is_directory=False) is not None


@given(PATHS, PATHS)
def test_a_pattern_below_the_base_matches_only_this_path(names: list[str], others: list[str]) -> None:
    pattern = ignore_pattern("/base/" + "/".join(names), "/base", "/")
    rules = RuleSet("/base", [Rule(pattern, "test")])
    assert is_met(rules, names)
    assert is_met(rules, others) is (names == others)


@given(PATHS)
def test_a_pattern_outside_of_the_base_matches_the_name(names: list[str]) -> None:
    pattern = ignore_pattern("/elsewhere/" + "/".join(names), "/base", "/")
    assert is_met(RuleSet("/base", [Rule(pattern, "test")]), names)


def test_the_root_of_the_disk_may_be_the_base() -> None:
    assert ignore_pattern("/srv/data.db", "/", "/") == "/srv/data.db"


def test_the_paths_of_windows_become_patterns_with_slashes() -> None:
    assert ignore_pattern(r"C:\work\data\my db", "C:\\work", "\\") == "/data/my db"


@pytest.mark.parametrize("letter", ["\udcff", "\n", "\x1f", "\x85"])
def test_what_cannot_be_printed_becomes_a_question_mark(letter: str) -> None:
    assert ignore_pattern(f"/base/a{letter}b", "/base", "/") == "/a?b"


@given(st.lists(ANY_NAME, min_size=1))
def test_every_name_has_a_pattern(names: list[str]) -> None:
    pattern = ignore_pattern("/base/" + "/".join(names), "/base", "/")
    assert is_met(RuleSet("/base", [Rule(pattern, "test")]), names)
    assert pattern.isprintable()


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git to compare with")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold most of these file names")
def test_git_reads_a_pattern_in_the_same_way(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("".join(ignore_pattern(f"/x/{name}", "/x", "/") + "\n" for name in ODD))
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    asked = "\0".join([*ODD, "aa", "ab", "b"])
    git = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", "-z", "--stdin"],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    assert git.stdout.split("\0")[:-1] == ODD
