"""The manifests for package managers have the address and the checksum of each archive."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from binary.manifests import Release, main, manifests

SYSTEMS = (
    "macos-aarch64.tar.gz",
    "macos-x86_64.tar.gz",
    "linux-aarch64.tar.gz",
    "linux-x86_64.tar.gz",
    "windows-x86_64.zip",
)


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    folder = tmp_path / "archives"
    folder.mkdir()
    for system in SYSTEMS:
        (folder / f"reloader-1.2.3-{system}").write_text(system)
    return folder


@pytest.fixture
def release(archives: Path) -> Release:
    return Release.of("1.2.3", "some-body/reloader", archives)


def sha256(system: str) -> str:
    return hashlib.sha256(system.encode()).hexdigest()


def url(system: str) -> str:
    return f"https://github.com/some-body/reloader/releases/download/v1.2.3/reloader-1.2.3-{system}"


def test_the_formula_has_an_archive_for_each_system_and_machine(release: Release) -> None:
    formula = manifests(release)["homebrew/reloader.rb"]
    pairs = re.findall(r'url "(.*)"\n +sha256 "(.*)"', formula)
    assert pairs == [(url(system), sha256(system)) for system in SYSTEMS[:4]]
    assert [line for line in formula.splitlines() if "#{" in line] != []
    assert len(re.findall(r"\b(?:do|def|class)\b|^    if ", formula, re.MULTILINE)) == len(
        re.findall(r"^ *end$", formula, re.MULTILINE)
    )


def test_scoop_gets_the_zip_and_the_address_of_the_next_one(release: Release) -> None:
    manifest = json.loads(manifests(release)["scoop/reloader.json"])
    assert manifest["version"] == "1.2.3"
    assert manifest["architecture"]["64bit"] == {
        "url": url("windows-x86_64.zip"),
        "hash": sha256("windows-x86_64.zip"),
        "extract_dir": "reloader-1.2.3-windows-x86_64",
    }
    assert "v$version" in manifest["autoupdate"]["architecture"]["64bit"]["url"]


def test_winget_gets_three_files_of_one_version(release: Release) -> None:
    files = {path: text for path, text in manifests(release).items() if path.startswith("winget/")}
    assert sorted(files) == [
        "winget/somebody.reloader.installer.yaml",
        "winget/somebody.reloader.locale.en-US.yaml",
        "winget/somebody.reloader.yaml",
    ]
    assert all("PackageIdentifier: somebody.reloader\nPackageVersion: 1.2.3\n" in text for text in files.values())
    installer = files["winget/somebody.reloader.installer.yaml"]
    assert f"InstallerSha256: {sha256('windows-x86_64.zip').upper()}" in installer
    assert "RelativeFilePath: reloader-1.2.3-windows-x86_64\\reloader.exe" in installer


def test_manifests_are_written_into_the_given_directory(archives: Path, tmp_path: Path, release: Release) -> None:
    main("1.2.3", "some-body/reloader", str(archives), str(tmp_path / "out"))
    written = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_text(encoding="utf-8")
        for path in (tmp_path / "out").rglob("*.*")
    }
    assert written == manifests(release)


def test_a_missing_archive_is_named(archives: Path) -> None:
    (archives / "reloader-1.2.3-windows-x86_64.zip").unlink()
    with pytest.raises(SystemExit, match=r"there is no .*reloader-1\.2\.3-windows-x86_64\.zip"):
        Release.of("1.2.3", "some-body/reloader", archives)
