"""Why a path counts: each cause by itself, and git as the judge of which line decides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from reloader.app.explain import explain, list_files
from reloader.core.notices import PathExplained
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.settings import LaunchSettings, Settings, WatchSettings
from reloader.engine.control.explain import Explainer
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set
from tests.core.test_filters_against_git import Tree
from tests.support.platforms.limits import posix_only


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "project"
    root.mkdir()
    (root / "app.py").touch()
    return root


def load_settings(
    root: Path, *, watch: Sequence[str] | None = None, ignore: Sequence[str] = (), extra: str = ""
) -> WatchSettings:
    base = str(root)
    patterns = None if watch is None else (Patterns(base, tuple(Rule(text, "x.toml") for text in watch)),)
    rules = tuple(Rule(text, "x.toml") for text in ignore)
    return WatchSettings(base, (base,), watch=patterns, ignore=rules, extra_files=(extra,) if extra else ())


def explained(
    settings: WatchSettings, path: Path | str, *, imports: Sequence[Path] = (), alone: bool = False
) -> PathExplained:
    disk = RealDisk()
    watch_set = configured_watch_set(settings, disk)
    watch_set.imports.files.update(map(str, imports))
    watch_set.imports.imports_only = alone
    return Explainer(settings, watch_set, disk).explain(str(path))


def test_the_file_of_our_own_output_restarts_nothing(root: Path) -> None:
    found = os.stat(root / "app.py")
    disk, settings = RealDisk(own_output={(found.st_dev, found.st_ino)}), load_settings(root)
    why = Explainer(settings, configured_watch_set(settings, disk), disk).explain(str(root / "app.py"))
    assert (why.is_watched, why.cause, why.kind) == (False, "own output", "file")


def test_a_path_that_nothing_ignores_is_watched(root: Path) -> None:
    why = explained(load_settings(root), root / "app.py")
    assert (why.is_watched, why.cause, why.kind, why.root, why.is_live) == (
        True,
        "everything",
        "file",
        str(root),
        False,
    )


def test_an_ignore_rule_is_named_with_the_directory_that_it_matched(root: Path) -> None:
    (root / "build").mkdir()
    (root / "build" / "a.py").touch()
    why = explained(load_settings(root, ignore=["build/"]), root / "build" / "a.py")
    assert (why.is_watched, why.cause, why.pattern, why.source) == (False, "rule", "build/", "x.toml")
    assert why.at == str(root / "build")
    assert explained(load_settings(root, ignore=["build/"]), root / "build").kind == "directory"


def test_the_line_of_a_gitignore_is_named(root: Path) -> None:
    (root / ".gitignore").write_text("# a remark\n*.py\n!app.py\n")
    why = explained(load_settings(root), root / "app.py")
    assert (why.is_watched, why.pattern, why.source, why.line) == (True, "!app.py", str(root / ".gitignore"), 3)


def test_a_path_that_watch_does_not_match_is_not_watched(root: Path) -> None:
    assert explained(load_settings(root, watch=["*.css"]), root / "app.py").cause == "not asked for"
    assert explained(load_settings(root, watch=["*.py"]), root / "app.py").pattern == "*.py"


def test_a_virtual_environment_is_named(root: Path) -> None:
    (root / "env").mkdir()
    (root / "env" / "pyvenv.cfg").touch()
    why = explained(load_settings(root), root / "env" / "x.py")
    assert (why.is_watched, why.cause, why.at, why.kind) == (False, "virtualenv", str(root / "env"), "missing")


def test_a_path_outside_is_watched_if_it_is_explicit(root: Path) -> None:
    outside = root.parent / "settings.env"
    assert explained(load_settings(root), outside).cause == "outside"
    assert explained(load_settings(root, extra=str(outside)), outside).cause == "named"


def test_imports_decide_for_a_python_program(root: Path) -> None:
    (root / "other.py").touch()
    assert explained(load_settings(root), root / "app.py", imports=[root / "app.py"], alone=True).cause == "imported"
    why = explained(load_settings(root), root / "other.py", imports=[root / "app.py"], alone=True)
    assert (why.is_watched, why.cause) == (False, "not imported")


def test_without_a_session_a_python_program_is_watched_by_its_sources(root: Path) -> None:
    (root / "notes.txt").touch()
    settings = Settings(LaunchSettings((sys.executable, "app.py"), str(root)), load_settings(root))
    assert explain(settings, str(root / "notes.txt")).cause == "no source"
    assert explain(settings, str(root / "app.py")).is_watched
    assert list_files(settings).files == (str(root / "app.py"),)


@posix_only
def test_links_are_explained_with_their_targets(root: Path) -> None:
    (root / "link.py").symlink_to("app.py")
    why = explained(load_settings(root), root / "link.py")
    assert (why.is_watched, why.target) == (True, str(root / "app.py"))
    (root / "dangling.py").symlink_to("nothing.py")
    assert explained(load_settings(root), root / "dangling.py").kind == "missing"


@posix_only
def test_a_path_through_a_link_above_the_root_is_the_path_in_the_root(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    why = explained(load_settings(root), root.parent / "alias" / "app.py")
    assert (why.is_watched, why.path) == (True, str(root / "app.py"))


@posix_only
def test_a_special_file_is_never_watched(root: Path) -> None:
    os.mkfifo(root / "pipe")
    why = explained(load_settings(root), root / "pipe")
    assert (why.is_watched, why.cause, why.kind) == (False, "no file", "other")


GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": ""}


def lines_of_git(root: Path, files: tuple[str, ...]) -> dict[str, tuple[str, int]]:
    """The file and line that decide, by what git says. A match that takes back is one, too."""
    git = ["git", "-C", str(root), "-c", f"core.excludesFile={os.devnull}"]
    environment = {**os.environ, **GIT}
    subprocess.run([*git, "init", "-q"], env=environment, check=True)
    asked = subprocess.run(
        [*git, "check-ignore", "--no-index", "-v", "-z", "--stdin"],
        input="\0".join(files).encode(),
        env=environment,
        stdout=subprocess.PIPE,
        check=False,
    )
    words = asked.stdout.decode().split("\0")[:-1]
    return {
        path: (str(root / source), int(line))
        for source, line, _, path in zip(words[::4], words[1::4], words[2::4], words[3::4], strict=True)
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git to compare with")
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems cannot hold most of the file names")
def test_the_line_is_the_one_that_git_names(tmp_path: Path) -> None:
    compared = 0
    for seed in range(60):
        tree = Tree.grown_from(Random(seed))  # noqa: S311 - a seed is the point
        root = tmp_path.resolve() / str(seed)
        tree.plant(root)
        settings = WatchSettings(str(root), (str(root),), default_ignores=False)
        disk = RealDisk()
        explainer = Explainer(settings, configured_watch_set(settings, disk), disk)
        by_git = lines_of_git(root, tree.files)
        for file in tree.files:
            why = explainer.explain(str(root / file))
            ours = (why.source, why.line) if why.cause == "rule" else None
            assert ours == by_git.get(file), f"seed {seed}: {file} in {tree}"
        compared += len(by_git)
    assert compared > 60, "the trees say nothing: hardly a rule decides in them"
