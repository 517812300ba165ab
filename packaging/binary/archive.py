"""Writes archives whose bytes follow from their contents alone: one order, one date, one owner, two modes."""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

_EXECUTABLE, _PLAIN = 0o755, 0o644
_CHUNK = 1 << 20


def write_archive(folder: Path, out: Path, epoch: int) -> Path:
    """Archive ``folder`` under its name: as a zip on Windows, which unpacks nothing else, and as a tar.gz elsewhere."""
    write = _write_zip if sys.platform == "win32" else _write_tar
    return write(folder, out / folder.name, epoch)


def write_checksum(archive: Path) -> None:
    """Write the checksum into a file next to the archive, in the format of ``sha256sum -c``."""
    file = archive.with_name(f"{archive.name}.sha256")
    file.write_text(f"{checksum(archive)}  {archive.name}\n", encoding="utf-8", newline="\n")


def checksum(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def unpack(archive: Path, into: Path) -> Path:
    """Unpack ``archive``, and return the folder that it holds."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(into)  # noqa: S202 - a zip, and ours
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(into, filter="data")
    (folder,) = into.iterdir()
    return folder


def _write_tar(folder: Path, target: Path, epoch: int) -> Path:
    archive = target.with_name(f"{target.name}.tar.gz")
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=epoch) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in _contents(folder):
            entry = tar.gettarinfo(str(path), arcname=_name_in(folder, path))
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = epoch, 0, 0, "", ""
            entry.mode = _mode(path)
            tar.addfile(entry, io.BytesIO(path.read_bytes()) if entry.isreg() else None)
    return archive


def _write_zip(folder: Path, target: Path, epoch: int) -> Path:
    archive = target.with_name(f"{target.name}.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in _contents(folder):
            if path.is_file():
                entry = zipfile.ZipInfo(_name_in(folder, path), time.gmtime(epoch)[:6])
                entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                entry.external_attr = (stat.S_IFREG | _mode(path)) << 16
                zipped.writestr(entry, path.read_bytes())
    return archive


def _contents(folder: Path) -> Iterator[Path]:
    yield folder
    yield from sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts)


def _name_in(folder: Path, path: Path) -> str:
    return path.relative_to(folder.parent).as_posix()


def _mode(path: Path) -> int:
    return _EXECUTABLE if path.is_dir() or path.stat().st_mode & 0o100 else _PLAIN
