"""The rules that a repository has above the directory that is watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.watchers.rules import inherited_gitignore_rules


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    repository = tmp_path / "repository"
    (repository / ".git/info").mkdir(parents=True)
    (repository / "services/web/src").mkdir(parents=True)
    return repository


def sources(*roots: Path) -> list[str]:
    """Where the rules are written, the weakest first. Every file here has a rule about ``x``."""
    found = []
    for rules in inherited_gitignore_rules(map(str, roots)):
        rule = rules.rule_for("x", "x", is_directory=False)
        assert rule is not None
        found.append(rule.source)
    return found


def ignore_x(*paths: Path) -> list[str]:
    for path in paths:
        path.write_text("x\n")
    return [str(path) for path in paths]


def test_come_from_the_exclude_file_and_from_each_directory_between(repository: Path) -> None:
    expected = ignore_x(
        repository / ".git/info/exclude",
        repository / ".gitignore",
        repository / "services/.gitignore",
        repository / "services/web/.gitignore",
    )
    ignore_x(repository / "services/web/src/.gitignore")
    assert sources(repository / "services/web/src") == expected


def test_are_only_the_exclude_file_at_the_top_of_a_repository(repository: Path) -> None:
    expected = ignore_x(repository / ".git/info/exclude")
    ignore_x(repository / ".gitignore")
    assert sources(repository) == expected


def test_end_at_the_repository(repository: Path) -> None:
    ignore_x(repository.parent / ".gitignore")
    assert sources(repository / "services") == []


def test_are_none_outside_of_a_repository(tmp_path: Path) -> None:
    (tmp_path / "lonely").mkdir()
    ignore_x(tmp_path / ".gitignore")
    assert str(tmp_path / ".gitignore") not in sources(tmp_path / "lonely")


def test_of_two_roots_in_one_repository_are_told_once(repository: Path) -> None:
    expected = ignore_x(repository / ".git/info/exclude", repository / ".gitignore")
    assert sources(repository / "services/web", repository / "services") == expected


def test_of_a_worktree_whose_git_is_a_file_come_from_its_directories(repository: Path) -> None:
    worktree = repository.parent / "worktree"
    (worktree / "src").mkdir(parents=True)
    (worktree / ".git").write_text(f"gitdir: {repository}/.git/worktrees/worktree\n")
    expected = ignore_x(worktree / ".gitignore")
    assert sources(worktree / "src") == expected
