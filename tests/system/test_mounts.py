"""The file systems of paths, as the system reports them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reloader.core.filesystems import Mount
from reloader.system.mounts import Mounts
from tests.support.platforms.limits import linux_only, posix_only, windows_only

MOUNTINFO = b"""\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
23 22 0:21 / /proc rw,relatime - proc proc rw
30 22 0:40 / /mnt/c rw,noatime - 9p drvfs rw,dirsync,aname=drvfs;path=C:\\134
31 22 0:41 / /mnt/with\\040space\\011and\\134more rw master:7 propagate_from:2 - fuse.sshfs me@there:/x rw
32 22 0:42 / /mnt/\xff rw - nfs4 server:/x rw
33 22 0:43 / /mnt/c rw - tmpfs tmpfs rw
a line that means nothing
"""


@linux_only
class TestLinux:
    @pytest.fixture
    def mounts(self, tmp_path: Path) -> Mounts:
        (tmp_path / "mountinfo").write_bytes(MOUNTINFO)
        return Mounts(str(tmp_path / "mountinfo"))

    def test_the_type_and_the_source_are_read(self, mounts: Mounts) -> None:
        assert mounts.of("/mnt") == Mount("/", "ext4", "/dev/vda")

    def test_names_are_unescaped(self, mounts: Mounts) -> None:
        found = mounts.of("/mnt/with space\tand\\more/file")
        assert found == Mount("/mnt/with space\tand\\more", "fuse.sshfs", "me@there:/x")

    def test_a_name_that_is_not_utf_8_is_decoded_as_python_does(self, mounts: Mounts) -> None:
        assert mounts.of("/mnt/\udcff/file") == Mount("/mnt/\udcff", "nfs4", "server:/x")

    def test_the_last_mount_at_a_point_wins(self, mounts: Mounts) -> None:
        assert mounts.of("/mnt/c/project") == Mount("/mnt/c", "tmpfs", "tmpfs")

    def test_mounts_below_a_directory_are_found(self, mounts: Mounts) -> None:
        assert {mount.type for mount in mounts.below("/mnt")} == {"tmpfs", "fuse.sshfs", "nfs4"}

    def test_the_real_listing_knows_proc(self) -> None:
        found = Mounts().of("/proc/self")
        assert found is not None
        assert (found.point, found.type) == ("/proc", "proc")

    def test_a_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("/proc")
        found = Mounts().of(str(tmp_path / "link" / "self"))
        assert found is not None
        assert found.type == "proc"

    def test_without_the_listing_nothing_is_known(self, tmp_path: Path) -> None:
        assert Mounts(str(tmp_path / "missing")).of("/") is None


@posix_only
class TestPsutil:
    """The way of every POSIX system but Linux, which works there too."""

    @pytest.fixture
    def mounts(self) -> Mounts:
        return Mounts(None)

    def test_knows_the_root(self, mounts: Mounts) -> None:
        found = mounts.of("/")
        assert found is not None
        assert found.point == "/"
        assert found.type

    @linux_only
    def test_reports_the_same_as_the_kernel(self, mounts: Mounts) -> None:
        assert mounts.of("/proc/self") == Mounts().of("/proc/self")
        assert {mount.point for mount in mounts.below("/")} == {mount.point for mount in Mounts().below("/")}

    def test_that_fails_knows_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(all: bool) -> list[object]:  # noqa: A002 - psutil's name
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr("psutil.disk_partitions", refuse)
        assert Mounts(None).of("/") is None


@windows_only
class TestWindows:
    def test_a_drive_is_reported_with_its_file_system(self, tmp_path: Path) -> None:
        found = Mounts().of(str(tmp_path))
        assert found is not None
        assert found.point == tmp_path.drive + "\\"
        assert found.type in {"fixed", "removable", "ramdisk", "remote"}

    def test_a_share_is_remote(self) -> None:
        found = Mounts().of(r"\\no-such-server\share\file")
        assert found is None or found.type in {"remote", "unknown"}

    def test_mounts_below_a_directory_are_not_reported(self, tmp_path: Path) -> None:
        assert Mounts().below(str(tmp_path)) == ()


@pytest.mark.skipif(sys.platform != "darwin", reason="reads getfsstat(2) of macOS")
class TestMacOS:
    def test_the_disk_is_apfs_or_hfs(self, tmp_path: Path) -> None:
        found = Mounts().of(str(tmp_path))
        assert found is not None
        assert found.type in {"apfs", "hfs"}
