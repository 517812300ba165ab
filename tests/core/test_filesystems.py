"""The table of file systems as data, and which mount holds a path."""

from __future__ import annotations

import pytest

from reloader.core.filesystems import EVENT_SUPPORT, UNKNOWN_TYPE, Mount, MountTable, event_support

REMOTE = (
    "nfs nfs4 cifs smb3 smbfs 9p v9fs drvfs vboxsf virtiofs fakeowner grpcfuse osxfs vmhgfs prl_fs afpfs ceph remote"
)
LOCAL = "ext2 ext3 ext4 xfs btrfs zfs f2fs tmpfs overlay vfat exfat ntfs3 fuseblk apfs hfs fixed removable"


@pytest.mark.parametrize("type_", REMOTE.split())
def test_file_systems_that_others_write_to_lose_events(type_: str) -> None:
    assert not event_support(type_).has_events


@pytest.mark.parametrize("type_", LOCAL.split())
def test_local_disks_have_an_event_for_every_change(type_: str) -> None:
    assert event_support(type_).has_events


@pytest.mark.parametrize("type_", EVENT_SUPPORT)
def test_every_type_has_its_reason_and_its_source(type_: str) -> None:
    assert EVENT_SUPPORT[type_].why
    assert EVENT_SUPPORT[type_].source


@pytest.mark.parametrize("type_", ["fuse.sshfs", "fuse.s3fs", "fuse.vmhgfs-fuse", "fuse"])
def test_a_fuse_file_system_counts_as_fuse_with_any_name(type_: str) -> None:
    assert event_support(type_) == EVENT_SUPPORT["fuse"]


def test_except_fuse_overlayfs_of_containers() -> None:
    assert event_support("fuse.fuse-overlayfs").has_events


def test_a_type_is_known_in_any_case() -> None:
    assert event_support("NFS") == event_support("nfs")


def test_an_unknown_type_is_trusted() -> None:
    assert event_support("brandnewfs") == UNKNOWN_TYPE
    assert UNKNOWN_TYPE.has_events


ROOT, HOME, SHARE = (
    Mount("/", "ext4", "/dev/sda1"),
    Mount("/home", "btrfs"),
    Mount("/home/me/share", "nfs4", "server:/x"),
)
TABLE = MountTable([ROOT, HOME, SHARE])


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/", ROOT),
        ("/etc/passwd", ROOT),
        ("/home", HOME),
        ("/homely", ROOT),
        ("/home/me", HOME),
        ("/home/me/share", SHARE),
        ("/home/me/share/deep/file", SHARE),
        ("/home/me/shared", HOME),
    ],
)
def test_a_path_lies_on_the_nearest_mount_above_it_by_components(path: str, mount: Mount) -> None:
    assert TABLE.of(path) == mount


def test_a_later_mount_hides_an_earlier_one() -> None:
    hidden = MountTable([ROOT, HOME, Mount("/home", "tmpfs")])
    assert hidden.of("/home/me") == Mount("/home", "tmpfs")


def test_the_mounts_below_a_directory_do_not_include_the_one_at_it() -> None:
    assert TABLE.below("/home") == (SHARE,)
    assert set(TABLE.below("/")) == {HOME, SHARE}
    assert TABLE.below("/home/me/share") == ()


def test_without_mounts_there_is_no_answer() -> None:
    assert MountTable([]).of("/home/me") is None
    assert MountTable([]).below("/") == ()
