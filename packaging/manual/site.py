"""Builds the manual as a site, from a copy of the pages and of the files that they link to.

Zensical expects everything below the directory of its configuration. A copy keeps that file out of the repository's top level.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

CONFIG = Path(__file__).with_name("zensical.toml")
STYLE = Path(__file__).with_name("manual.css")

#: The files outside of docs/ that pages link to, and their paths in the copy.
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "internals/measurements.md",
    "benchmarks/results/field.svg": "field.svg",
    "config/reloader.example.toml": "reloader.example.toml",
}

_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def build(root: Path, out: Path, *, url: str = "", repository: str = "") -> None:
    """Build the site into ``out``. Raise CalledProcessError if a link or an anchor leads nowhere."""
    with tempfile.TemporaryDirectory() as scratch:
        stage = Path(scratch)
        copy_pages(root, stage / "docs")
        shutil.copyfile(STYLE, stage / "docs" / STYLE.name)
        config = CONFIG.read_text(encoding="utf-8")
        (stage / CONFIG.name).write_text(
            config.replace("\n\n", f"\n{_addresses(url, repository)}\n", 1), encoding="utf-8"
        )
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", CONFIG.name]
        subprocess.run(command, cwd=stage, check=True)
        shutil.copytree(stage / "site", out, dirs_exist_ok=True)


def _addresses(url: str, repository: str) -> str:
    """Return the lines of the configuration that depend on where the site is published."""
    given = {"site_url": url, "repo_url": repository}
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items() if value)


def copy_pages(root: Path, docs: Path) -> None:
    shutil.copytree(root / "docs", docs)
    for source, target in OUTSIDE.items():
        (docs / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / source, docs / target)
    for page in docs.rglob("*.md"):
        place = page.relative_to(docs).as_posix()
        page.write_text(adapted(page.read_text(encoding="utf-8"), place), encoding="utf-8")


def adapted(text: str, page: str) -> str:
    """Return the text of a page with links that fit the copies. ``page`` is its path among them."""
    return _LINK.sub(lambda found: found[1] + _link(found[2], page) + found[3], text)


def _link(target: str, page: str) -> str:
    path, mark, anchor = target.partition("#")
    if not path or "://" in path:
        return target
    home = next((source for source, copy in OUTSIDE.items() if copy == page), f"docs/{page}")
    leads_to = os.path.normpath(PurePosixPath(home).parent / path).replace(os.sep, "/")
    place = OUTSIDE.get(leads_to, leads_to.removeprefix("docs/"))
    return os.path.relpath(place, PurePosixPath(page).parent).replace(os.sep, "/") + mark + anchor
