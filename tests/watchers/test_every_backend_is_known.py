"""Each step of adding a backend, beyond its watcher: one that is forgotten fails here, or in tests/config/test_choices.py."""

from __future__ import annotations

import re
from pathlib import Path

from reloader.config.options import KEYS
from reloader.core.choices import BackendName
from reloader.core.settings import WatchSettings
from reloader.interfaces import Watcher
from reloader.watchers.choose import MAKE_WATCHER
from reloader.watchers.disk import RealDisk
from tests.support.pages import rows, section, text_of
from tests.support.programs.announcements import ROOT
from tests.support.watching.backends import NAMED_BACKENDS, with_every_backend
from tests.support.watching.watchers import BACKENDS


def names(text: str) -> set[str]:
    """The words of a text that are names of backends, in any case."""
    return {word.lower() for word in re.findall(r"\w+", text)} & {backend.value for backend in NAMED_BACKENDS}


ALL = {backend.value for backend in NAMED_BACKENDS}


def test_each_can_be_made() -> None:
    assert set(MAKE_WATCHER) == set(NAMED_BACKENDS)


@with_every_backend
def test_each_has_its_own_name_and_mechanism(backend: str, tmp_path: Path) -> None:
    watcher: Watcher = MAKE_WATCHER[BackendName(backend)](
        WatchSettings(str(tmp_path), (str(tmp_path),)), lambda event: None, RealDisk()
    )
    assert watcher.name == backend
    assert watcher.mechanism
    watcher.stop()


@with_every_backend
def test_each_has_to_pass_the_behaviour_suite(backend: str) -> None:
    assert backend in BACKENDS


def test_the_help_of_the_key_explains_each() -> None:
    assert names(KEYS["backend"].about) == ALL


def test_the_glossary_lists_each() -> None:
    [meaning] = [row[1] for row in rows(text_of("docs/internals/glossary.md")) if row[0] == "backend"]
    assert names(meaning) == ALL


def test_the_guide_says_when_to_choose_each() -> None:
    guide = section("docs/guides/containers-and-network-disks.md", "How changes are noticed")
    assert {row[0].strip('`"') for row in rows(guide)} >= ALL


def test_contributing_names_each_file_that_is_to_be_touched() -> None:
    text = section("CONTRIBUTING.md", "How to add a backend")
    for path in re.findall(r"`([\w./]+(?:\.\w+|/))`", text):
        assert (ROOT / path).exists(), path


def test_the_generated_manual_lists_each() -> None:
    choices = "|".join(backend.value for backend in BackendName)
    assert f"--backend {choices}\n" in text_of("docs/cli.md")
