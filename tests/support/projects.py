"""Writes the small projects that tests run, and edits them the way people do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: How often the stat backend of a test looks, in seconds.
INTERVAL = 0.1


def save(path: Path, text: str) -> None:
    """Save as most editors do: a whole new file takes the place of the old one, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + "~")  # an editor's name, which the default ignores know
    beside.write_text(text, encoding="utf-8", newline="\n")
    os.replace(beside, path)


def project(directory: Path, files: Mapping[str, str], **config: Any) -> Path:
    """Write ``files`` and a ``reloader.toml`` into ``directory``. Returns the path of the latter."""
    for name, text in files.items():
        save(directory / name, text)
    config = {"interval": INTERVAL, **config}
    config_file = directory / "reloader.toml"
    save(config_file, "".join(f"{key} = {toml(value)}\n" for key, value in config.items()))
    return config_file


def toml(value: Any) -> str:
    """``value`` in TOML, whose texts, numbers, booleans and lists are written as in JSON."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def python(*arguments: str) -> list[str]:
    """A command for this Python, which says at once what it prints."""
    return [sys.executable, "-u", *arguments]
