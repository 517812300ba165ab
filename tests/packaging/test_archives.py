"""The bytes of an archive follow from its contents, and it includes the licences."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from binary.archive import checksum, unpack, write_archive, write_checksum
from binary.build import version
from binary.licences import third_party

from reloader import __version__
from tests.support.platforms.limits import posix_only
from tests.support.programs.announcements import ROOT

EPOCH = 1_700_000_000


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name / "reloader-1"
    (made / "_internal").mkdir(parents=True)
    program = made / "reloader"
    program.write_text("program")
    program.chmod(0o700)
    (made / "_internal" / "library").write_text("library")
    os.utime(program, (len(name), len(name)))
    return made


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_the_same_contents_give_the_same_bytes(tmp_path: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    sums = set()
    for name in ("a", "another"):
        out = tmp_path / f"out of {name}"
        out.mkdir()
        sums.add(checksum(write_archive(folder(tmp_path, name), out, EPOCH)))
    assert len(sums) == 1


@posix_only
def test_a_program_is_executable_and_has_no_owner(tmp_path: Path) -> None:
    with tarfile.open(write_archive(folder(tmp_path, "a"), tmp_path, EPOCH)) as tar:
        facts = {one.name: (one.mode, one.uid, one.uname, one.mtime) for one in tar}
    assert facts == {
        "reloader-1": (0o755, 0, "", EPOCH),
        "reloader-1/_internal": (0o755, 0, "", EPOCH),
        "reloader-1/_internal/library": (0o644, 0, "", EPOCH),
        "reloader-1/reloader": (0o755, 0, "", EPOCH),
    }


def test_a_zip_holds_files_by_their_name_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with zipfile.ZipFile(write_archive(folder(tmp_path, "a"), tmp_path, EPOCH)) as zipped:
        names = {one.filename for one in zipped.infolist()}
        assert all(stat.S_ISREG(one.external_attr >> 16) for one in zipped.infolist())
    assert names == {"reloader-1/reloader", "reloader-1/_internal/library"}


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_what_was_packed_comes_out_again(tmp_path: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    packed = write_archive(folder(tmp_path, "a"), tmp_path, EPOCH)
    (tmp_path / "into").mkdir()
    unpacked = unpack(packed, tmp_path / "into")
    assert unpacked.name == "reloader-1"
    assert (unpacked / "_internal" / "library").read_text() == "library"


def test_the_checksum_is_what_sha256sum_reads(tmp_path: Path) -> None:
    file = tmp_path / "reloader.tar.gz"
    file.write_bytes(b"")
    write_checksum(file)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (tmp_path / "reloader.tar.gz.sha256").read_text() == f"{empty}  reloader.tar.gz\n"


def test_the_licences_of_all_locked_packages_are_included() -> None:
    text = third_party(sys.executable, ROOT)
    named = [line.split()[0].lower() for line in text.splitlines() if line and not line.startswith("=")]
    assert {"python", "pathspec", "psutil", "pydantic", "pydantic_core", "tomli", "typing_extensions"} <= set(named)
    assert "Permission is hereby granted" in text


def test_a_package_without_a_licence_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "packaging").mkdir()
    (tmp_path / "packaging" / "requirements.txt").write_text("# nothing is locked\n")
    asking = tmp_path / "python"
    asking.write_text(f'#!{sys.executable}\nprint(\'[["odd", "1", "", []]]\')\n')
    asking.chmod(0o755)
    if sys.platform == "win32":
        pytest.skip("Windows starts no scripts by their first line")
    with pytest.raises(SystemExit, match="odd does not name its licence"):
        third_party(str(asking), tmp_path)


def test_the_version_is_the_packages() -> None:
    assert version() == __version__


def test_packaging_build_has_a_help() -> None:
    command = [sys.executable, str(ROOT / "packaging" / "build"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "SOURCE_DATE_EPOCH" in done.stdout
