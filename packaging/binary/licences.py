"""Collects the licences of everything that the program contains, as a text for every archive."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

#: Runs in the environment that the program is built in, and prints a list of [name, version, licence, texts].
_SCRIPT = r"""
import json, re, sys, sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)

def of(name):
    found = distribution(name)
    about = found.metadata
    stated = about.get("License-Expression") or about.get("License") or ""
    classes = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    files = [file for file in found.files or [] if ".dist-info" in str(file) and LICENCE.search(str(file))]
    texts = [file.locate().read_text(encoding="utf-8", errors="replace") for file in sorted(files)]
    return [about["Name"], found.version, stated.splitlines()[0] if stated else ", ".join(classes), texts]

def python():
    places = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))
    files = [place / "LICENSE.txt" for place in places if (place / "LICENSE.txt").is_file()]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    return ["Python", sys.version.split()[0], "PSF-2.0", texts[:1]]

found = [python()]
for name in sys.argv[1:]:
    try:
        found.append(of(name))
    except PackageNotFoundError:
        pass  # not for this system
print(json.dumps(found))
"""

_HEAD = """\
reloader is distributed under the MIT licence, see LICENSE. The program in this archive also contains the software below,
each under its own licence. The bootloader is PyInstaller's, whose licence has an exception for the programs made with it.
Python's licence names what it contains in its turn, such as libffi, zlib and expat.
"""
_LINE = "=" * 100

#: Build tools of which a part stays in the program.
_BUILD_TOOLS = ("pyinstaller", "pywatchman")


def third_party(python: str, root: Path) -> str:
    """Return the text for the packages of the lock that ``python`` has. Raise SystemExit for one without a licence."""
    names = [*_locked(root / "packaging" / "requirements.txt"), *_BUILD_TOOLS]
    answer = subprocess.run(
        [python, "-c", _SCRIPT, *names], capture_output=True, text=True, encoding="utf-8", check=True
    )
    parts = [_HEAD]
    for name, version, licence, texts in json.loads(answer.stdout):
        if not texts and not licence:
            raise SystemExit(f"packaging/build: {name} does not name its licence")
        parts += [_LINE, f"{name} {version}" + (f" ({licence})" if licence else ""), _LINE, *map(str.strip, texts), ""]
    return "\n".join(parts)


def _locked(lock: Path) -> list[str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.partition("==")[0] for line in lines if line and line[0] not in "# "]
