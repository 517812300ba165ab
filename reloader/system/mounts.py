"""Which file system a path lies on, as the system itself says. Nothing here raises: what cannot be known is None."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from reloader.core.filesystems import Mount, MountTable

if sys.platform == "linux":
    _MOUNTINFO = "/proc/self/mountinfo"

    class Mounts:
        """The mounts that this process sees (proc(5)), as they were when it was made."""

        def __init__(self, listing: str = _MOUNTINFO) -> None:
            self._table = MountTable(_read(listing))

        def of(self, path: str) -> Mount | None:
            return self._table.of(os.path.realpath(path))

        def below(self, directory: str) -> tuple[Mount, ...]:
            return self._table.below(os.path.realpath(directory))

    def _read(listing: str) -> Iterator[Mount]:
        try:
            with open(listing, "rb") as file:
                lines = file.read().splitlines()
        except OSError:
            return  # no /proc: a chroot without it
        for line in lines:
            before, _, after = line.partition(b" - ")
            places, kinds = before.split(b" "), after.split(b" ")
            if len(places) > 4 and len(kinds) > 1:
                yield Mount(_unescaped(places[4]), _unescaped(kinds[0]), _unescaped(kinds[1]))

    def _unescaped(field: bytes) -> str:
        """A space, a tab, a newline and a backslash are written as three octal digits."""
        for code in (b" ", b"\t", b"\n", b"\\"):
            field = field.replace(b"\\%03o" % ord(code), code)
        return os.fsdecode(field)

elif sys.platform == "win32":
    import ntpath

    from reloader.system import _winapi

    class Mounts:
        """Drives and shares. A volume that is mounted in a directory is not told from the drive that holds it."""

        def of(self, path: str) -> Mount | None:
            drive = ntpath.splitdrive(ntpath.realpath(path))[0]
            if not drive:
                return None
            root = drive + "\\"
            return Mount(root, _winapi.drive_type(root), _winapi.file_system_name(root))

        def below(self, directory: str) -> tuple[Mount, ...]:
            return ()

else:  # pragma: no cover - macOS, where no test has been run
    import ctypes

    _NO_WAIT = 2

    class _StatFs(ctypes.Structure):
        """``struct statfs`` with 64-bit inodes, as in <sys/mount.h>."""

        _fields_ = (
            ("numbers", ctypes.c_uint8 * 72),
            ("type", ctypes.c_char * 16),
            ("point", ctypes.c_char * 1024),
            ("source", ctypes.c_char * 1024),
            ("flags_ext", ctypes.c_uint32),
            ("reserved", ctypes.c_uint32 * 7),
        )

    class Mounts:
        """What getfsstat(2) lists, as it was when this was made."""

        def __init__(self) -> None:
            self._table = MountTable(_read())

        def of(self, path: str) -> Mount | None:
            return self._table.of(os.path.realpath(path))

        def below(self, directory: str) -> tuple[Mount, ...]:
            return self._table.below(os.path.realpath(directory))

    def _read() -> Iterator[Mount]:
        library = ctypes.CDLL(None)
        # On Intel the plain name still means the structure with 32-bit inodes.
        getfsstat = getattr(library, "getfsstat$INODE64", None) or library.getfsstat
        count = getfsstat(None, 0, _NO_WAIT)
        if count <= 0:
            return
        found = (_StatFs * (count + 8))()
        for entry in found[: max(0, getfsstat(found, ctypes.sizeof(found), _NO_WAIT))]:
            yield Mount(os.fsdecode(entry.point), os.fsdecode(entry.type), os.fsdecode(entry.source))
