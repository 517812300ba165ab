"""What a look at the disk says, against the last look: on real files, with the present as the test wants it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import count
from pathlib import Path

import pytest

from reloader.core.changes import CONTENT_LIMIT, ChangeKind, FileStat
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.settings import WatchSettings
from reloader.engine.files import file_reader
from reloader.engine.files.baseline import Baseline
from reloader.engine.files.file_reader import RECENT
from reloader.watchers.rules import configured_watch_set
from tests.support.fakes.interfaces import DatedDisk
from tests.support.platforms.paths import relative

needs_symlinks = pytest.mark.skipif(sys.platform == "win32", reason="creating symlinks needs a privilege on Windows")
needs_fifos = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in directories")

ADDED, MODIFIED, REMOVED = ChangeKind.ADDED, ChangeKind.MODIFIED, ChangeKind.REMOVED


class Tree:
    """A baseline of ``root``, which is taken at once."""

    def __init__(
        self,
        root: Path,
        *,
        watch: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        extra_files: Sequence[Path] = (),
        roots: Sequence[Path] | None = None,
        by_content: bool = True,
        follow_symlinks: bool = True,
        default_ignores: bool = True,
        read_all: bool = True,
        own_output: AbstractSet[tuple[int, int]] = frozenset(),
    ) -> None:
        self.root = root
        base = str(root)
        settings = WatchSettings(
            base,
            tuple(map(str, roots)) if roots is not None else (base,),
            watch=None if watch is None else (Patterns(base, tuple(Rule(text, "test") for text in watch)),),
            ignore=tuple(Rule(text, "test") for text in ignore),
            extra_files=tuple(map(str, extra_files)),
            default_ignores=default_ignores,
        )
        self.disk = DatedDisk(own_output=own_output)
        self.watch_set = configured_watch_set(settings, self.disk)
        self.baseline = Baseline(self.disk, self.watch_set, by_content=by_content, follow_symlinks=follow_symlinks)
        self.progress: list[int] = []
        self.baseline.scan(self.progress.append)
        if read_all:
            assert self.baseline.read_ahead(1.0, lambda: 0.0) == (True, [])

    def differs(self, *names: str | Path) -> dict[str, ChangeKind]:
        """What a look after a hint at these names finds."""
        changes = self.baseline.examine(str(self.root / name) for name in names)
        assert len({change.path for change in changes}) == len(changes), "a path was told of twice"
        return {relative(change.path, self.root): change.kind for change in changes}

    def differs_anywhere(self) -> dict[str, ChangeKind]:
        return {relative(change.path, self.root): change.kind for change in self.baseline.examine_all()}

    def save(self, name: str | Path, text: str) -> None:
        """By renaming over, so that no stat result is that of before."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + "~")
        beside.write_text(text)
        os.replace(beside, path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("app.py", "pkg/__init__.py", "pkg/deep/mod.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"first content of {name}\n")
    return root


@pytest.fixture
def tree(root: Path) -> Tree:
    return Tree(root)


class TestOurOwnOutput:
    """``nohup reloader … >> nohup.out``: what is told there must not be the next change."""

    @pytest.fixture
    def tree(self, root: Path) -> Tree:
        (root / "nohup.out").write_text("")
        found = os.stat(root / "nohup.out")
        tree = Tree(root, extra_files=[root / "nohup.out"], own_output={(found.st_dev, found.st_ino)})
        tree.save("app.py", "second")
        (root / "nohup.out").write_text("app.py has changed\n")
        return tree

    def test_never_changes(self, tree: Tree) -> None:
        assert tree.differs_anywhere() == {"app.py": MODIFIED}
        assert str(tree.root / "nohup.out") not in tree.baseline.watched()

    def test_does_not_change_under_another_name_either(self, tree: Tree) -> None:
        os.rename(tree.root / "nohup.out", tree.root / "other.txt")
        assert tree.differs("other.txt") == {}

    def test_keeps_no_batch_open_while_it_is_written(self, root: Path) -> None:
        (root / "nohup.out").write_text("")
        found = os.stat(root / "nohup.out")
        tree = Tree(root, own_output={(found.st_dev, found.st_ino)})
        assert tree.baseline.partition([str(root / "nohup.out")]) == ([], [str(root / "nohup.out")])


class TestTheScan:
    def test_counts_the_watched_files_and_directories(self, root: Path) -> None:
        (root / "node_modules").mkdir()
        (root / "node_modules/index.js").write_text("x")
        tree = Tree(root, extra_files=[root / "missing.toml"])
        assert (tree.baseline.files, tree.baseline.directories) == (3, 3)

    def test_counts_only_files_that_would_restart_the_program_now(self, root: Path) -> None:
        tree = Tree(root, extra_files=[root / "missing.toml"])
        tree.watch_set.imports.files.add(str(root / "app.py"))
        tree.watch_set.imports.imports_only = True
        assert tree.baseline.watched() == (str(root / "app.py"),)
        assert tree.baseline.files == 1

    def test_leaves_out_a_file_that_is_no_longer_imported(self, root: Path) -> None:
        (root / "built.pyd").write_text("x")
        tree = Tree(root, ignore=["*.pyd"])
        tree.watch_set.imports.files.add(str(root / "built.pyd"))
        tree.baseline.add_read(str(root / "built.pyd"), tree.disk.stat(str(root / "built.pyd")))
        assert tree.baseline.files == 4
        tree.watch_set.imports.files.clear()
        assert tree.baseline.files == 3

    def test_reports_its_progress_after_each_directory(self, root: Path) -> None:
        assert sorted(Tree(root).progress) == [1, 2, 3]

    def test_finds_nothing_in_a_missing_root(self, root: Path) -> None:
        tree = Tree(root, roots=[root / "src"])
        assert tree.baseline.files == 0
        tree.save("src/mod.py", "x")
        assert tree.differs("src") == {"src/mod.py": ADDED}


class TestAHint:
    def test_at_a_file_that_is_the_same_finds_nothing(self, tree: Tree) -> None:
        assert tree.differs("app.py") == {}

    def test_at_new_content_finds_it_once(self, tree: Tree) -> None:
        tree.save("app.py", "second")
        assert tree.differs("app.py", "app.py") == {"app.py": MODIFIED}
        assert tree.differs("app.py") == {}

    def test_at_a_new_file_finds_it(self, tree: Tree) -> None:
        tree.save("pkg/new.py", "x")
        assert tree.differs("pkg/new.py") == {"pkg/new.py": ADDED}
        assert tree.differs("pkg/new.py") == {}

    def test_at_a_new_file_in_an_unknown_directory_finds_its_addition_and_removal(self, tree: Tree) -> None:
        tree.save("more/new.py", "x")
        assert tree.differs("more/new.py") == {"more/new.py": ADDED}
        (tree.root / "more/new.py").unlink()
        assert tree.differs("more/new.py") == {"more/new.py": REMOVED}

    def test_at_a_deleted_file_finds_it_once(self, tree: Tree) -> None:
        (tree.root / "app.py").unlink()
        assert tree.differs("app.py") == {"app.py": REMOVED}
        assert tree.differs("app.py") == {}

    def test_at_a_file_that_exists_again_finds_an_added_file(self, tree: Tree) -> None:
        (tree.root / "app.py").unlink()
        tree.differs("app.py")
        tree.save("app.py", "back")
        assert tree.differs("app.py") == {"app.py": ADDED}

    def test_at_an_ignored_file_finds_nothing(self, tree: Tree) -> None:
        tree.save("app.log", "x")
        tree.save("node_modules/index.js", "x")
        assert tree.differs("app.log", "node_modules/index.js", "node_modules", "never/was/there") == {}

    def test_outside_of_all_roots_finds_nothing(self, tree: Tree, tmp_path: Path) -> None:
        (tmp_path / "elsewhere.py").write_text("x")
        assert tree.differs(tmp_path / "elsewhere.py") == {}

    @needs_fifos
    def test_at_a_file_that_is_now_a_directory_finds_its_removal(self, tree: Tree) -> None:
        (tree.root / "app.py").unlink()
        os.mkfifo(tree.root / "app.py")
        assert tree.differs("app.py") == {"app.py": REMOVED}

    @needs_fifos
    def test_at_a_pipe_finds_nothing(self, tree: Tree) -> None:
        os.mkfifo(tree.root / "pipe")
        assert tree.differs("pipe", ".") == {}


class TestAHintAtADirectory:
    def test_finds_all_changes_below_it_and_none_elsewhere(self, tree: Tree) -> None:
        tree.save("pkg/deep/new.py", "x")
        tree.save("pkg/deep/mod.py", "second")
        (tree.root / "pkg/__init__.py").unlink()
        tree.save("app.py", "second")
        assert tree.differs("pkg") == {
            "pkg/deep/new.py": ADDED, "pkg/deep/mod.py": MODIFIED, "pkg/__init__.py": REMOVED,
        }  # fmt: skip

    def test_that_was_removed_finds_all_of_its_files_removed(self, tree: Tree) -> None:
        (tree.root / "pkg").rename(tree.root.parent / "moved out")
        assert tree.differs("pkg") == {"pkg/__init__.py": REMOVED, "pkg/deep/mod.py": REMOVED}
        assert tree.baseline.directories == 1
        assert tree.differs("pkg/deep/mod.py") == {}

    def test_that_exists_again_finds_all_of_its_files_added(self, tree: Tree) -> None:
        (tree.root / "pkg").rename(tree.root.parent / "moved out")
        tree.differs("pkg")
        (tree.root.parent / "moved out").rename(tree.root / "pkg")
        assert tree.differs("pkg") == {"pkg/__init__.py": ADDED, "pkg/deep/mod.py": ADDED}

    def test_forgets_a_removed_directory_below_it(self, tree: Tree) -> None:
        (tree.root / "pkg/deep").rename(tree.root.parent / "moved out")
        assert tree.differs("pkg") == {"pkg/deep/mod.py": REMOVED}
        assert tree.baseline.directories == 2

    def test_that_is_a_file_now_finds_both_changes(self, tree: Tree) -> None:
        (tree.root / "pkg").rename(tree.root.parent / "moved out")
        tree.save("pkg", "a file")
        assert tree.differs("pkg") == {"pkg/__init__.py": REMOVED, "pkg/deep/mod.py": REMOVED, "pkg": ADDED}

    def test_that_was_a_file_finds_both_changes(self, tree: Tree) -> None:
        (tree.root / "app.py").unlink()
        tree.save("app.py/inside.py", "x")
        assert tree.differs("app.py") == {"app.py": REMOVED, "app.py/inside.py": ADDED}

    def test_above_a_root_reaches_it(self, tree: Tree) -> None:
        tree.save("app.py", "second")
        assert tree.differs(tree.root.parent) == {"app.py": MODIFIED}

    def test_above_an_extra_file_reaches_it(self, root: Path, tmp_path: Path) -> None:
        extra = tmp_path / "etc/deep/settings.toml"
        tree = Tree(root, extra_files=[extra])
        extra.parent.mkdir(parents=True)
        extra.write_text("x")
        assert tree.differs(tmp_path / "etc") == {"../etc/deep/settings.toml": ADDED}

    def test_with_the_name_of_another_as_a_prefix_finds_nothing_in_that(self, tree: Tree) -> None:
        tree.save("pkg/__init__.py", "second")
        tree.save("pkg-other/mod.py", "x")
        assert tree.differs("pkg-other") == {"pkg-other/mod.py": ADDED}
        assert tree.differs("pkg") == {"pkg/__init__.py": MODIFIED}


class TestExtraFiles:
    def test_are_compared_through_all_kinds_of_change(self, root: Path, tmp_path: Path) -> None:
        extra = tmp_path / "settings.toml"
        tree = Tree(root, extra_files=[extra])
        tree.save(extra, "one")
        assert tree.differs(extra) == {"../settings.toml": ADDED}
        tree.save(extra, "two")
        assert tree.differs(extra) == {"../settings.toml": MODIFIED}
        extra.unlink()
        assert tree.differs(extra) == {"../settings.toml": REMOVED}
        assert tree.differs(extra) == {}

    def test_are_watched_although_a_pattern_ignores_them(self, root: Path) -> None:
        (root / ".git").mkdir()
        (root / ".git/HEAD").write_text("one")
        tree = Tree(root, extra_files=[root / ".git/HEAD"])
        tree.save(".git/HEAD", "two")
        assert tree.differs(".git/HEAD") == {".git/HEAD": MODIFIED}

    def test_are_compared_when_everything_is(self, root: Path, tmp_path: Path) -> None:
        tree = Tree(root, extra_files=[tmp_path / "settings.toml"])
        tree.save(tmp_path / "settings.toml", "one")
        tree.save("app.py", "second")
        assert tree.differs_anywhere() == {"../settings.toml": ADDED, "app.py": MODIFIED}
        assert tree.differs_anywhere() == {}

    def test_that_are_directories_are_only_added_and_removed(self, root: Path, tmp_path: Path) -> None:
        extra = tmp_path / "plugins"
        tree = Tree(root, extra_files=[extra])
        extra.mkdir()
        assert tree.differs(extra) == {"../plugins": ADDED}
        (extra / "one.py").write_text("x")
        assert tree.differs(extra) == {}

    @needs_symlinks
    def test_that_are_links_change_with_the_link_and_with_its_target(self, root: Path, tmp_path: Path) -> None:
        real, link = tmp_path / "real/settings.toml", tmp_path / "link.toml"
        real.parent.mkdir()
        real.write_text("one")
        link.symlink_to(real)
        tree = Tree(root, extra_files=[link])
        tree.save(real, "two")
        assert tree.differs(real) == {"../link.toml": MODIFIED}

    @needs_symlinks
    def test_change_with_a_linked_directory_above_them(self, root: Path, tmp_path: Path) -> None:
        """As Kubernetes swaps a ConfigMap: the link ``..data`` is replaced by one to another directory."""
        for version in ("1", "2"):
            (tmp_path / version).mkdir()
            (tmp_path / version / "settings.toml").write_text(version)
        (tmp_path / "data").symlink_to("1")
        (tmp_path / "settings.toml").symlink_to("data/settings.toml")
        tree = Tree(root, extra_files=[tmp_path / "settings.toml"])
        (tmp_path / "new").symlink_to("2")
        os.replace(tmp_path / "new", tmp_path / "data")
        assert tree.differs(tmp_path / "data") == {"../settings.toml": MODIFIED}
        tree.save(tmp_path / "2/settings.toml", "three")
        assert tree.differs(tmp_path / "2/settings.toml") == {"../settings.toml": MODIFIED}


@needs_symlinks
class TestLinksInATree:
    def test_a_change_of_the_target_is_a_change_of_the_link(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "shared.py").write_text("one")
        (root / "shared.py").symlink_to(tmp_path / "shared.py")
        tree = Tree(root)
        tree.save(tmp_path / "shared.py", "two")
        assert tree.differs(tmp_path / "shared.py") == {"shared.py": MODIFIED}

    def test_a_link_with_a_new_target_is_followed(self, root: Path, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / name).write_text(name)
        (root / "shared.py").symlink_to(tmp_path / "one")
        tree = Tree(root)
        (root / "shared.py").unlink()
        (root / "shared.py").symlink_to(tmp_path / "two")
        assert tree.differs("shared.py") == {"shared.py": MODIFIED}
        tree.save(tmp_path / "two", "other content")
        assert tree.differs(tmp_path / "two") == {"shared.py": MODIFIED}

    def test_a_linked_directory_is_known_by_the_path_of_the_link(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "library").mkdir()
        (tmp_path / "library/mod.py").write_text("one")
        (root / "lib").symlink_to(tmp_path / "library")
        tree = Tree(root)
        tree.save(tmp_path / "library/mod.py", "two")
        assert tree.differs(tmp_path / "library") == {"lib/mod.py": MODIFIED}

    def test_a_linked_directory_is_not_entered_if_links_are_not_followed(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "library").mkdir()
        (tmp_path / "library/mod.py").write_text("one")
        (root / "lib").symlink_to(tmp_path / "library")
        tree = Tree(root, follow_symlinks=False)
        tree.save(tmp_path / "library/mod.py", "two")
        assert tree.differs("lib", tmp_path / "library/mod.py", ".") == {}
        assert tree.baseline.files == 3


class TestContent:
    def test_a_touch_a_chmod_and_the_same_content_again_are_no_changes(self, tree: Tree) -> None:
        os.utime(tree.root / "app.py", (1_000_000_000, 1_000_000_000))
        assert tree.differs("app.py") == {}
        (tree.root / "app.py").chmod(0o600)
        assert tree.differs("app.py") == {}
        tree.save("app.py", "first content of app.py\n")
        assert tree.differs("app.py") == {}

    def test_a_checkout_there_and_back_is_no_change(self, tree: Tree) -> None:
        tree.save("app.py", "other")
        tree.save("app.py", "first content of app.py\n")
        assert tree.differs("app.py") == {}

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no ctime, which alone betrays a restored mtime")
    def test_new_content_of_the_same_size_under_the_old_time_is_a_change(self, tree: Tree) -> None:
        found = os.stat(tree.root / "app.py")
        with open(tree.root / "app.py", "r+") as file:
            file.write("FIRST")
        os.utime(tree.root / "app.py", ns=(found.st_atime_ns, found.st_mtime_ns))
        assert tree.differs("app.py") == {"app.py": MODIFIED}

    def test_by_stat_alone_a_touch_is_a_change(self, root: Path) -> None:
        tree = Tree(root, by_content=False)
        os.utime(root / "app.py", (1_000_000_000, 1_000_000_000))
        assert tree.differs("app.py") == {"app.py": MODIFIED}
        assert tree.disk.read == []

    def test_by_stat_alone_a_chmod_is_no_change(self, root: Path) -> None:
        tree = Tree(root, by_content=False)
        (root / "app.py").chmod(0o600)
        assert tree.differs("app.py") == {}

    def test_of_a_file_above_the_limit_is_compared_by_stat(self, root: Path) -> None:
        (root / "big.bin").write_bytes(bytes(CONTENT_LIMIT + 1))
        tree = Tree(root)
        assert str(root / "big.bin") not in tree.disk.read
        os.utime(root / "big.bin", (1_000_000_000, 1_000_000_000))
        assert tree.differs("big.bin") == {"big.bin": MODIFIED}

    def test_of_a_file_at_the_limit_is_compared_by_digest(self, root: Path) -> None:
        (root / "big.bin").write_bytes(bytes(CONTENT_LIMIT))
        tree = Tree(root)
        os.utime(root / "big.bin", (1_000_000_000, 1_000_000_000))
        assert tree.differs("big.bin") == {}

    def test_that_was_not_read_counts_as_changed(self, root: Path) -> None:
        tree = Tree(root, read_all=False)
        os.utime(root / "app.py", (1_000_000_000, 1_000_000_000))
        assert tree.differs("app.py") == {"app.py": MODIFIED}
        os.utime(root / "app.py", (1_100_000_000, 1_100_000_000))
        assert tree.differs("app.py") == {}, "the look at the change has read it"

    def test_that_cannot_be_read_counts_as_changed_with_every_new_stat_result(
        self, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tree.disk, "digest", lambda path: None)
        for moment in (1_000_000_000, 1_100_000_000):
            os.utime(tree.root / "app.py", (moment, moment))
            assert tree.differs("app.py") == {"app.py": MODIFIED}


class TestRecentFiles:
    """A disk counts time in steps: a second write within one step leaves the stat result of the first."""

    def rewrite_under_the_same_stamp(self, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tree.root / "app.py"
        before = tree.disk.stat(str(path))
        with open(path, "r+") as file:
            file.write("FIRST")
        real = type(tree.disk).digest

        def digest(disk: DatedDisk, of: str) -> object:
            read = real(disk, of)
            return (before, read[1]) if read is not None and of == str(path) else read

        real_stamp = type(tree.disk).stat
        monkeypatch.setattr(DatedDisk, "digest", digest)
        monkeypatch.setattr(DatedDisk, "stat", lambda disk, of: before if of == str(path) else real_stamp(disk, of))

    def test_a_second_write_with_the_same_stat_result_is_found(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tree = Tree(root)
        tree.disk.now = tree.disk.stat(str(root / "app.py")).mtime_ns + RECENT - 1
        self.rewrite_under_the_same_stamp(tree, monkeypatch)
        assert tree.differs("app.py") == {"app.py": MODIFIED}
        assert tree.differs("app.py") == {}

    def test_old_files_are_compared_by_stat_and_not_read_again(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tree = Tree(root)
        stat = tree.disk.stat(str(root / "app.py"))
        tree.disk.now = max(stat.mtime_ns, stat.ctime_ns) + RECENT
        tree.disk.read.clear()
        self.rewrite_under_the_same_stamp(tree, monkeypatch)
        assert tree.differs("app.py") == {}
        assert tree.disk.read == []

    def test_are_read_in_the_scan(self, root: Path) -> None:
        disk = recent_disk(root)
        baseline = baseline_of(root, disk)
        baseline.scan(lambda files: None)
        assert sorted(map(os.path.basename, disk.read)) == ["__init__.py", "app.py", "mod.py"]

    def test_beyond_a_limit_are_read_in_idle_time(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(file_reader, "MAX_READ_IN_SCAN", 2)
        disk = recent_disk(root)
        baseline = baseline_of(root, disk)
        baseline.scan(lambda files: None)
        assert len(disk.read) == 2
        assert baseline.read_ahead(1.0, lambda: 0.0) == (True, [])
        assert len(disk.read) == 3


class TestReadingAhead:
    def test_stops_in_time_and_continues_later(self, root: Path) -> None:
        tree = Tree(root, read_all=False)
        ticks = count()
        assert tree.baseline.read_ahead(2.0, lambda: float(next(ticks))) == (False, [])
        assert len(tree.disk.read) == 2
        assert tree.baseline.read_ahead(1.0, lambda: 0.0) == (True, [])
        assert len(tree.disk.read) == 3

    def test_returns_the_paths_that_differ(self, root: Path) -> None:
        tree = Tree(root, read_all=False)
        tree.save("app.py", "second")
        (root / "pkg/__init__.py").unlink()
        done, differing = tree.baseline.read_ahead(1.0, lambda: 0.0)
        assert done
        assert {relative(path, root) for path in differing} == {"app.py", "pkg/__init__.py"}
        assert tree.differs(*differing) == {"app.py": MODIFIED, "pkg/__init__.py": REMOVED}

    def test_skips_files_that_are_known_or_removed(self, root: Path) -> None:
        tree = Tree(root, read_all=False)
        tree.save("app.py", "second")
        (root / "pkg/__init__.py").unlink()
        tree.differs("app.py", "pkg/__init__.py")
        tree.disk.read.clear()
        assert tree.baseline.read_ahead(1.0, lambda: 0.0) == (True, [])
        assert list(map(os.path.basename, tree.disk.read)) == ["mod.py"]


class TestBytecode:
    @pytest.mark.parametrize("bytecode", ["pkg/__pycache__/mod.cpython-311.pyc", "pkg/mod.pyc"])
    def test_in_a_tree_stands_for_its_source(self, root: Path, bytecode: str) -> None:
        tree = Tree(root, watch=["*.py", "*.pyc"])
        tree.save("pkg/mod.py", "one")
        tree.save(bytecode, "bytecode")
        assert tree.differs(bytecode) == {"pkg/mod.py": ADDED}
        tree.save(bytecode, "other bytecode")
        assert tree.differs(bytecode) == {}

    def test_that_alone_is_watched_stands_for_itself(self, root: Path) -> None:
        (root / "pkg/mod.py").write_text("x")
        (root / "pkg/mod.pyc").write_text("one")
        tree = Tree(root, watch=["*.pyc"], default_ignores=False)
        assert tree.baseline.files == 1
        tree.save("pkg/mod.pyc", "two")
        tree.save("pkg/mod.py", "y")
        assert tree.differs("pkg/mod.pyc", "pkg/mod.py") == {"pkg/mod.pyc": MODIFIED}

    def test_with_a_source_that_appears_later_still_stands_for_itself(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "x.pyc").write_text("one")
        tree = Tree(root, extra_files=[tmp_path / "x.pyc"])
        tree.save(tmp_path / "x.py", "source")
        tree.save(tmp_path / "x.pyc", "two")
        assert tree.differs(tmp_path / "x.py", tmp_path / "x.pyc") == {"../x.pyc": MODIFIED}

    def test_without_a_source_stands_for_itself(self, root: Path) -> None:
        (root / "pkg/alone.pyc").write_text("one")
        tree = Tree(root, extra_files=[root / "pkg/alone.pyc"])
        tree.save("pkg/alone.pyc", "two")
        assert tree.differs("pkg/alone.pyc") == {"pkg/alone.pyc": MODIFIED}

    @pytest.mark.parametrize("bytecode", ["__pycache__/x.cpython-311.pyc", "x.pyc", "x.pyo"])
    def test_that_is_an_extra_file_stands_for_its_source(self, root: Path, tmp_path: Path, bytecode: str) -> None:
        (tmp_path / "lib").mkdir()
        (tmp_path / "lib/x.py").write_text("one")
        tree = Tree(root, extra_files=[tmp_path / "lib" / bytecode])
        tree.save(tmp_path / "lib/x.py", "two")
        assert tree.differs(tmp_path / "lib/x.py") == {"../lib/x.py": MODIFIED}

    def test_in_a_tree_is_not_counted_in_addition_to_its_source(self, root: Path) -> None:
        (root / "pkg/mod.py").write_text("x")
        (root / "pkg/mod.pyc").write_text("x")
        assert Tree(root, watch=["pkg/mod.*"], default_ignores=False).baseline.files == 1


class TestChangedRules:
    def test_files_that_are_no_longer_watched_cause_no_change(self, root: Path) -> None:
        (root / ".gitignore").write_text("")
        tree = Tree(root)
        tree.save(".gitignore", "pkg/\n")
        tree.watch_set.filter.forget()
        assert tree.differs_anywhere() == {}
        assert tree.baseline.files == 1
        assert tree.baseline.directories == 1


def recent_disk(root: Path) -> DatedDisk:
    disk = DatedDisk()
    disk.now = max(disk.stat(str(path)).ctime_ns or disk.stat(str(path)).mtime_ns for path in root.rglob("*.py"))
    return disk


def baseline_of(root: Path, disk: DatedDisk) -> Baseline:
    settings = WatchSettings(str(root), (str(root),))
    return Baseline(disk, configured_watch_set(settings, disk), by_content=True, follow_symlinks=True)


class TestPartition:
    """The stat backend gives one with each scan: nothing but a difference may keep a batch open."""

    def test_separates_hints_at_recent_files_from_those_at_changed_ones(self, tree: Tree) -> None:
        tree.save("pkg/deep/mod.py", "second")
        stirred, same = tree.baseline.partition(
            str(tree.root / name) for name in ("app.py", "pkg/deep/mod.py", "new.py", "pkg")
        )
        assert [relative(path, tree.root) for path in stirred] == ["pkg/deep/mod.py", "new.py", "pkg"]
        assert same == [str(tree.root / "app.py")]

    @needs_symlinks
    def test_counts_a_path_that_other_files_depend_on_as_changed(self, root: Path) -> None:
        (root / "link.py").symlink_to("app.py")
        tree = Tree(root)
        assert tree.baseline.partition([str(root / "app.py")]) == ([str(root / "app.py")], [])


class TestFilesWithTheSameContent:
    def test_are_returned_once(self, tree: Tree) -> None:
        for moment in (1_000_000_000, 1_100_000_000):
            os.utime(tree.root / "app.py", (moment, moment))
            tree.differs("app.py")
        tree.save("pkg/__init__.py", "second")
        tree.differs("pkg/__init__.py")
        assert tree.baseline.drain_unchanged() == (str(tree.root / "app.py"),)
        assert tree.baseline.drain_unchanged() == ()


class TestAFileThatTheProgramRead:
    """The reported stat result is the one of the moment of reading: later changes are measured by it."""

    def learns(self, tree: Tree, name: str | Path, stat: FileStat | None = None) -> list[ChangeKind]:
        path = str(tree.root / name)
        return [change.kind for change in tree.baseline.add_read(path, stat or tree.disk.stat(path))]

    def test_is_unchanged_if_it_equals_the_record(self, tree: Tree) -> None:
        tree.disk.read.clear()
        assert self.learns(tree, "app.py") == []
        assert tree.disk.read == []

    def test_is_unchanged_if_it_equals_the_present_file(self, tree: Tree) -> None:
        tree.save("app.py", "second")
        assert self.learns(tree, "app.py") == []
        assert tree.differs("app.py") == {}
        tree.save("app.py", "third")
        assert tree.differs("app.py") == {"app.py": MODIFIED}

    def test_has_changed_if_the_present_file_differs(self, tree: Tree) -> None:
        before = tree.disk.stat(str(tree.root / "app.py"))
        tree.save("app.py", "second")
        assert self.learns(tree, "app.py", before) == [MODIFIED]
        assert tree.differs("app.py") == {}

    def test_has_changed_if_the_file_was_removed(self, tree: Tree) -> None:
        before = tree.disk.stat(str(tree.root / "app.py"))
        (tree.root / "app.py").unlink()
        assert self.learns(tree, "app.py", before) == [REMOVED]

    def test_is_unchanged_if_it_was_only_touched(self, tree: Tree) -> None:
        before = tree.disk.stat(str(tree.root / "app.py"))
        os.utime(tree.root / "app.py", (1_000_000_000, 1_000_000_000))
        assert self.learns(tree, "app.py", before) == []

    def test_is_compared_from_then_on_also_outside_of_all_roots(self, tree: Tree, tmp_path: Path) -> None:
        library = tmp_path / "library.py"
        library.write_text("one")
        tree.watch_set.imports.files.add(str(library))
        assert self.learns(tree, library) == []
        tree.save(library, "two")
        assert tree.differs(library) == {"../library.py": MODIFIED}

    def test_has_changed_if_it_was_unknown_and_the_present_file_differs(self, tree: Tree, tmp_path: Path) -> None:
        library = tmp_path / "library.py"
        library.write_text("one")
        tree.watch_set.imports.files.add(str(library))
        before = tree.disk.stat(str(library))
        tree.save(library, "two")
        assert self.learns(tree, library, before) == [MODIFIED]


class TestAFileThatTheProgramDidNotFind:
    def test_is_a_change_once_it_appears(self, tree: Tree, tmp_path: Path) -> None:
        missed = tmp_path / "missed.py"
        tree.watch_set.imports.files.add(str(missed))
        assert tree.baseline.add_missing(str(missed)) == []
        tree.save(missed, "x")
        assert tree.differs(missed) == {"../missed.py": ADDED}

    def test_is_a_change_at_once_if_it_has_appeared_meanwhile(self, tree: Tree, tmp_path: Path) -> None:
        missed = tmp_path / "missed.py"
        missed.write_text("x")
        tree.watch_set.imports.files.add(str(missed))
        assert [change.kind for change in tree.baseline.add_missing(str(missed))] == [ADDED]
        assert tree.baseline.add_missing(str(missed)) == []
