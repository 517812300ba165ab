"""Writes the small projects that tests run, and edits them the way people do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.assertions.eventually import eventually

#: How often the stat backend of a test looks, in seconds.
INTERVAL = 0.1


def save(path: Path, text: str) -> None:
    """Save as most editors do: a whole new file takes the place of the old one, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + "~")  # an editor's name, which the default ignores know
    beside.write_text(text, encoding="utf-8", newline="\n")
    eventually(lambda: _takes_the_place(beside, path), what=f"{path} can be replaced")


def _takes_the_place(beside: Path, path: Path) -> bool:
    try:
        os.replace(beside, path)
    except PermissionError:
        return False  # Windows, while somebody reads the old one
    return True


def project(directory: Path, files: Mapping[str, str], **config: Any) -> Path:
    """Write ``files`` and a ``reloader.toml`` into ``directory``. Returns the path of the latter.

    All that lies there is watched, also what a Python program does not import, unless ``watch`` says otherwise; None leaves
    it to the default.
    """
    for name, text in files.items():
        save(directory / name, text)
    config = {"interval": INTERVAL, "watch": ["*"], **config}
    config_file = directory / "reloader.toml"
    save(config_file, "".join(f"{key} = {toml(value)}\n" for key, value in config.items() if value is not None))
    return config_file


def toml(value: Any) -> str:
    """``value`` in TOML, whose texts, numbers, booleans and lists are written as in JSON."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def python(*arguments: str) -> list[str]:
    """A command for this Python, which says at once what it prints."""
    return [sys.executable, "-u", *arguments]
