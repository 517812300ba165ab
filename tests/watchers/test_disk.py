"""Looks at the disk that raise for no path."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reloader.core.changes import MISSING, PathKind
from reloader.watchers import disk as disk_module
from reloader.watchers.disk import RealDisk, read_gitignore

needs_symlinks = pytest.mark.skipif(sys.platform == "win32", reason="creating symlinks needs a privilege on Windows")

UNSPEAKABLE = "nul\0nul"


@pytest.fixture
def disk() -> RealDisk:
    return RealDisk()


class TestStamps:
    def test_hold_what_stat_says(self, disk: RealDisk, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("four")
        stamp = disk.stat(str(file))
        found = os.stat(file)
        assert (stamp.kind, stamp.size, stamp.mtime_ns, stamp.inode) == (
            PathKind.FILE, 4, found.st_mtime_ns, found.st_ino,
        )  # fmt: skip

    def test_tell_files_from_directories_and_from_all_else(self, disk: RealDisk, tmp_path: Path) -> None:
        assert disk.stat(str(tmp_path)).kind is PathKind.DIRECTORY
        assert disk.stat(os.devnull).kind is PathKind.OTHER

    @pytest.mark.parametrize("name", ["missing", "missing/below", UNSPEAKABLE, "x" * 300])
    def test_of_what_is_not_there_are_missing(self, disk: RealDisk, tmp_path: Path, name: str) -> None:
        assert disk.stat(str(tmp_path / name)) == MISSING

    def test_know_the_file_that_our_own_output_is_written_to_by_any_name(self, tmp_path: Path) -> None:
        (tmp_path / "nohup.out").write_text("")
        (tmp_path / "app.py").write_text("")
        found = os.stat(tmp_path / "nohup.out")
        disk = RealDisk(own_output=frozenset({(found.st_dev, found.st_ino)}))
        os.rename(tmp_path / "nohup.out", tmp_path / "nohup.old")
        own = disk.stat(str(tmp_path / "nohup.old"))
        (tmp_path / "nohup.old").write_text("more")
        assert own.kind is PathKind.OWN_OUTPUT
        assert disk.stat(str(tmp_path / "nohup.old")) == own
        assert disk.is_unchanged(str(tmp_path / "nohup.old"), own)
        assert disk.stat(str(tmp_path / "app.py")).kind is PathKind.FILE

    @needs_symlinks
    def test_follow_links_and_a_link_to_nothing_is_missing(self, disk: RealDisk, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        (tmp_path / "link").symlink_to("file")
        (tmp_path / "broken").symlink_to("nothing")
        assert disk.stat(str(tmp_path / "link")) == disk.stat(str(tmp_path / "file"))
        assert disk.stat(str(tmp_path / "broken")) == MISSING


class TestDigests:
    def test_are_equal_for_equal_content_only(self, disk: RealDisk, tmp_path: Path) -> None:
        digests = []
        for name, text in (("a", "same"), ("b", "same"), ("c", "else")):
            (tmp_path / name).write_text(text)
            read = disk.digest(str(tmp_path / name))
            assert read is not None
            assert read[0] == disk.stat(str(tmp_path / name))
            digests.append(read[1])
        assert digests[0] == digests[1] != digests[2]

    @pytest.mark.parametrize("name", ["missing", ".", UNSPEAKABLE])
    def test_of_what_cannot_be_read_are_none(self, disk: RealDisk, tmp_path: Path, name: str) -> None:
        assert disk.digest(str(tmp_path / name)) is None

    def test_of_a_device_are_none(self, disk: RealDisk) -> None:
        assert disk.digest(os.devnull) is None

    def test_of_a_file_that_somebody_writes_to_meanwhile_are_none(
        self, disk: RealDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "file"
        file.write_text("one")
        looks = iter(range(2))
        real = os.fstat

        def fstat(descriptor: int) -> os.stat_result:
            if next(looks) == 1:
                file.write_text("longer than before")
            return real(descriptor)

        with monkeypatch.context() as patched:
            patched.setattr(os, "fstat", fstat)
            assert disk.digest(str(file)) is None
        assert disk.digest(str(file)) is not None

    def test_leave_no_descriptor_open(self, disk: RealDisk, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with descriptors_stay_as_they_are():
            disk.digest(str(tmp_path / "file"))
            disk.digest(str(tmp_path))


class TestListings:
    def test_tell_directories_and_links(self, disk: RealDisk, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        (tmp_path / "folder").mkdir()
        assert sorted(disk.list(str(tmp_path))) == [("file", False, False), ("folder", True, False)]

    @needs_symlinks
    def test_look_through_links(self, disk: RealDisk, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("folder")
        (tmp_path / "broken").symlink_to("nothing")
        (tmp_path / "loop").symlink_to("loop")
        assert sorted(disk.list(str(tmp_path))) == [
            ("broken", False, True), ("folder", True, False), ("link", True, True), ("loop", False, True),
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ["missing", "file"])
    def test_of_what_is_no_directory_are_empty(self, disk: RealDisk, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("x")
        assert disk.list(str(tmp_path / name)) == ()


class TestFacts:
    def test_are_the_rules_and_whether_it_is_a_virtual_environment(self, disk: RealDisk, tmp_path: Path) -> None:
        assert disk.directory_facts(str(tmp_path)).gitignore is None
        assert not disk.directory_facts(str(tmp_path)).is_virtualenv
        (tmp_path / ".gitignore").write_text("*.log\n")
        (tmp_path / "pyvenv.cfg").touch()
        facts = disk.directory_facts(str(tmp_path))
        assert facts.is_virtualenv
        assert facts.gitignore is not None
        rule = facts.gitignore.rule_for("a.log", "a.log", is_directory=False)
        assert rule is not None
        assert (rule.pattern, rule.source, rule.line) == ("*.log", str(tmp_path / ".gitignore"), 1)

    def test_have_no_rules_where_nobody_wants_them(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").write_text("*.log\n")
        assert RealDisk(gitignore=False).directory_facts(str(tmp_path)).gitignore is None


class TestRules:
    def test_are_counted_by_their_lines_and_blank_ones_are_passed_over(self, tmp_path: Path) -> None:
        file = tmp_path / ".gitignore"
        file.write_text("# a comment\n\n   \nbuild/\n")
        rules = read_gitignore(str(file), str(tmp_path))
        assert rules is not None
        rule = rules.rule_for("build", "build", is_directory=True)
        assert rule is not None
        assert rule.line == 4

    @pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n", "[\n"])
    def test_of_a_file_that_says_nothing_are_none(self, tmp_path: Path, content: str) -> None:
        (tmp_path / ".gitignore").write_text(content)
        assert read_gitignore(str(tmp_path / ".gitignore"), str(tmp_path)) is None

    @pytest.mark.parametrize("name", ["missing", "."])
    def test_of_no_file_are_none(self, tmp_path: Path, name: str) -> None:
        assert read_gitignore(str(tmp_path / name), str(tmp_path)) is None

    @pytest.mark.skipif(sys.platform == "win32", reason="on Windows every name of a file is text")
    def test_may_hold_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").write_bytes(b"\xff.py\n*.log\n")
        rules = read_gitignore(str(tmp_path / ".gitignore"), str(tmp_path))
        assert rules is not None
        assert rules.rule_for(os.fsdecode(b"\xff.py"), os.fsdecode(b"\xff.py"), is_directory=False) is not None


class TestPathsBehindLinks:
    def test_a_missing_path_is_really_itself(self, disk: RealDisk, tmp_path: Path) -> None:
        real = os.path.realpath(tmp_path)
        assert disk.real_path(os.path.join(real, "missing")) == os.path.join(real, "missing")

    @pytest.mark.skipif(sys.platform == "win32", reason="these are paths of POSIX")
    def test_what_can_be_no_name_is_itself(self, disk: RealDisk) -> None:
        assert disk.real_path("/x/\ud800") == "/x/\ud800"
        assert disk.real_path("/x/\0") == "/x/\0"

    def test_a_link_that_goes_while_it_is_looked_at_is_itself(
        self, disk: RealDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def vanished(path: str, **options: object) -> str:
            raise FileNotFoundError(path)

        monkeypatch.setattr(os.path, "realpath", vanished)
        assert disk.real_path(str(tmp_path / "link")) == str(tmp_path / "link")

    def test_a_path_without_links_has_none_on_the_way(self, disk: RealDisk, tmp_path: Path) -> None:
        real = os.path.realpath(tmp_path)
        assert disk.links_along(os.path.join(real, "missing/below")) == []

    @needs_symlinks
    def test_every_link_on_the_way_is_named_by_its_own_path(self, disk: RealDisk, tmp_path: Path) -> None:
        """``settings → data/settings`` and ``data → version``, as a ConfigMap lies in a pod."""
        tmp_path = Path(os.path.realpath(tmp_path))
        (tmp_path / "version").mkdir()
        (tmp_path / "version/settings").write_text("x")
        (tmp_path / "data").symlink_to("version")
        (tmp_path / "settings").symlink_to("data/settings")
        named = [str(tmp_path / name) for name in ("settings", "data")]
        assert disk.links_along(str(tmp_path / "settings")) == named
        assert disk.links_along(str(tmp_path / "data/settings")) == [str(tmp_path / "data")]

    @needs_symlinks
    @pytest.mark.parametrize("target", ["loop", "other", "../loops/loop"])
    def test_links_that_lead_to_each_other_have_an_end(self, disk: RealDisk, tmp_path: Path, target: str) -> None:
        folder = Path(os.path.realpath(tmp_path)) / "loops"
        folder.mkdir()
        (folder / "loop").symlink_to(target)
        (folder / "other").symlink_to("loop")
        assert str(folder / "loop") in disk.links_along(str(folder / "loop"))

    @needs_symlinks
    def test_a_chain_longer_than_the_kernel_follows_is_not_followed_to_its_end(
        self, disk: RealDisk, tmp_path: Path
    ) -> None:
        tmp_path = Path(os.path.realpath(tmp_path))
        for number in range(60):
            (tmp_path / f"link{number}").symlink_to(f"link{number + 1}")
        assert 40 <= len(disk.links_along(str(tmp_path / "link0"))) < 60


def test_the_present_is_on_the_clock_of_the_stamps(disk: RealDisk, tmp_path: Path) -> None:
    before = disk.now_ns()
    (tmp_path / "file").write_text("x")
    assert abs(disk.stat(str(tmp_path / "file")).mtime_ns - before) < 60_000_000_000
    assert abs(disk.now_ns() - time.time_ns()) < 60_000_000_000


def test_a_link_whose_target_may_not_be_looked_at_is_no_directory() -> None:
    """As root nothing is forbidden, so the entry itself refuses here."""

    class Entry:
        def is_dir(self) -> bool:
            raise PermissionError

    assert not disk_module._is_directory(Entry())  # type: ignore[arg-type]


@contextmanager
def descriptors_stay_as_they_are() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    before = set(os.listdir("/dev/fd"))
    yield
    assert set(os.listdir("/dev/fd")) == before
