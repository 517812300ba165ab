"""One pass over a tree: which paths it names, after which operation."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from reloader.core.paths.filters import Rule
from reloader.core.settings import WatchSettings
from reloader.watchers.disk import RealDisk
from reloader.watchers.polling import RECENT_NS, Scanner
from reloader.watchers.rules import configured_watch_set
from tests.support.fakes.interfaces import LONG_AFTER
from tests.support.platforms.paths import relative

needs_symlinks = pytest.mark.skipif(sys.platform == "win32", reason="creating symlinks needs a privilege on Windows")


class Scans:
    """A scanner of ``root``, and its passes with names in the root."""

    def __init__(
        self,
        root: Path,
        *,
        roots: Sequence[Path] | None = None,
        extra_files: Sequence[Path] = (),
        ignore: Sequence[str] = (),
    ) -> None:
        self.root = root
        settings = WatchSettings(
            str(root),
            tuple(map(str, roots)) if roots is not None else (str(root),),
            extra_files=tuple(map(str, extra_files)),
            ignore=tuple(Rule(text, "test") for text in ignore),
        )
        disk = RealDisk()
        self.scanner = Scanner(disk, configured_watch_set(settings, disk), follow_symlinks=True)

    def scan(self) -> set[str]:
        return {relative(path, self.root) for path in self.scanner.scan()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("app.py", "pkg/mod.py", "pkg/deep/mod.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"first content of {name}\n")
    return root


@pytest.fixture
def present(monkeypatch: pytest.MonkeyPatch) -> Present:
    return Present(monkeypatch)


class Present:
    """The present by which a scan tells young files from old ones: first so late that none is young."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = LONG_AFTER
        monkeypatch.setattr(time, "time_ns", lambda: self.now_ns)


@pytest.mark.usefixtures("present")
class TestAPass:
    def test_over_what_has_not_changed_names_nothing(self, root: Path) -> None:
        scans = Scans(root)
        assert scans.scan() == set()
        assert scans.scan() == set()

    def test_names_a_file_that_was_written_once(self, root: Path) -> None:
        scans = Scans(root)
        (root / "app.py").write_text("second")
        assert scans.scan() == {"app.py"}
        assert scans.scan() == set()

    def test_names_a_file_of_an_older_time(self, root: Path) -> None:
        scans = Scans(root)
        os.utime(root / "app.py", (1_000_000_000, 1_000_000_000))
        assert scans.scan() == {"app.py"}

    def test_names_a_new_file_and_its_directory(self, root: Path) -> None:
        scans = Scans(root)
        (root / "pkg/new.py").write_text("x")
        assert scans.scan() == {"pkg", "pkg/new.py"}
        (root / "pkg/new.py").write_text("more")
        assert scans.scan() == {"pkg/new.py"}

    def test_names_a_deleted_file_and_later_that_it_is_back(self, root: Path) -> None:
        scans = Scans(root)
        (root / "pkg/mod.py").unlink()
        assert scans.scan() == {"pkg", "pkg/mod.py"}
        assert scans.scan() == set()
        (root / "pkg/mod.py").write_text("back")
        assert scans.scan() == {"pkg", "pkg/mod.py"}

    def test_adopts_a_new_directory_with_all_that_is_in_it(self, root: Path) -> None:
        scans = Scans(root)
        (root / "more/deep").mkdir(parents=True)
        (root / "more/deep/new.py").write_text("x")
        assert "more/deep/new.py" in scans.scan()
        scans.scan()
        (root / "more/deep/other.py").write_text("x")
        assert scans.scan() == {"more/deep", "more/deep/other.py"}

    def test_forgets_what_lay_in_a_directory_that_is_gone(self, root: Path) -> None:
        scans = Scans(root)
        before = len(scans.scanner)
        (root / "pkg").rename(root.parent / "moved out")
        assert "pkg" in scans.scan()
        assert len(scans.scanner) == before - 4
        assert scans.scan() == set()

    def test_finds_a_directory_that_came_back(self, root: Path) -> None:
        scans = Scans(root)
        (root / "pkg").rename(root.parent / "moved out")
        scans.scan()
        (root.parent / "moved out").rename(root / "pkg")
        assert {"pkg/mod.py", "pkg/deep/mod.py"} <= scans.scan()

    def test_names_a_directory_that_was_replaced_between_two_passes_with_what_is_new_in_it(self, root: Path) -> None:
        scans = Scans(root)
        (root / "pkg").rename(root.parent / "moved out")
        (root / "pkg").mkdir()
        (root / "pkg/mod.py").write_text("another")
        assert {"pkg", "pkg/mod.py", "pkg/deep"} <= scans.scan()

    def test_does_not_look_at_what_is_ignored(self, root: Path) -> None:
        scans = Scans(root, ignore=["pkg/"])
        assert len(scans.scanner) == 2
        (root / "pkg/mod.py").write_text("second")
        (root / "app.log").write_text("x")
        assert scans.scan() == {"."}

    def test_names_a_gitignore_file_although_nobody_runs_it(self, root: Path) -> None:
        (root / "pkg/.gitignore").write_text("")
        scans = Scans(root)
        (root / "pkg/.gitignore").write_text("deep/\n")
        assert scans.scan() == {"pkg/.gitignore"}
        (root / ".gitignore").write_text("x\n")
        assert scans.scan() == {".", ".gitignore"}


@pytest.mark.usefixtures("present")
class TestSinglePlaces:
    def test_an_extra_file_is_named_when_it_appears_changes_and_goes(self, root: Path, tmp_path: Path) -> None:
        extra = tmp_path / "settings.toml"
        scans = Scans(root, extra_files=[extra])
        assert scans.scan() == set()
        extra.write_text("one")
        assert scans.scan() == {"../settings.toml"}
        extra.write_text("three")
        assert scans.scan() == {"../settings.toml"}
        extra.unlink()
        assert scans.scan() == {"../settings.toml"}
        assert scans.scan() == set()

    def test_an_extra_file_is_kept_when_its_directory_goes(self, root: Path) -> None:
        scans = Scans(root, extra_files=[root / "pkg/settings.toml"])
        (root / "pkg").rename(root.parent / "moved out")
        scans.scan()
        (root / "pkg").mkdir()
        (root / "pkg/settings.toml").write_text("x")
        assert "pkg/settings.toml" in scans.scan()

    def test_a_root_that_is_missing_is_adopted_when_it_appears(self, root: Path) -> None:
        scans = Scans(root, roots=[root / "src"])
        assert scans.scan() == set()
        (root / "src").mkdir()
        (root / "src/mod.py").write_text("x")
        assert scans.scan() == {"src", "src/mod.py"}

    def test_a_root_that_goes_is_waited_for(self, root: Path) -> None:
        scans = Scans(root, roots=[root / "pkg"])
        (root / "pkg").rename(root.parent / "moved out")
        scans.scan()
        (root.parent / "moved out").rename(root / "pkg")
        assert {"pkg", "pkg/mod.py"} <= scans.scan()

    def test_a_name_that_no_system_call_takes_is_never_there(self, root: Path) -> None:
        scans = Scans(root, extra_files=[Path(str(root) + "/nul\0nul")])
        assert scans.scan() == set()

    @needs_symlinks
    def test_a_file_behind_a_link_is_named_by_the_link(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared/mod.py").write_text("one")
        (root / "shared").symlink_to(tmp_path / "shared")
        scans = Scans(root)
        (tmp_path / "shared/mod.py").write_text("three")
        assert scans.scan() == {"shared/mod.py"}


class TestYoungFiles:
    """A second write may leave the times of the first, so a young file is named again until it is old."""

    def test_are_named_again_until_they_are_old(self, root: Path, present: Present) -> None:
        scans = Scans(root)
        (root / "app.py").write_text("second")
        found = os.stat(root / "app.py")
        present.now_ns = max(found.st_mtime_ns, found.st_ctime_ns) + RECENT_NS - 1
        assert scans.scan() == {"app.py"}
        assert scans.scan() == {"app.py"}, "it was young when it was named"
        present.now_ns += RECENT_NS
        assert scans.scan() == set()

    def test_that_are_gone_are_named_as_all_that_is_gone(self, root: Path, present: Present) -> None:
        scans = Scans(root)
        present.now_ns = 0
        (root / "app.py").write_text("second")
        scans.scan()
        (root / "app.py").unlink()
        assert "app.py" in scans.scan()

    def test_are_known_from_the_start(self, root: Path, present: Present) -> None:
        present.now_ns = 0
        assert "app.py" in Scans(root).scan()
