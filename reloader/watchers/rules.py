"""The ignore rules of a git repository that apply to a directory from above it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from reloader.core.paths.filters import RuleSet
from reloader.watchers.disk import read_rules


def rules_from_above(roots: Iterable[str]) -> tuple[RuleSet, ...]:
    """``.git/info/exclude`` and each ``.gitignore`` above ``roots`` in their repositories, the strongest last (gitignore(5))."""
    excludes: dict[str, RuleSet | None] = {}
    above: dict[str, RuleSet | None] = {}
    for root in roots:
        repository = _repository_of(root)
        if repository is None:
            continue
        excludes[repository] = read_rules(os.path.join(repository, ".git", "info", "exclude"), repository)
        directory = root
        while directory != repository:
            directory = os.path.dirname(directory)
            above[directory] = read_rules(os.path.join(directory, ".gitignore"), directory)
    outer_first = [above[directory] for directory in sorted(above, key=len)]
    return tuple(rules for rules in (*excludes.values(), *outer_first) if rules)


def _repository_of(directory: str) -> str | None:
    while not os.path.exists(os.path.join(directory, ".git")):
        above = os.path.dirname(directory)
        if above == directory:
            return None
        directory = above
    return directory
