"""A key that is added takes effect: none of the steps between the file and its use can be forgotten unseen.

CONTRIBUTING.md lists the steps. That the table of keys, the model, the example file and the generated parts of the manual
have the same keys is tested in ``tests/test_same_keys.py``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from reloader.config.options import KEYS
from reloader.core.settings import Settings
from tests.config.other_values import other_value, write_with_other_value, write_without
from tests.config.projects import project_in
from tests.support.programs.announcements import ROOT

#: It permits what the other keys ask for, and changes nothing by itself.
PERMISSION = "allow_dangerous_root"


@pytest.mark.parametrize("name", [name for name in KEYS if name != PERMISSION])
def test_another_value_of_a_key_makes_other_settings(tmp_path: Path, name: str) -> None:
    project = project_in(tmp_path, platform="linux" if name == "sockets" else sys.platform)
    write_without(project)
    before = project.settings()
    write_with_other_value(project, name)
    assert project.settings() != before, f"{name} = {other_value(name)} has no effect: is it in resolve.py?"


def settings_classes(kind: object) -> Iterator[type]:
    """The dataclasses of the settings, at any depth."""
    if isinstance(kind, type) and is_dataclass(kind):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from settings_classes(hint)
    else:
        for one in get_args(kind):
            yield from settings_classes(one)


def attributes_read() -> set[str]:
    """The names of all attributes that the program reads outside of the configuration."""
    names = set()
    for path in (ROOT / "reloader").rglob("*.py"):
        if path.parent != ROOT / "reloader" / "config":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    names.add(node.attr)
    return names


def test_every_setting_is_used() -> None:
    read = attributes_read()
    settings = {f"{kind.__name__}.{field.name}" for kind in settings_classes(Settings) for field in fields(kind)}
    assert len(settings) > len(KEYS)
    assert sorted(name for name in settings if name.partition(".")[2] not in read) == []
