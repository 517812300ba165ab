"""Builds, archives and tries the programs that need no Python: see packaging/build --help."""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from binary.archive import write_archive, write_checksum
from binary.licences import third_party
from binary.smoke import main as try_out

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "packaging" / "requirements-build.txt"
WORK = ROOT / "build" / "binary"

#: Packages without a wheel for every Python, or whose wheel does not fit.
_COMPILED = ("pyinstaller==", "pywatchman==")

#: Files that the program itself writes, by the arguments that make it do so.
_GENERATED = {
    ("man",): "share/man/man1/reloader.1",
    ("completions", "bash"): "share/completions/reloader.bash",
    ("completions", "fish"): "share/completions/reloader.fish",
    ("completions", "powershell"): "share/completions/reloader.ps1",
    ("completions", "zsh"): "share/completions/_reloader",
}

#: The earliest date that a zip can hold. Everything has it if no better one is known.
EARLIEST_DATE = 315532800


def main() -> None:
    arguments = _arguments()
    began = time.monotonic()
    python = sys.executable if arguments.no_environment else _environment()
    epoch = _epoch()
    dist = _frozen(python, epoch)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for form in arguments.forms:
        archive = _archived(form, dist, python, arguments.out, epoch)
        try_out(str(archive), version())
    print(f"built in {time.monotonic() - began:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="packaging/build",
        description="Builds reloader as a program that needs no Python, archives it with its licences, writes the checksum "
        "beside it, unpacks it elsewhere and runs it. The same sources, lock, Python and SOURCE_DATE_EPOCH give the same bytes.",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR", help="where the archives go (dist)")
    parser.add_argument(
        "--form", dest="forms", action="append", choices=("onedir", "onefile"), help="only this one; otherwise both"
    )
    parser.add_argument(
        "--no-environment",
        action="store_true",
        help="build with this Python as it is, where packaging/requirements-build.txt is installed already",
    )
    arguments = parser.parse_args()
    arguments.forms = arguments.forms or ["onedir", "onefile"]
    return arguments


# The environment: it holds what is locked and nothing else, and is kept until the lock changes.


def _environment() -> str:
    mark = hashlib.sha256(LOCK.read_bytes() + sys.version.encode() + sys.executable.encode()).hexdigest()[:12]
    folder = WORK / f"environment-{mark}"
    python = str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        _install_what_is_locked(python)
        (folder / "made").touch()
    return python


def _install_what_is_locked(python: str) -> None:
    """Install the wheels first, then what may have to be compiled, by tools that are locked as well."""
    requirements = _requirements(LOCK.read_text(encoding="utf-8"))
    compiled = [one for one in requirements if one.startswith(_COMPILED)]
    _install(python, [one for one in requirements if one not in compiled])
    if sys.platform == "linux" and (shutil.which("gcc") or shutil.which("cc")):
        # zlib is linked in: the bootloader that comes compiled needs the system's, which a small image does not have.
        _install(
            python,
            compiled,
            "--no-binary=pyinstaller",
            "--no-cache-dir",
            PYINSTALLER_COMPILE_BOOTLOADER="1",
            PYI_STATIC_ZLIB="1",
        )
    else:
        if sys.platform == "linux":
            print("there is no C compiler: the bootloader is PyInstaller's own, which needs the system's zlib")
        _install(python, compiled)


def _requirements(lock: str) -> list[str]:
    """Split the lock into requirements, each with its hashes."""
    return re.findall(r"^[a-z0-9][^\n]*(?:\n +[^\n]*)*", lock, re.MULTILINE)


def _install(python: str, requirements: list[str], *more: str, **variables: str) -> None:
    """Install with uv if it is available, since it does not need the TLS of the Python that it installs for."""
    uv = shutil.which("uv")
    pip = (python, "-m", "pip", "install", "--disable-pip-version-check") if uv is None else (uv, "pip", "install")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--require-hashes", *more)
    if uv is not None:
        options += ("--python", python)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "requirements.txt"
        file.write_text("\n".join(requirements), encoding="utf-8")
        _run(*pip, *options, "-r", str(file), **variables)


# The programs


def _epoch() -> int:
    """Return SOURCE_DATE_EPOCH, or else the time of the last commit, in seconds."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return EARLIEST_DATE


def _frozen(python: str, epoch: int) -> Path:
    dist = WORK / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    options = ("--noconfirm", "--clean", "--log-level=WARN", f"--distpath={dist}", f"--workpath={WORK / 'work'}")
    spec = str(ROOT / "packaging" / "reloader.spec")
    _run(python, "-m", "PyInstaller", *options, spec, SOURCE_DATE_EPOCH=str(epoch), PYTHONHASHSEED="1")
    return dist


def _archived(form: str, dist: Path, python: str, out: Path, epoch: int) -> Path:
    """Archive one form of the program. The usual one is ``reloader-VERSION-SYSTEM``, the other has its form in the name."""
    name = f"reloader-{version()}-{system()}" + ("" if form == "onedir" else f"-{form}")
    folder = WORK / "staged" / name
    shutil.rmtree(folder, ignore_errors=True)
    if form == "onedir":
        shutil.copytree(dist / "onedir", folder, symlinks=True)
    else:
        folder.mkdir(parents=True)
        shutil.copy2(dist / _file_name(), folder)
    _accompany(folder, python)
    archive = write_archive(folder, out, epoch)
    write_checksum(archive)
    print(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB")
    return archive


def _accompany(folder: Path, python: str) -> None:
    shutil.copy2(ROOT / "LICENSE", folder)
    shutil.copy2(ROOT / "CHANGELOG.md", folder)
    shutil.copy2(ROOT / "config" / "reloader.example.toml", folder)
    (folder / "THIRD-PARTY.txt").write_text(third_party(python, ROOT), encoding="utf-8", newline="\n")
    for arguments, name in _GENERATED.items():
        command = [str(folder / _file_name()), *arguments]
        text = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)


def _file_name() -> str:
    return "reloader.exe" if sys.platform == "win32" else "reloader"


def version() -> str:
    text = (ROOT / "reloader" / "__init__.py").read_text(encoding="utf-8")
    (found,) = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return str(found)


def system() -> str:
    """Name this system and machine as the archives do."""
    names = {"linux": "linux", "darwin": "macos", "win32": "windows"}
    machine = platform.machine().lower()
    return f"{names[sys.platform]}-{machine.replace('amd64', 'x86_64').replace('arm64', 'aarch64')}"


def _run(*command: str, **variables: str) -> None:
    removed = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    try:
        subprocess.run(command, env={**environment, **variables}, cwd=ROOT, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"packaging/build: {' '.join(command[:4])} … failed with {error.returncode}") from None
