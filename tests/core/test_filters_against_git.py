"""The filter against ``git check-ignore``, on random trees with random ``.gitignore`` files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from reloader.core.paths.filters import NO_FACTS, DirectoryFacts, PathFilter, Rule, RuleSet

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git to compare with"),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold most of these file names"),
    pytest.mark.skipif(sys.platform == "darwin", reason="on macOS a name may stand for another one by its case"),
]

BLOCKS = 6
TREES = 40  # in a block; a test prints the seed of the tree that differs

NAMES = (
    "a",
    "b",
    "ab",
    "a.b",
    "x.py",
    "[c]",
    "a b",
    "#h",
    "!n",
    "*",
    "A",
    "a\\b",
    "-",
    "b.",
    "a\nb",
    "a ",
    " a",
    "^",
    "]",
    "a]",
)
# Left out: "a**/b", which git takes for "a" and "**/b", and "?" beside letters beyond ASCII, which git sees as bytes.
SEGMENTS = (
    *("a", "b", "ab", "a.b", "A", "-", "b.", "a b", "x.py", "\\a", "a\\ b", "a\\\\b", "\\*", "\\[c\\]", "\\!n", "\\#h"),
    *("*", "**", "?", "a*", "*b", "a*b*", "*.py", "?b", "???"),
    *("[ab]", "[!a]", "[^a]", "[a-c]", "[z-a]", "[!z-a]", "[[]c]", "[]a]", "[a\\]]", "[\\\\]", "[a-]", "[!]a]", "[!!]"),
    *("[[:alpha:]]", "[[:digit:]_a]", "[a\\-c]"),
)
ODDITIES = (
    "",
    "/",
    "//",
    "!",
    "!/",
    "/**",
    "**/",
    "/*",
    "*/",
    "[",
    "[a",
    "\\",
    "a\\",
    "!a\\",
    "/a//b",
    "a/./b",
    "./a",
    "  ",
)


@dataclass(frozen=True)
class Tree:
    """Directories and files by their relative paths, and the lines of each directory's ``.gitignore``."""

    files: tuple[str, ...]
    ignores: dict[str, list[str]]

    @classmethod
    def grown_from(cls, random: Random) -> Tree:
        directories = [""]
        for _ in range(random.randint(1, 5)):
            directories.append(_below(random.choice(directories), random.choice(NAMES)))
        files = {_below(random.choice(directories), random.choice(NAMES)) for _ in range(random.randint(4, 14))}
        files.difference_update(directories)
        ignoring = ["", *(directory for directory in sorted(set(directories)) if random.random() < 0.3)]
        return cls(
            tuple(sorted(files)), {where: [_pattern(random) for _ in range(random.randint(1, 6))] for where in ignoring}
        )

    def plant(self, root: Path) -> None:
        for file in self.files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).touch()
        for directory, lines in self.ignores.items():
            (root / directory).mkdir(parents=True, exist_ok=True)
            (root / directory / ".gitignore").write_text("".join(line + "\n" for line in lines))


def _below(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _pattern(random: Random) -> str:
    if random.random() < 0.04:
        return random.choice(ODDITIES)
    pattern = "/".join(random.choice(SEGMENTS) for _ in range(random.choice((1, 1, 1, 2, 2, 3))))
    for chance, before, after in (
        (0.2, "/", ""),
        (0.15, "**/", ""),
        (0.15, "", "/**"),
        (0.25, "", "/"),
        (0.3, "!", ""),
        (0.05, "", " "),
        (0.03, " ", ""),
        (0.03, "#", ""),
    ):
        if random.random() < chance:
            pattern = before + pattern + after
    return pattern


def _ignored_by_git(root: Path, files: tuple[str, ...]) -> set[str]:
    """The answer of git, without the configuration of the user who runs the tests."""
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": "",
    }
    git = ["git", "-C", str(root), "-c", f"core.excludesFile={os.devnull}"]
    subprocess.run([*git, "init", "-q"], env=environment, check=True)
    check = [*git, "check-ignore", "--no-index", "-z", "--stdin"]
    asked = subprocess.run(check, input="\0".join(files).encode(), env=environment, stdout=subprocess.PIPE, check=False)
    assert asked.returncode in (0, 1), "git could not answer"  # 1: none of them
    return set(asked.stdout.decode().split("\0")) - {""}


def _ignored_by_us(root: Path, tree: Tree) -> set[str]:
    facts = {}
    for directory, lines in tree.ignores.items():
        base = str(root / directory)
        rules = [Rule(line, f"{base}/.gitignore", number) for number, line in enumerate(lines, 1)]
        facts[base] = DirectoryFacts(RuleSet(base, rules, lenient=True))
    path_filter = PathFilter([str(root)], facts_of=lambda directory: facts.get(directory, NO_FACTS))
    return {file for file in tree.files if not path_filter.is_watched(f"{root}/{file}")}


@pytest.mark.parametrize("block", range(BLOCKS))
def test_what_git_ignores_is_ignored_and_nothing_else(block, tmp_path):
    ignored = 0
    for seed in range(block * TREES, (block + 1) * TREES):
        tree = Tree.grown_from(Random(seed))  # noqa: S311 - a seed is the point
        root = tmp_path / str(seed)
        tree.plant(root)
        by_git = _ignored_by_git(root, tree.files)
        assert _ignored_by_us(root, tree) == by_git, f"seed {seed}: {tree}"
        ignored += len(by_git)
    assert ignored > TREES, "the trees say nothing: hardly a file is ignored in them"
