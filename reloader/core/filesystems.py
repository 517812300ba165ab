"""The event support of file systems by type: a table with its sources, and the table of mounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system: its mount point, its type as the system names it, and its source."""

    point: str
    type: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class EventSupport:
    """True in ``has_events`` if every change on a file system causes an event; ``why``, and the ``source`` of that."""

    has_events: bool
    why: str
    source: str


_INOTIFY = "inotify(7): all changes pass through this kernel"
_NETWORK = "inotify(7), NOTES: network file systems"
_PSEUDO = "inotify(7), NOTES: pseudo-file systems"
_WINDOWS = "Microsoft: ReadDirectoryChangesW, GetDriveTypeW"

_DISK = "a local disk"
_ELSEWHERE = "changes made by other machines come without an event"
_HOST = "changes made by the host come without an event"

#: Types, True if every change causes an event, why, and the source of that.
_TYPES: tuple[tuple[str, bool, str, str], ...] = (
    ("ext2 ext3 ext4 xfs btrfs zfs bcachefs f2fs jfs reiserfs nilfs2 ubifs erofs squashfs", True, _DISK, _INOTIFY),
    ("vfat msdos exfat ntfs ntfs3 fuseblk hfs hfsplus iso9660 udf", True, _DISK, _INOTIFY),
    ("tmpfs ramfs rootfs devtmpfs", True, "it lies in memory", _INOTIFY),
    ("overlay aufs ecryptfs fuse.fuse-overlayfs", True, "layers of one machine", "kernel.org: filesystems/overlayfs"),
    ("autofs", True, "a door to other file systems", "autofs(5)"),
    ("apfs", True, _DISK, "Apple: File System Events Programming Guide"),
    ("nfs nfs4 cifs smb3 smbfs smb2 afpfs afs ncpfs webdav davfs coda", False, _ELSEWHERE, _NETWORK),
    ("ceph lustre gpfs beegfs gfs gfs2 ocfs2 orangefs pvfs2 glusterfs", False, _ELSEWHERE, _NETWORK),
    ("9p v9fs drvfs", False, _HOST, "github.com/microsoft/WSL/issues/4739"),
    ("virtiofs fakeowner", False, _HOST, "github.com/docker/for-mac/issues/7246, github.com/crc-org/vfkit/issues/126"),
    ("grpcfuse osxfs", False, _HOST, "github.com/docker/for-mac/issues/6350"),
    ("vboxsf", False, _HOST, "github.com/guard/listen/issues/59"),
    ("vmhgfs hgfs prl_fs", False, _HOST, "github.com/fsnotify/fsnotify/issues/90"),
    ("fuse macfuse osxfuse fuse-t", False, "what lies behind FUSE may change without an event", _PSEUDO),
    ("proc sysfs cgroup cgroup2 debugfs tracefs configfs", False, "the kernel's own files have no events", _PSEUDO),
    ("remote", False, _ELSEWHERE, _WINDOWS),
    ("fixed removable ramdisk cdrom", True, "a local drive", _WINDOWS),
)

#: Event support by type.
EVENT_SUPPORT = {
    name: EventSupport(has_events, why, source) for names, has_events, why, source in _TYPES for name in names.split()
}
#: A type that is not in the table. The rescan finds out if it loses events.
UNKNOWN_TYPE = EventSupport(True, "not a type that is known to lose events", "")


def event_support(type_: str) -> EventSupport:
    """Return the event support of a type, in upper or lower case. A type such as ``fuse.sshfs`` counts as ``fuse``."""
    name = type_.lower()
    return EVENT_SUPPORT.get(name) or EVENT_SUPPORT.get(name.partition(".")[0], UNKNOWN_TYPE)


class MountTable:
    """All mounts at one moment, in the order in which they were made. ``separator`` is that of the platform."""

    def __init__(self, mounts: Iterable[Mount], separator: str = "/") -> None:
        self._separator = separator
        self._mounts = {mount.point: mount for mount in mounts}  # a later mount hides an earlier one at the same point

    def of(self, path: str) -> Mount | None:
        """Return the file system that contains ``path``, which must be a real path."""
        while path not in self._mounts:
            above = path.rpartition(self._separator)[0] or self._separator
            if above == path:
                return None
            path = above
        return self._mounts[path]

    def below(self, directory: str) -> tuple[Mount, ...]:
        """Return the mounts below ``directory``, not the one at it."""
        prefix = directory.rstrip(self._separator) + self._separator
        return tuple(mount for point, mount in self._mounts.items() if point.startswith(prefix) and point != prefix)
