"""Find the file system of a path, as the system itself reports it. Nothing here raises: an unknown one is ``None``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from reloader.core.filesystems import Mount, MountTable

if sys.platform == "win32":
    import ntpath

    from reloader.system import _winapi

    class Mounts:
        """Drives and shares. A volume that is mounted in a directory counts as the drive that contains it.

        psutil lists drives only, so it would not know a share.
        """

        def of(self, path: str) -> Mount | None:
            drive = ntpath.splitdrive(ntpath.realpath(path))[0]
            if not drive:
                return None
            root = drive + "\\"
            return Mount(root, _winapi.drive_type(root), _winapi.file_system_name(root))

        def below(self, directory: str) -> tuple[Mount, ...]:
            return ()

else:
    _MOUNTINFO = "/proc/self/mountinfo"

    class Mounts:
        """The mounts of this process, as they are at its creation: by proc(5) on Linux, elsewhere as psutil lists them."""

        def __init__(self, listing: str | None = _MOUNTINFO if sys.platform == "linux" else None) -> None:
            self._table = MountTable(_partitions() if listing is None else _read_mountinfo(listing))

        def of(self, path: str) -> Mount | None:
            return self._table.of(os.path.realpath(path))

        def below(self, directory: str) -> tuple[Mount, ...]:
            return self._table.below(os.path.realpath(directory))

    def _partitions() -> Iterator[Mount]:
        import psutil  # costs 20 ms; Linux has a quicker way

        try:
            found = psutil.disk_partitions(all=True)
        except (psutil.Error, OSError):
            return
        for one in found:
            yield Mount(one.mountpoint, one.fstype, one.device)

    def _read_mountinfo(listing: str) -> Iterator[Mount]:
        try:
            with open(listing, "rb") as file:
                lines = file.read().splitlines()
        except OSError:
            return  # a chroot without /proc
        for line in lines:
            before, _, after = line.partition(b" - ")
            mount, source = before.split(b" "), after.split(b" ")
            if len(mount) > 4 and len(source) > 1:
                yield Mount(_unescaped(mount[4]), _unescaped(source[0]), _unescaped(source[1]))

    def _unescaped(field: bytes) -> str:
        """Replace the three octal digits that stand for a space, a tab, a newline or a backslash."""
        for code in (b" ", b"\t", b"\n", b"\\"):
            field = field.replace(b"\\%03o" % ord(code), code)
        return os.fsdecode(field)
