"""Write the small projects that tests run, and edit them as editors do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.assertions.eventually import eventually

#: Seconds between two scans of the stat backend in a test.
INTERVAL = 0.1


def save(path: Path, text: str) -> None:
    """Save as most editors do: write a new file, and replace the old one in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + "~")  # as editors call it, so it is ignored by default
    temporary.write_text(text, encoding="utf-8", newline="\n")
    eventually(lambda: _replaces(temporary, path), what=f"{path} can be replaced")


def _replaces(temporary: Path, path: Path) -> bool:
    try:
        os.replace(temporary, path)
    except PermissionError:
        return False  # on Windows, while another process reads the old one
    return True


def project(directory: Path, files: Mapping[str, str], **config: Any) -> Path:
    """Write ``files`` and a ``reloader.toml`` into ``directory``. Return the path of the latter.

    Every file there is watched, also if a Python program does not import it, unless ``watch`` says otherwise. A value of
    None stands for the default.
    """
    for name, text in files.items():
        save(directory / name, text)
    config = {"interval": INTERVAL, "watch": ["*"], **config}
    config_file = directory / "reloader.toml"
    save(config_file, "".join(f"{key} = {toml(value)}\n" for key, value in config.items() if value is not None))
    return config_file


def toml(value: Any) -> str:
    """Return ``value`` in TOML, which writes strings, numbers, booleans and lists as JSON does."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def python(*arguments: str) -> list[str]:
    """Return a command for this Python, without buffering of its output."""
    return [sys.executable, "-u", *arguments]
