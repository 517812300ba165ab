"""Makes trees of many small files, some of them in ignored directories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PER_DIRECTORY = 20
#: Directories that every project has but that are not edited, with their share of the ignored files.
IGNORED = {"node_modules": 0.6, ".venv": 0.25, ".git/objects": 0.1, "build_output": 0.05}


def make_tree(root: Path, files: int, *, per_directory: int = PER_DIRECTORY, ignored_share: float = 0.0) -> None:
    """Write ``files`` files below ``root``. The default ignores or a ``.gitignore`` apply to ``ignored_share`` of them."""
    ignored = round(files * ignored_share)
    if ignored:
        _write(root / ".gitignore", "/build_output/\n")
        _write(root / ".venv/pyvenv.cfg", "home = /usr/bin\n")
        for place, share in IGNORED.items():
            _fill(root / place, round(ignored * share), per_directory)
    _fill(root / "src", files - ignored, per_directory)


def _fill(top: Path, files: int, per_directory: int) -> None:
    for path in _names(top, files, per_directory):
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        path.write_text(f"# {path.name}\n" + "value = 1\n" * 20, encoding="utf-8")


def _names(top: Path, files: int, per_directory: int) -> Iterator[Path]:
    """Yield paths with two levels, as in ``src/package_3/part_43/module_7.py``."""
    for number in range(files):
        part = number // per_directory
        yield top / f"package_{part % 40}" / f"part_{part}" / f"module_{number % per_directory}.py"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
