"""Writes the manifests of a release for package managers: Homebrew's formula, Scoop's manifest, winget's three files.

    PYTHONPATH=packaging python -m binary.manifests VERSION OWNER/REPOSITORY ARCHIVES OUT

They are published with the archives of each release, for maintainers of a tap, a bucket or winget's collection.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from binary.archive import checksum

DESCRIPTION = "Runs a command and restarts it when the files that it depends on change"
_SCHEMA = "1.9.0"

#: The archives by the blocks of a formula, and the one for Windows.
_FOR_HOMEBREW = (
    ("on_macos", "on_arm", "macos-aarch64.tar.gz"),
    ("on_macos", "on_intel", "macos-x86_64.tar.gz"),
    ("on_linux", "on_arm", "linux-aarch64.tar.gz"),
    ("on_linux", "on_intel", "linux-x86_64.tar.gz"),
)
_FOR_WINDOWS = "windows-x86_64.zip"


class Release:
    """A version, the repository that publishes it, and the checksums of its archives by the end of their name."""

    def __init__(self, version: str, repository: str, checksums: Mapping[str, str]) -> None:
        self.version, self.repository, self._checksums = version, repository, checksums

    @classmethod
    def of(cls, version: str, repository: str, folder: Path) -> Release:
        """Read the archives of a release. Raise SystemExit if one is missing."""
        wanted = [*(last for _, _, last in _FOR_HOMEBREW), _FOR_WINDOWS]
        files = {last: folder / f"reloader-{version}-{last}" for last in wanted}
        missing = [str(file) for file in files.values() if not file.is_file()]
        if missing:
            raise SystemExit(f"there is no {', no '.join(missing)}")
        return cls(version, repository, {last: checksum(file) for last, file in files.items()})

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]

    @property
    def home(self) -> str:
        return f"https://github.com/{self.repository}"

    def url(self, last: str) -> str:
        return f"{self.home}/releases/download/v{self.version}/reloader-{self.version}-{last}"

    def sha256(self, last: str) -> str:
        return self._checksums[last]


def manifests(release: Release) -> dict[str, str]:
    """Return the text of each file by its path."""
    identifier = f"{_only_letters(release.owner)}.reloader"
    return {
        "homebrew/reloader.rb": formula(release),
        "scoop/reloader.json": scoop(release),
        f"winget/{identifier}.yaml": _winget_version(release, identifier),
        f"winget/{identifier}.installer.yaml": _winget_installer(release, identifier),
        f"winget/{identifier}.locale.en-US.yaml": _winget_locale(release, identifier),
    }


def formula(release: Release) -> str:
    systems = "".join(_formula_for(release, system) for system in ("on_macos", "on_linux"))
    return f'''\
class Reloader < Formula
  desc "{DESCRIPTION}"
  homepage "{release.home}"
  version "{release.version}"
  license "MIT"
{systems}
  def install
    man1.install "share/man/man1/reloader.1" if File.exist?("share/man/man1/reloader.1")
    if Dir.exist?("share/completions")
      bash_completion.install "share/completions/reloader.bash" => "reloader"
      zsh_completion.install "share/completions/_reloader"
      fish_completion.install "share/completions/reloader.fish"
    end
    libexec.install Dir["*"]
    bin.write_exec_script libexec/"reloader"
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/reloader --version")
    assert_equal "ran", shell_output("#{{bin}}/reloader --quiet -- echo ran").strip
  end
end
'''


def _formula_for(release: Release, wanted: str) -> str:
    machines = "".join(
        f'    {machine} do\n      url "{release.url(last)}"\n      sha256 "{release.sha256(last)}"\n    end\n'
        for system, machine, last in _FOR_HOMEBREW
        if system == wanted
    )
    return f"\n  {wanted} do\n{machines}  end\n"


def scoop(release: Release) -> str:
    folder = f"reloader-{release.version}-{_FOR_WINDOWS.removesuffix('.zip')}"
    manifest = {
        "version": release.version,
        "description": DESCRIPTION,
        "homepage": release.home,
        "license": "MIT",
        "architecture": {
            "64bit": {
                "url": release.url(_FOR_WINDOWS),
                "hash": release.sha256(_FOR_WINDOWS),
                "extract_dir": folder,
            }
        },
        "bin": "reloader.exe",
        "checkver": {"github": release.home},
        "autoupdate": {
            "architecture": {
                "64bit": {
                    "url": f"{release.home}/releases/download/v$version/reloader-$version-{_FOR_WINDOWS}",
                    "extract_dir": f"reloader-$version-{_FOR_WINDOWS.removesuffix('.zip')}",
                }
            },
            "hash": {"url": f"{release.home}/releases/download/v$version/SHA256SUMS"},
        },
    }
    return json.dumps(manifest, indent=4) + "\n"


def _winget_version(release: Release, identifier: str) -> str:
    return _yaml("version", release, identifier, "DefaultLocale: en-US\n")


def _winget_installer(release: Release, identifier: str) -> str:
    folder = f"reloader-{release.version}-{_FOR_WINDOWS.removesuffix('.zip')}"
    return _yaml(
        "installer",
        release,
        identifier,
        f"""\
InstallerType: zip
NestedInstallerType: portable
NestedInstallerFiles:
- RelativeFilePath: {folder}\\reloader.exe
  PortableCommandAlias: reloader
ArchiveBinariesDependOnPath: true
Installers:
- Architecture: x64
  InstallerUrl: {release.url(_FOR_WINDOWS)}
  InstallerSha256: {release.sha256(_FOR_WINDOWS).upper()}
""",
    )


def _winget_locale(release: Release, identifier: str) -> str:
    return _yaml(
        "defaultLocale",
        release,
        identifier,
        f"""\
PackageLocale: en-US
Publisher: {release.owner}
PackageName: reloader
PackageUrl: {release.home}
License: MIT
LicenseUrl: {release.home}/blob/v{release.version}/LICENSE
ShortDescription: {DESCRIPTION}
""",
    )


def _yaml(kind: str, release: Release, identifier: str, body: str) -> str:
    head = f"# yaml-language-server: $schema=https://aka.ms/winget-manifest.{kind}.{_SCHEMA}.schema.json\n"
    begin = f"PackageIdentifier: {identifier}\nPackageVersion: {release.version}\n"
    return f"{head}{begin}{body}ManifestType: {kind}\nManifestVersion: {_SCHEMA}\n"


def _only_letters(owner: str) -> str:
    """Remove what an identifier of winget's may not hold, such as a dash."""
    return re.sub(r"[^A-Za-z0-9]", "", owner)


def main(version: str, repository: str, archives: str, out: str) -> None:
    for name, text in manifests(Release.of(version, repository, Path(archives))).items():
        file = Path(out) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
